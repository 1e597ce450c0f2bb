//! Drives a cache server from one core, checks every answer, and says what it cost.
//!
//! One thread, raw sockets, requests framed by hand: the driver must be cheaper than what it
//! drives. It counts no answer that it has not read to the last byte. The result is one JSON
//! object on stdout; a run with a wrong answer ends with status 1.

mod fault;
mod items;
mod options;
mod pace;
mod peer;
mod report;
mod run;
mod tally;
mod watch;
mod wire;
mod work;
mod workload;

use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;

use fault::Fault;
use items::Items;
use options::{Options, Protocol};
use report::Report;
use run::Run;
use wire::{grpc::Grpc, http1::Http1, memcache::Memcache, resp::Resp};

fn main() -> ExitCode {
    let options = Options::parse();
    match drive(&options) {
        Ok(report) => {
            println!("{}", serde_json::to_string_pretty(&report).expect("a report is plain data"));
            if report.is_clean(options.allow_misses) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(fault) => {
            eprintln!("attimo-load: {fault}");
            ExitCode::from(2)
        }
    }
}

fn drive(options: &Options) -> Result<Report, Fault> {
    let items = Rc::new(Items::new(options.value_bytes, options.ttl_seconds));
    match options.protocol {
        Protocol::Grpc => Run::new(options, || Grpc::new(options, &items))?.finish(),
        Protocol::Http1 => Run::new(options, || Http1::new(options, &items))?.finish(),
        Protocol::Memcache => Run::new(options, || Memcache::new(options, &items))?.finish(),
        Protocol::Resp => Run::new(options, || Resp::new(options, &items))?.finish(),
    }
}
