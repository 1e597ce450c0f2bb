//! What is asked, in which order.

use crate::choices::Order;
use crate::options::Options;

/// What is done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read the value.
    Get,
    /// Write the value.
    Set,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What is done.
    pub verb: Verb,
    /// The number of the key.
    pub key: u32,
    /// When it should be sent, in nanoseconds since the run began.
    pub due: u64,
}

/// The stream of operations of a run.
pub struct Workload {
    chance: Chance,
    order: Order,
    zipf: Zipf,
    keys: u32,
    next: u32,
    reads: u64,
}

impl Workload {
    /// The operations that the options describe.
    pub fn new(options: &Options) -> Self {
        Self {
            chance: Chance(options.seed),
            order: options.order,
            zipf: Zipf::new(options.keys, options.theta),
            keys: options.keys,
            next: 0,
            reads: share(options.reads),
        }
    }

    /// The next operation.
    pub fn next(&mut self, due: u64) -> Op {
        let verb = if self.chance.next() >> 32 < self.reads { Verb::Get } else { Verb::Set };
        Op { verb, key: self.key(), due }
    }

    fn key(&mut self) -> u32 {
        match self.order {
            Order::Zipf => self.zipf.key(self.chance.fraction()),
            Order::Uniform => self.chance.below(self.keys),
            Order::Each => {
                self.next += 1;
                (self.next - 1) % self.keys
            }
        }
    }
}

/// A share of 2^32.
fn share(reads: f64) -> u64 {
    (reads.clamp(0.0, 1.0) * 2f64.powi(32)) as u64
}

/// A stream of random numbers (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number under `limit`.
    fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// From 0 up to, but not, 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 2f64.powi(53)
    }
}

/// Zipf's distribution, drawn as YCSB does (Gray et al., "Quickly generating billion-record
/// synthetic databases", 1994). The ranks are spread over the keys, so that the hot ones were
/// not filled in beside each other.
struct Zipf {
    keys: u32,
    alpha: f64,
    eta: f64,
    sum: f64,
    second: f64,
    stride: u64,
}

impl Zipf {
    fn new(keys: u32, theta: f64) -> Self {
        let n = f64::from(keys);
        let sum: f64 = (1..=keys).map(|i| f64::from(i).powf(-theta)).sum();
        let second = 0.5f64.powf(theta);
        let eta = (1.0 - (2.0 / n).powf(1.0 - theta)) / (1.0 - (1.0 + second) / sum);
        Self { keys, alpha: 1.0 / (1.0 - theta), eta, sum, second, stride: stride(keys) }
    }

    fn key(&self, fraction: f64) -> u32 {
        ((self.rank(fraction) * self.stride) % u64::from(self.keys)) as u32
    }

    fn rank(&self, fraction: f64) -> u64 {
        let scaled = fraction * self.sum;
        if scaled < 1.0 {
            0
        } else if scaled < 1.0 + self.second {
            1
        } else {
            let spread = (self.eta * fraction - self.eta + 1.0).powf(self.alpha);
            ((f64::from(self.keys) * spread) as u64).min(u64::from(self.keys) - 1)
        }
    }
}

/// A step that visits every key before it visits one again.
fn stride(keys: u32) -> u64 {
    let keys = u64::from(keys);
    (keys * 618 / 1000..=keys).find(|&step| coprime(step, keys)).unwrap_or(1)
}

fn coprime(a: u64, b: u64) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    #[test]
    fn the_hottest_key_gets_the_share_that_zipf_promises() {
        let (zipf, mut chance) = (Zipf::new(1000, 0.99), Chance(7));
        let hits = (0..DRAWS).filter(|_| zipf.rank(chance.fraction()) == 0).count();
        let promised = f64::from(DRAWS) / zipf.sum;
        assert!((hits as f64 - promised).abs() < promised * 0.05, "{hits} not {promised}");
    }

    #[test]
    fn every_key_can_be_drawn_and_none_beyond() {
        let (zipf, mut chance) = (Zipf::new(10, 0.99), Chance(7));
        let mut seen = [0; 10];
        (0..DRAWS).for_each(|_| seen[zipf.key(chance.fraction()) as usize] += 1);
        assert!(seen.iter().all(|&times| times > 0), "{seen:?}");
    }

    #[test]
    fn the_stride_visits_every_key_once() {
        for keys in [1u64, 2, 10, 1000, 99_991] {
            let step = stride(keys as u32);
            let mut seen: Vec<u64> = (0..keys).map(|i| i * step % keys).collect();
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(0..keys));
        }
    }
}
