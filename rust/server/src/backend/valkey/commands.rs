//! How Valkey is asked for what a command does.
//!
//! What only reads or overwrites is one command of Valkey's. What depends on the value that is there
//! reads it, decides by the rules of the engine, and writes if the value is still the same; if it is
//! not, it begins anew.

use attimo_engine::commands::scalar::{
    Delete, Get, GetWithHash, Increment, ItemGetTtl, ItemGetType, KeyExists, Set, SetIf, SetIfHash,
    TtlChange, TtlChanged, UpdateTtl,
};
use attimo_engine::{Command, Found, ItemType, Looked, Ttl, ValueHash};
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, cmd};

use super::{Item, ask};
use crate::error::{Error, Result};

/// How often a write begins anew because others have written in between.
const ATTEMPTS: usize = 100;
/// More would not fit into Valkey's clock, in milliseconds: about 146 million years.
const LONGEST: u64 = 1 << 62;

/// Writes ARGV[3] for ARGV[4] milliseconds if the value is ARGV[2], or, where ARGV[1] is not "1", if
/// there is none.
const REPLACE: &str = "local value = redis.call('GET', KEYS[1]) \
                       if value ~= (ARGV[1] == '1' and ARGV[2]) then return 0 end \
                       redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) \
                       return 1";
/// Changes the lifetime to ARGV[1] milliseconds, if ARGV[2] allows it; -1 if there is no such key.
const CHANGE_TTL: &str = "if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end \
                          if ARGV[2] == '' then return redis.call('PEXPIRE', KEYS[1], ARGV[1]) end \
                          return redis.call('PEXPIRE', KEYS[1], ARGV[1], ARGV[2])";

/// A command that Valkey may be asked for.
pub(crate) trait Remote: Command + Sized {
    /// Runs it at `item`; also returns what it looked for.
    fn run(self, _item: &Item<'_>) -> Result<(Self::Reply, Looked)> {
        Err(Error::NotInBackend)
    }
}

impl<F, R> Remote for Get<'_, F>
where
    F: FnOnce(Found<'_>) -> R,
{
    fn run(self, item: &Item<'_>) -> Result<(Option<R>, Looked)> {
        let value = item.value()?;
        let looked = Looked::one(value.as_ref().map(Bytes::len));
        Ok((value.map(|value| (self.read)(Found::Long(&value))), looked))
    }
}

impl<F, R> Remote for GetWithHash<'_, F>
where
    F: FnOnce(Found<'_>, ValueHash) -> R,
{
    fn run(self, item: &Item<'_>) -> Result<(Option<R>, Looked)> {
        let value = item.value()?;
        let looked = Looked::one(value.as_ref().map(Bytes::len));
        let read = |value: Bytes| (self.read)(Found::Long(&value), ValueHash::of(&value));
        Ok((value.map(read), looked))
    }
}

impl Remote for Set<'_> {
    fn run(self, item: &Item<'_>) -> Result<((), Looked)> {
        let value = self.value.as_slice();
        item.admit(self.key, value)?;
        let mut set = cmd("SET");
        set.arg(&item.key).arg(value).arg("PX").arg(milliseconds(self.ttl));
        Ok((ask(set)?, Looked::default()))
    }
}

impl Remote for Delete<'_> {
    fn run(self, item: &Item<'_>) -> Result<(bool, Looked)> {
        Ok((item.ask_of("UNLINK")?, Looked::default()))
    }
}

impl Remote for KeyExists<'_> {
    fn run(self, item: &Item<'_>) -> Result<(bool, Looked)> {
        let found = item.ask_of("EXISTS")?;
        Ok((found, Self::looked(&found)))
    }
}

impl Remote for ItemGetTtl<'_> {
    fn run(self, item: &Item<'_>) -> Result<(Option<Ttl>, Looked)> {
        let left: i64 = item.ask_of("PTTL")?;
        // Valkey rounds up, and the time left is less than what was just set.
        let left = u64::try_from(left).ok().map(|left| Ttl(left.saturating_sub(1)));
        Ok((left, Self::looked(&left)))
    }
}

