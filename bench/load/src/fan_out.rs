//! A run of messages to many subscribers: each that one of them has received is an operation.

use std::io::{self, Write};
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::fault::Fault;
use crate::options::Options;
use crate::pace::Pace;
use crate::peer::Peer;
use crate::report::{Moment, Report};
use crate::run::{PATIENCE, TICK, nanoseconds};
use crate::tally::{Outcome, Tally};
use crate::tls::Tls;
use crate::wire::{ALIVE, BEGUN, Wire};
use crate::workload::{Op, Verb};

/// A run over subscribers that speak `S` and a publisher that speaks `P`.
pub struct FanOut<'a, S, P> {
    options: &'a Options,
    subscribers: Vec<Peer<S>>,
    publisher: Peer<P>,
    poll: Poll,
    events: Events,
    woken: Vec<usize>,
    pace: Option<Pace>,
    tally: Tally,
    start: Instant,
    /// Messages due before this are warm-up.
    counted_from: u64,
    /// When each message was due.
    due: Vec<u64>,
    /// How many subscribers there are, and how many of them have begun.
    all: u64,
    begun: u64,
    received: u64,
}

impl<'a, S: Wire, P: Wire> FanOut<'a, S, P> {
    /// Opens one connection after the other, and subscribes on each.
    ///
    /// # Errors
    /// The server does not listen, is not who it should be, or lets nobody subscribe.
    pub fn new(
        options: &'a Options,
        subscriber: impl Fn() -> S,
        publisher: P,
    ) -> Result<Self, Fault> {
        let (tls, poll) = (Tls::of(options)?, Poll::new()?);
        let connections = options.connections;
        let mut publisher = Peer::connect(options.address, tls.as_ref(), publisher)?;
        publisher.register(poll.registry(), Token(connections))?;
        publisher.flush()?;
        let each = options.subscribers.unwrap_or_default() / connections;
        let mut run = Self {
            options,
            subscribers: Vec::with_capacity(connections),
            publisher,
            poll,
            events: Events::with_capacity(1024),
            woken: Vec::new(),
            pace: None,
            tally: Tally::new(),
            start: Instant::now(),
            counted_from: 0,
            due: Vec::new(),
            all: (each * connections) as u64,
            begun: 0,
            received: 0,
        };
        for _ in 0..connections {
            run.subscribe(Peer::connect(options.address, tls.as_ref(), subscriber())?, each)?;
        }
        run.wait_while(|it| it.publisher.wire.room() == 0)?;
        Ok(run)
    }

