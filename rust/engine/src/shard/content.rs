//! What an item is written with.

use crate::value::NewValue;
use crate::value_slab::Value;

/// The new content of an item.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// A scalar in the item's record.
    Short(&'a [u8]),
    /// A value out of line.
    ValueSlab(Value),
}

impl<'a> From<NewValue<'a>> for Content<'a> {
    fn from(value: NewValue<'a>) -> Self {
        match value {
            NewValue::Short(value) => Self::Short(value),
            NewValue::Long(value) => Self::ValueSlab(Value::Long(value)),
        }
    }
}
