//! The run: warm up, measure, let what is in flight come home.

use std::io;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::fault::Fault;
use crate::options::Options;
use crate::pace::Pace;
use crate::peer::Peer;
use crate::report::{Moment, Report};
use crate::tally::Tally;
use crate::tls::Tls;
use crate::wire::Wire;
use crate::workload::Workload;

/// How long a server may be silent before the run is given up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// At a pace, how often the driver looks for what is due and what has come. It sleeps in between,
/// so that it never needs its whole core; latency is overstated by no more than this.
pub const TICK: Duration = Duration::from_micros(50);

/// A run over connections that speak `W`.
pub struct Run<'a, W> {
    options: &'a Options,
    peers: Vec<Peer<W>>,
    poll: Poll,
    events: Events,
    woken: Vec<usize>,
    workload: Workload,
    pace: Option<Pace>,
    tally: Tally,
    start: Instant,
    /// Operations due before this are warm-up.
    counted_from: u64,
    begun: u64,
    answered: u64,
    turn: usize,
}

impl<'a, W: Wire> Run<'a, W> {
    /// Opens every connection.
    ///
    /// # Errors
    /// The server does not listen, or is not who it should be.
    pub fn new(options: &'a Options, wire: impl Fn() -> W) -> Result<Self, Fault> {
        let tls = Tls::of(options)?;
        let poll = Poll::new()?;
        let mut peers = Vec::with_capacity(options.connections);
        for i in 0..options.connections {
            let mut peer = Peer::connect(options.address, tls.as_ref(), wire())?;
            peer.register(poll.registry(), Token(i))?;
            peers.push(peer);
        }
        Ok(Self {
            options,
            peers,
            poll,
            events: Events::with_capacity(1024),
            woken: Vec::new(),
            workload: Workload::new(options),
            pace: options.rate.map(Pace::new),
            tally: Tally::new(),
            start: Instant::now(),
            counted_from: 0,
            begun: 0,
            answered: 0,
            turn: 0,
        })
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// A connection broke or the server fell silent.
    pub fn finish(mut self) -> Result<Report, Fault> {
        self.start = Instant::now();
        self.drive_until(Duration::from_secs_f64(self.options.warm_up_seconds))?;
        self.tally = Tally::new();
        self.counted_from = self.now();
        let before = Moment::now(self.options.watch, self.answered);
        let end = self.start.elapsed() + Duration::from_secs_f64(self.options.seconds);
        self.drive_until(end)?;
        let after = Moment::now(self.options.watch, self.answered);
        let behind = self.behind();
        self.count_what_never_began();
        self.drain()?;
        Ok(Report::new(&self.tally, &before, &after, behind))
    }

    /// Begins and hears operations until `end`, or until all that were asked for are answered.
    fn drive_until(&mut self, end: Duration) -> Result<(), Fault> {
        let mut heard = Instant::now();
        while self.start.elapsed() < end && !self.is_complete() {
            let before = self.answered;
            match self.pace {
                Some(_) => self.begin_what_is_due()?,
                None => self.begin_what_fits()?,
            }
            self.hear()?;
            if self.answered > before {
                heard = Instant::now();
            } else if heard.elapsed() > PATIENCE {
                return Err(Fault::Silence(self.begun - self.answered));
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Fault> {
        let start = Instant::now();
        while self.answered < self.begun {
            if start.elapsed() > PATIENCE {
                return Err(Fault::Silence(self.begun - self.answered));
            }
            self.hear()?;
            self.peers.iter_mut().try_for_each(Peer::flush)?;
        }
        Ok(())
    }

    /// Without a pace, each connection that was woken is filled again.
    fn begin_what_fits(&mut self) -> Result<(), Fault> {
        let woken = mem::take(&mut self.woken);
        for &peer in &woken {
            let now = self.now();
            while self.peers[peer].wire.room() > 0 && !self.all_begun() {
                self.begin(peer, now);
            }
            self.peers[peer].flush()?;
        }
        self.woken = woken;
        Ok(())
    }

    fn begin_what_is_due(&mut self) -> Result<(), Fault> {
        let now = self.now();
        while let Some(due) = self.pace.as_ref().map(Pace::due).filter(|&due| due <= now) {
            let Some(peer) = self.peer_with_room() else { break };
            if self.all_begun() {
                break;
            }
            self.begin(peer, due);
            self.pace.as_mut().expect("there is a pace").advance();
        }
        self.peers.iter_mut().try_for_each(Peer::flush)?;
        Ok(())
    }

    /// The next connection, in turn, on which a request may begin.
    fn peer_with_room(&mut self) -> Option<usize> {
        let count = self.peers.len();
        let peer = (self.turn..self.turn + count)
            .map(|i| i % count)
            .find(|&i| self.peers[i].wire.room() > 0)?;
        self.turn = (peer + 1) % count;
        Some(peer)
    }

    fn begin(&mut self, peer: usize, due: u64) {
        let op = self.workload.next(due);
        self.peers[peer].begin(op);
        self.begun += 1;
    }

    /// Waits for answers (at a pace: for a tick) and counts them.
    fn hear(&mut self) -> Result<(), Fault> {
        let mut wait = Duration::from_millis(100);
        if self.pace.is_some() {
            thread::sleep(TICK);
            wait = Duration::ZERO;
        }
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        self.woken.clear();
        self.woken.extend(self.events.iter().map(|event| event.token().0));
        let (start, counted_from) = (self.start, self.counted_from);
        let (tally, answered) = (&mut self.tally, &mut self.answered);
        for &peer in &self.woken {
            let mut now = None;
            self.peers[peer].hear(|op, outcome| {
                *answered += 1;
                tally.count(outcome);
                if op.due >= counted_from {
                    let now = *now.get_or_insert_with(|| nanoseconds(start.elapsed()));
                    tally.wait(now - op.due);
                }
            })?;
        }
        Ok(())
    }

    /// At a pace: how many operations were due by now and could not be begun.
    fn behind(&self) -> u64 {
        self.pace.as_ref().map_or(0, |pace| pace.behind(self.now()))
    }

    /// At a pace: what could not be begun has waited until now at least.
    fn count_what_never_began(&mut self) {
        let now = self.now();
        let ends = self.all_begun();
        let Some(pace) = &mut self.pace else { return };
        while !ends && pace.due() <= now {
            if pace.due() >= self.counted_from {
                self.tally.wait(now - pace.due());
            }
            pace.advance();
        }
    }

    fn all_begun(&self) -> bool {
        self.options.operations.is_some_and(|limit| self.begun >= limit)
    }

    fn is_complete(&self) -> bool {
        self.all_begun() && self.answered == self.begun
    }

    fn now(&self) -> u64 {
        nanoseconds(self.start.elapsed())
    }
}

/// A duration in nanoseconds.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
