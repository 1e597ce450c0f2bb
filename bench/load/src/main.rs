//! Drives a cache server from one core, checks every answer, and says what it cost.
//!
//! One thread, raw sockets, requests framed by hand: the driver must be cheaper than what it
//! drives. It counts no answer that it has not read to the last byte. The result is one JSON
//! object on stdout; a run with a wrong answer ends with status 1.

mod choices;
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

use choices::Protocol;
use fault::Fault;
use items::Items;
use options::Options;
use run::Run;
use wire::Wire;
use wire::channel::Channel;
use wire::{grpc::Grpc, http1::Http1, http2::Http2, memcache::Memcache, resp::Resp};

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
    let depth = options.depth;
    match options.protocol {
        Protocol::Grpc => speak(options, || Channel::new(Grpc::new(options, &items), depth)),
        Protocol::Http1 => speak(options, || Http1::new(options, &items)),
        Protocol::Http2 => speak(options, || Channel::new(Http2::new(options, &items), depth)),
        Protocol::Memcache => speak(options, || Memcache::new(options, &items)),
        Protocol::Resp => speak(options, || Resp::new(options, &items)),
    }
}

fn speak<W: Wire>(options: &Options, wire: impl Fn() -> W) -> Result<bool, Fault> {
    if let Some(operations) = options.hold {
        return hold::hold(options, operations, wire).map(|()| true);
    }
    let report = Run::new(options, wire)?.finish()?;
    println!("{}", serde_json::to_string_pretty(&report).expect("a report is plain data"));
    Ok(report.is_clean(options.allow_misses))
}
