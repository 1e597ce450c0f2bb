//! Numbers and bytes of a written item. Reading checks every length, since bytes from outside may
//! be anything.

/// The most bytes of a number: 64 bits, seven in each.
const LONGEST: u32 = 10;

/// Appends a number, in seven bits a byte, the lowest first.
pub(super) fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// Appends bytes after their number.
pub(super) fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// What is left to read of an item.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next number, if one is there.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for at in 0..LONGEST {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits.checked_shl(7 * at).filter(|moved| moved >> (7 * at) == bits)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The next bytes with their number before them, if all are there.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The next `N` bytes, if they are there.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written_and_never_from_half_of_it() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);

            assert_eq!(Reader(&bytes).number(), Some(number));
            assert_eq!(Reader(&bytes[..bytes.len() - 1]).number(), None);
        }
        assert_eq!(Reader(&[0xff; 10]).number(), None);
        assert_eq!(Reader(&[0xff; 9]).number(), None);
    }

    #[test]
    fn bytes_are_read_only_if_all_of_them_are_there() {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, b"value");

        assert_eq!(Reader(&bytes).bytes(), Some(&b"value"[..]));
        assert_eq!(Reader(&bytes[..5]).bytes(), None);
    }
}
