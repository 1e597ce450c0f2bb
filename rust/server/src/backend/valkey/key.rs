//! One key of a Valkey server.

use attimo_engine::commands::scalar::{TtlChange, TtlChanged};
use attimo_engine::{ItemType, KeyValue, Limits, Ttl};
use bytes::Bytes;
use redis::{Cmd, cmd};

use super::exchange::ask;
use crate::error::{Error, Result};

/// The longest TTL, in milliseconds, which is the engine's too.
const LONGEST: u64 = 1 << 48;

/// Writes ARGV[3] for ARGV[4] milliseconds if the value is ARGV[2], or, where ARGV[1] is not "1",
/// if there is none.
const REPLACE: &str = "local value = redis.call('GET', KEYS[1]) \
                       if value ~= (ARGV[1] == '1' and ARGV[2]) then return 0 end \
                       redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) \
                       return 1";
/// Adds ARGV[1] and sets the TTL to ARGV[2] milliseconds; returns nothing if Valkey refuses the
/// value as an integer, or the sum overflows. The sum is returned as text: Lua's numbers have 53 bits.
const ADD: &str = "local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1]) \
                   if type(sum) == 'table' then return false end \
                   redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
                   return redis.call('GET', KEYS[1])";
/// Changes the TTL to ARGV[1] milliseconds, if ARGV[2] allows it; -1 if there is no such key.
const CHANGE_TTL: &str = "if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end \
                          if ARGV[2] == '' then return redis.call('PEXPIRE', KEYS[1], ARGV[1]) end \
                          return redis.call('PEXPIRE', KEYS[1], ARGV[1], ARGV[2])";

/// A key, and the size limit of its value.
pub(super) struct Key<'a> {
    pub(super) name: Vec<u8>,
    /// The client's own key, for which the limit of an item counts.
    pub(super) of_client: &'a [u8],
    pub(super) limits: &'a Limits,
}

impl KeyValue for Key<'_> {
    type Error = Error;

    fn get(&self) -> Result<Option<Bytes>> {
        let value: Option<Vec<u8>> = ask(self.command("GET"))?;
        Ok(value.map(Bytes::from))
    }

    fn set(&self, value: &[u8], ttl: Ttl) -> Result<()> {
        self.admit(value)?;
        let mut set = self.command("SET");
        set.arg(value).arg("PX").arg(milliseconds(ttl));
        ask(set)
    }

    fn replace(&self, current: Option<&[u8]>, value: &[u8], ttl: Ttl) -> Result<bool> {
        self.admit(value)?;
        let mut replace = self.script(REPLACE);
        replace.arg(u8::from(current.is_some())).arg(current.unwrap_or_default());
        replace.arg(value).arg(milliseconds(ttl));
        ask(replace)
    }

    fn remove(&self) -> Result<bool> {
        ask(self.command("UNLINK"))
    }

    fn ttl(&self) -> Result<Option<Ttl>> {
        let left: i64 = ask(self.command("PTTL"))?;
        // Valkey rounds up, and the time left is less than what was just set.
        Ok(u64::try_from(left).ok().map(|left| Ttl(left.saturating_sub(1))))
    }

    fn change_ttl(&self, change: TtlChange) -> Result<TtlChanged> {
        let (ttl, option) = match change {
            TtlChange::Overwrite(ttl) => (ttl, ""),
            TtlChange::Increase(ttl) => (ttl, "GT"),
            TtlChange::Decrease(ttl) => (ttl, "LT"),
        };
        let mut change = self.script(CHANGE_TTL);
        change.arg(milliseconds(ttl)).arg(option);
        Ok(match ask::<i64>(change)? {
            -1 => TtlChanged::Missing,
            0 => TtlChanged::NotSet,
            _ => TtlChanged::Set,
        })
    }

    fn add(&self, amount: i64, ttl: Ttl) -> Result<Option<i64>> {
        let mut add = self.script(ADD);
        add.arg(amount).arg(milliseconds(ttl));
        ask(add)
    }

    fn contended(&self) -> Error {
        Error::Contended
    }
}

impl Key<'_> {
    /// Refuses a value that is too large before it is sent.
    fn admit(&self, value: &[u8]) -> Result<()> {
        Ok(self.limits.admit_item(ItemType::Scalar, self.of_client, value.len() as u64)?)
    }

    /// A command about the key; its other arguments follow.
    fn command(&self, name: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(&self.name);
        command
    }

    /// The call of a script about the key; its other arguments follow.
    fn script(&self, text: &str) -> Cmd {
        let mut call = cmd("EVAL");
        call.arg(text).arg(1).arg(&self.name);
        call
    }
}

fn milliseconds(ttl: Ttl) -> u64 {
    ttl.0.clamp(1, LONGEST)
}