impl Remote for ItemGetType<'_> {
    fn run(self, item: &Item<'_>) -> Result<(Option<ItemType>, Looked)> {
        let name: String = item.ask_of("TYPE")?;
        let found = (name != "none").then_some(ItemType::Scalar);
        Ok((found, Self::looked(&found)))
    }
}

impl Remote for UpdateTtl<'_> {
    fn run(self, item: &Item<'_>) -> Result<(TtlChanged, Looked)> {
        let (ttl, option) = match self.change {
            TtlChange::Overwrite(ttl) => (ttl, ""),
            TtlChange::Increase(ttl) => (ttl, "GT"),
            TtlChange::Decrease(ttl) => (ttl, "LT"),
        };
        let mut change = item.script(CHANGE_TTL);
        change.arg(milliseconds(ttl)).arg(option);
        let changed = match ask::<i64>(change)? {
            -1 => TtlChanged::Missing,
            0 => TtlChanged::NotSet,
            _ => TtlChanged::Set,
        };
        Ok((changed, Looked::default()))
    }
}

impl Remote for Increment<'_> {
    fn run(self, item: &Item<'_>) -> Result<(i64, Looked)> {
        let sum = item.rewrite(self.ttl, |current| {
            let sum = self.add(current)?;
            Ok(Some((sum.to_string().into_bytes(), sum)))
        });
        let sum = sum?.ok_or(Error::Internal)?;
        Ok((sum, Looked::default()))
    }
}

impl Remote for SetIf<'_> {
    fn run(self, item: &Item<'_>) -> Result<(bool, Looked)> {
        let value = self.value.as_slice();
        item.admit(self.key, value)?;
        let holds = |current: Option<&[u8]>| self.condition.holds(current);
        let stored = item.rewrite(self.ttl, |current| Ok(holds(current).then_some((value, ()))));
        Ok((stored?.is_some(), Looked::default()))
    }
}

impl Remote for SetIfHash<'_> {
    fn run(self, item: &Item<'_>) -> Result<(Option<ValueHash>, Looked)> {
        let value = self.value.as_slice();
        item.admit(self.key, value)?;
        let holds = |current: Option<&[u8]>| self.condition.holds(current);
        let new = (value, self.new_hash);
        let stored = item.rewrite(self.ttl, |current| Ok(holds(current).then_some(new)));
        Ok((stored?, Looked::default()))
    }
}

impl Item<'_> {
    /// Refuses a value that is too large before Valkey hears of it.
    fn admit(&self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.limits.admit_item(ItemType::Scalar, key, value.len() as u64)?)
    }

    fn value(&self) -> Result<Option<Bytes>> {
        let value: Option<Vec<u8>> = self.ask_of("GET")?;
        Ok(value.map(Bytes::from))
    }

    /// What a command with no argument but the key answers.
    fn ask_of<T: FromRedisValue>(&self, name: &str) -> Result<T> {
        let mut command = cmd(name);
        command.arg(&self.key);
        ask(command)
    }

    /// The call of a script about the key; its other arguments follow.
    fn script(&self, text: &str) -> Cmd {
        let mut call = cmd("EVAL");
        call.arg(text).arg(1).arg(&self.key);
        call
    }

    /// Writes what `decide` makes of the value that is there, and returns what it says beside;
    /// nothing if it writes nothing.
    fn rewrite<V: AsRef<[u8]>, T>(
        &self,
        ttl: Ttl,
        decide: impl Fn(Option<&[u8]>) -> Result<Option<(V, T)>>,
    ) -> Result<Option<T>> {
        for _ in 0..ATTEMPTS {
            let current = self.value()?;
            let Some((value, said)) = decide(current.as_deref())? else { return Ok(None) };
            if self.replace(current.as_deref(), value.as_ref(), ttl)? {
                return Ok(Some(said));
            }
        }
        Err(Error::NoBackend)
    }

    fn replace(&self, current: Option<&[u8]>, value: &[u8], ttl: Ttl) -> Result<bool> {
        let mut replace = self.script(REPLACE);
        let expected = current.unwrap_or_default();
        replace.arg(u8::from(current.is_some())).arg(expected).arg(value).arg(milliseconds(ttl));
        ask(replace)
    }
}

fn milliseconds(ttl: Ttl) -> u64 {
    ttl.0.clamp(1, LONGEST)
}