    /// Subscribes so many times on a connection, and waits until all have begun.
    fn subscribe(&mut self, mut peer: Peer<S>, times: usize) -> Result<(), Fault> {
        let place = self.subscribers.len();
        peer.register(self.poll.registry(), Token(place))?;
        peer.flush()?;
        self.subscribers.push(peer);
        self.wait_while(|it| it.subscribers[place].wire.room() == 0)?;
        (0..times).for_each(|_| self.subscribers[place].begin(BEGUN));
        self.subscribers[place].flush()?;
        let all = ((place + 1) * times) as u64;
        self.wait_while(|it| it.begun < all)
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// A connection broke or the server fell silent.
    pub fn finish(mut self) -> Result<Report, Fault> {
        if self.options.on_cue {
            println!("{{\"subscribed\": {}}}", self.begun);
            io::stdout().flush()?;
            io::stdin().read_line(&mut String::new())?;
        }
        self.start = Instant::now();
        self.pace = self.options.rate.map(|rate| Pace::new(rate / self.all as f64));
        self.drive_until(Duration::from_secs_f64(self.options.warm_up_seconds))?;
        self.tally = Tally::new();
        self.counted_from = self.now();
        let before = Moment::now(self.options.watch, self.received);
        let end = self.start.elapsed() + Duration::from_secs_f64(self.options.seconds);
        self.drive_until(end)?;
        let after = Moment::now(self.options.watch, self.received);
        let behind = self.pace.as_ref().map_or(0, |pace| pace.behind(self.now()));
        self.wait_while(|it| it.received < it.published() * it.all)?;
        Ok(Report::new(&self.tally, &before, &after, behind))
    }

    fn drive_until(&mut self, end: Duration) -> Result<(), Fault> {
        let mut heard = Instant::now();
        while self.start.elapsed() < end && !self.is_complete() {
            let before = self.received;
            self.publish_what_is_due();
            self.publisher.flush()?;
            self.hear()?;
            if self.received > before {
                heard = Instant::now();
            } else if heard.elapsed() > PATIENCE {
                return Err(Fault::Silence(self.on_their_way()));
            }
        }
        Ok(())
    }

    fn publish_what_is_due(&mut self) {
        while !self.all_published()
            && self.publisher.wire.room() > 0
            && let Some(due) = self.next_due()
        {
            self.due.push(due);
            self.publisher.begin(Op { verb: Verb::Set, key: self.due.len() as u32, due });
        }
    }

    /// When the next message was due, if it is: at a pace by the clock, else once few enough are on
    /// their way.
    fn next_due(&mut self) -> Option<u64> {
        let (now, on_their_way) = (self.now(), self.on_their_way());
        let Some(pace) = &mut self.pace else {
            return (on_their_way <= (self.options.depth as u64 - 1) * self.all).then_some(now);
        };
        let due = pace.due();
        (due <= now).then(|| {
            pace.advance();
            due
        })
    }

    /// Hears until `lasts` says no more.
    fn wait_while(&mut self, lasts: impl Fn(&Self) -> bool) -> Result<(), Fault> {
        let start = Instant::now();
        while lasts(self) {
            if start.elapsed() > PATIENCE {
                return Err(Fault::Silence(self.on_their_way()));
            }
            self.hear()?;
        }
        Ok(())
    }

    /// Counts the messages that have come. At a pace it sleeps for a tick before; else never, so that
    /// the server does not pay for waking it.
    fn hear(&mut self) -> Result<(), Fault> {
        if self.pace.is_some() {
            thread::sleep(TICK);
        }
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let mut woken = mem::take(&mut self.woken);
        woken.clear();
        woken.extend(self.events.iter().map(|event| event.token().0));
        woken.iter().try_for_each(|&peer| self.hear_one(peer))?;
        self.woken = woken;
        Ok(())
    }

    fn hear_one(&mut self, peer: usize) -> Result<(), Fault> {
        let Some(subscriber) = self.subscribers.get_mut(peer) else { return self.hear_publisher() };
        let (tally, due, start) = (&mut self.tally, &self.due, self.start);
        let (begun, received, counted_from) =
            (&mut self.begun, &mut self.received, self.counted_from);
        let mut now = None;
        subscriber.hear(|op, outcome| {
            if op.key == BEGUN.key && outcome == Outcome::Right {
                *begun += 1;
                return;
            }
            if op.key == ALIVE.key {
                tally.heartbeats += 1;
                return;
            }
            *received += 1;
            tally.count(outcome);
            let due = due.get((op.key as usize).wrapping_sub(1)).copied().unwrap_or_default();
            if due >= counted_from {
                let now = *now.get_or_insert_with(|| nanoseconds(start.elapsed()));
                tally.wait(now - due);
            }
        })?;
        subscriber.flush()?;
        Ok(())
    }

    fn hear_publisher(&mut self) -> Result<(), Fault> {
        let mut wrong = None;
        self.publisher.hear(|_, outcome| {
            if outcome != Outcome::Right {
                wrong = Some(outcome);
            }
        })?;
        self.publisher.flush()?;
        wrong.map_or(Ok(()), |outcome| Err(Fault::Answer(outcome)))
    }

    fn published(&self) -> u64 {
        self.due.len() as u64
    }

    fn on_their_way(&self) -> u64 {
        (self.published() * self.all).saturating_sub(self.received)
    }

    fn all_published(&self) -> bool {
        self.options.operations.is_some_and(|limit| self.published() * self.all >= limit)
    }

    fn is_complete(&self) -> bool {
        self.all_published() && self.on_their_way() == 0
    }

    fn now(&self) -> u64 {
        nanoseconds(self.start.elapsed())
    }
}
