//! Connections that are kept and say nothing: what does each of them take from the server?

use std::io::{self, Write};
use std::time::Duration;

use mio::{Events, Poll, Token};

use crate::fault::Fault;
use crate::options::Options;
use crate::peer::Peer;
use crate::tally::Outcome;
use crate::tls::Tls;
use crate::wire::Wire;
use crate::workload::Workload;

/// How long a server may be silent before the run is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens every connection, one after the other, carries so many operations on each, says how many
/// there are, and returns when stdin has ended.
///
/// # Errors
/// A connection broke or an answer was wrong.
pub fn hold<W: Wire>(
    options: &Options,
    operations: u32,
    wire: impl Fn() -> W,
) -> Result<(), Fault> {
    let tls = Tls::of(options)?;
    let mut workload = Workload::new(options);
    let mut poll = Poll::new()?;
    let mut peers = Vec::with_capacity(options.connections);
    for i in 0..options.connections {
        let mut peer = Peer::connect(options.address, tls.as_ref(), wire())?;
        peer.register(poll.registry(), Token(i))?;
        for _ in 0..operations {
            let outcome = ask(&mut peer, &mut workload, &mut poll)?;
            if outcome != Outcome::Right && !(outcome == Outcome::Miss && options.allow_misses) {
                return Err(Fault::Answer(outcome));
            }
        }
        peers.push(peer);
    }
    println!("{{\"held\": {}}}", peers.len());
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// One operation, from its beginning to its end.
fn ask<W: Wire>(
    peer: &mut Peer<W>,
    workload: &mut Workload,
    poll: &mut Poll,
) -> Result<Outcome, Fault> {
    let mut events = Events::with_capacity(16);
    let mut next = Some(workload.next(0));
    let mut found = None;
    loop {
        if peer.wire.room() > 0
            && let Some(op) = next.take()
        {
            peer.begin(op);
        }
        peer.flush()?;
        peer.hear(|_, outcome| found = Some(outcome))?;
        if let Some(outcome) = found {
            peer.flush()?;
            return Ok(outcome);
        }
        if peer.wire.room() == 0 || next.is_none() {
            poll.poll(&mut events, Some(PATIENCE))?;
            if events.is_empty() {
                return Err(Fault::Silence(1));
            }
        }
    }
}
