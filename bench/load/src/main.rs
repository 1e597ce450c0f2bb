//! Drives a cache server from one core, checks every answer, and says what it cost.
//!
//! One thread, raw sockets, requests framed by hand: the driver must be cheaper than what it
//! drives. It counts no answer that it has not read to the last byte. The result is one JSON
//! object on stdout; a run with a wrong answer ends with status 1.

mod choices;
mod fan_out;
mod fault;
mod hold;
mod items;
mod options;
mod pace;
mod peer;
mod report;
mod run;
mod tally;
mod tls;
mod transport;
mod watch;
mod wire;
mod work;
mod workload;

use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;

use choices::{Protocol, Work};
use fan_out::FanOut;
use fault::Fault;
use items::Items;
use options::Options;
use report::Report;
use run::Run;
use wire::Wire;
use wire::channel::Channel;
use wire::{events::Events, messages::Messages, subscriptions::Subscriptions};
use wire::{grpc::Grpc, http1::Http1, http2::Http2, memcache::Memcache, resp::Resp};

/// How many publishes may wait for their answers.
const PUBLISHES: usize = 100;

fn main() -> ExitCode {
    let options = Options::parse();
    match drive(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("attimo-load: {fault}");
            ExitCode::from(2)
        }
    }
}

/// Whether every answer was right.
fn drive(options: &Options) -> Result<bool, Fault> {
    let items = Rc::new(Items::new(options.value_bytes, options.ttl_seconds));
    if let Some(subscribers) = options.subscribers {
        return fan_out(options, subscribers, &items);
    }
    let depth = options.depth;
    match options.protocol {
        Protocol::Grpc => speak(options, || Channel::new(Grpc::new(options, &items), depth)),
        Protocol::Http1 => speak(options, || Http1::new(options, &items)),
        Protocol::Http2 => speak(options, || Channel::new(Http2::new(options, &items), depth)),
        Protocol::Memcache => speak(options, || Memcache::new(options, &items)),
        Protocol::Resp => speak(options, || Resp::new(options, &items)),
        Protocol::Events => speak(options, || Events::new(options, &items)),
    }
}

/// The same of messages to so many subscribers.
fn fan_out(options: &Options, subscribers: usize, items: &Rc<Items>) -> Result<bool, Fault> {
    let publishes = Options { work: Work::Publish, depth: PUBLISHES, ..options.clone() };
    let grpc = || Channel::new(Grpc::new(&publishes, items), PUBLISHES);
    let each = subscribers / options.connections;
    let report = match options.protocol {
        Protocol::Grpc => {
            FanOut::new(options, || Subscriptions::new(options, items, each), grpc())?.finish()?
        }
        Protocol::Events => {
            FanOut::new(options, || Events::new(options, items), grpc())?.finish()?
        }
        Protocol::Resp => {
            let publisher = Resp::new(&publishes, items);
            FanOut::new(options, || Messages::new(options, items), publisher)?.finish()?
        }
        Protocol::Http1 | Protocol::Http2 | Protocol::Memcache => {
            return Err(Fault::Protocol("subscriptions are spoken by grpc, events and resp"));
        }
    };
    Ok(print(&report, options))
}

fn speak<W: Wire>(options: &Options, wire: impl Fn() -> W) -> Result<bool, Fault> {
    if let Some(operations) = options.hold {
        return hold::hold(options, operations, wire).map(|()| true);
    }
    Ok(print(&Run::new(options, wire)?.finish()?, options))
}

fn print(report: &Report, options: &Options) -> bool {
    println!("{}", serde_json::to_string_pretty(report).expect("a report is plain data"));
    report.is_clean(options.allow_misses)
}
