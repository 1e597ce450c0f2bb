//! Whose tokens are refused: a line in the log a minute for each address, and never the token.
//!
//! The first refusal of an address is told at once, those that follow within a minute together at
//! its end. Only so many addresses are told apart, so that a flood from many costs neither memory
//! nor lines; the others are summed up.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::events::{Events, Level};

/// An address is told at most this often.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// How many addresses are told apart.
const ADDRESSES: usize = 64;

/// Refused tokens, by the addresses that sent them.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    senders: HashMap<IpAddr, Sender>,
    /// Those of more addresses than are told apart.
    others: Option<Sender>,
}

/// What an address has sent since it was last told.
struct Sender {
    told_at: Instant,
    untold: u64,
    /// Why the last one was refused.
    reason: &'static str,
}

impl Sender {
    fn new(now: Instant, untold: u64, reason: &'static str) -> Self {
        Sender { told_at: now, untold, reason }
    }

    fn is_due(&self, now: Instant) -> bool {
        now.duration_since(self.told_at) >= TOLD_EVERY
    }

    fn line(&self, whose: &str) -> String {
        format!(
            "refused {} more requests from {whose} in the last minute, the last one because: {}",
            self.untold, self.reason
        )
    }
}

impl Refusals {
    /// A request from `peer` was refused, because its token is missing or not valid.
    pub(super) fn note(&self, peer: IpAddr, reason: &'static str, now: Instant, events: &Events) {
        let peer = peer.to_canonical();
        let mut refused = self.0.lock();
        if let Some(sender) = refused.senders.get_mut(&peer) {
            sender.untold += 1;
            sender.reason = reason;
        } else if refused.senders.len() < ADDRESSES {
            refused.senders.insert(peer, Sender::new(now, 0, reason));
            events.push(Level::Warning, format!("refused a request from {peer}: {reason}"));
        } else {
            let others = refused.others.get_or_insert_with(|| Sender::new(now, 0, reason));
            others.untold += 1;
            others.reason = reason;
        }
    }

    /// Tells what is due, and forgets addresses that were silent for a minute.
    pub(super) fn tell(&self, now: Instant, events: &Events) {
        let refused = &mut *self.0.lock();
        refused.senders.retain(|peer, sender| {
            if !sender.is_due(now) {
                return true;
            }
            if sender.untold == 0 {
                return false;
            }
            events.push(Level::Warning, sender.line(&peer.to_string()));
            *sender = Sender::new(now, 0, sender.reason);
            true
        });
        if let Some(others) = refused.others.take_if(|others| others.is_due(now)) {
            events.push(Level::Warning, others.line("other addresses"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASON: &str = "the token has ended";

    /// What is logged when addresses with these last numbers send after so many seconds.
    fn logged(sent: &[(u64, u8)], tell_after: &[u64]) -> Vec<String> {
        let (refusals, events, start) = (Refusals::default(), Events::default(), Instant::now());
        let after = |seconds: &u64| start + Duration::from_secs(*seconds);
        let mut tells = tell_after.iter().peekable();
        for (second, last) in sent {
            while let Some(tell) = tells.next_if(|tell| *tell <= second) {
                refusals.tell(after(tell), &events);
            }
            let peer = IpAddr::from([192, 0, 2, *last]);
            refusals.note(peer, REASON, after(second), &events);
        }
        tells.for_each(|tell| refusals.tell(after(tell), &events));
        events.close();
        std::iter::from_fn(|| events.next()).map(|event| event.message).collect()
    }

    #[test]
    fn the_first_refusal_is_told_at_once_and_the_others_together_after_a_minute() {
        let lines = logged(&[(0, 7), (1, 7), (2, 7), (2, 8)], &[59, 60, 61]);

        assert_eq!(lines[0], "refused a request from 192.0.2.7: the token has ended");
        assert_eq!(lines[1], "refused a request from 192.0.2.8: the token has ended");
        assert!(lines[2].starts_with("refused 2 more requests from 192.0.2.7 in the last minute"));
        assert!(lines[2].ends_with("the last one because: the token has ended"));
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn an_address_that_was_silent_for_a_minute_is_forgotten_and_told_at_once_again() {
        let lines = logged(&[(0, 7), (61, 7)], &[61]);

        assert_eq!(lines, ["refused a request from 192.0.2.7: the token has ended"; 2]);
    }

    #[test]
    fn a_flood_from_many_addresses_makes_few_lines() {
        let most = u8::try_from(ADDRESSES).unwrap();
        let flood: Vec<_> = (0..5).flat_map(|_| (0..200).map(|last| (0, last))).collect();
        let lines = logged(&flood, &[60]);

        assert_eq!(lines.len(), 2 * ADDRESSES + 1);
        let others = 1_000 - 5 * u64::from(most);
        assert!(
            lines[2 * ADDRESSES].starts_with(&format!("refused {others} more requests from o"))
        );
    }
}
