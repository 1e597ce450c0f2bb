//! What one request counts for, by the rules of `docs/reference/metering.md`.

use attimo_engine::{Looked, Received};

use crate::methods::Api;

pub(super) const KIB: u64 = 1_024;
/// An ECPU in the unit in which it is counted.
const ECPU: u64 = 1_000;

/// The usage of one request.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct RequestUsage {
    /// Commands that were run.
    pub(crate) commands: u64,
    /// Keys and values received.
    pub(crate) received: Received,
    /// Hits, misses and what was found.
    pub(crate) looked: Looked,
}

impl RequestUsage {
    /// The commands of the request, which is one itself if it runs none.
    pub(super) fn commands(&self) -> u64 {
        self.commands.max(1)
    }

    /// Momento's operations of what was received and found until now; at least one.
    pub(crate) fn operations(&self, api: Api) -> u64 {
        api.factor().of(self.received.chunks + self.looked.chunks).max(1)
    }

    /// ECPU in thousandths: the KiB transferred, at least one for each command.
    pub(super) fn ecpu(&self) -> u64 {
        let transferred = ecpu_of(self.received.bytes + self.looked.bytes);
        transferred.max(self.commands() * ECPU)
    }
}

/// The ECPU of transferred bytes, in thousandths.
pub(super) fn ecpu_of(bytes: u64) -> u64 {
    // In lowest terms and rounded: a division by a power of two.
    (bytes * (ECPU / 8) + KIB / 16) / (KIB / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_factor_of_their_method_and_are_at_least_one() {
        let of = |api, chunks| {
            let received = Received { chunks, ..Received::default() };
            RequestUsage { received, ..RequestUsage::default() }.operations(api)
        };

        assert_eq!([0, 1, 3].map(|chunks| of(Api::Set, chunks)), [1, 1, 3]);
        assert_eq!([0, 1, 3].map(|chunks| of(Api::SetIf, chunks)), [1, 2, 6]);
        assert_eq!([0, 1, 3, 4].map(|chunks| of(Api::UpsertElements, chunks)), [1, 1, 2, 2]);
    }

    #[test]
    fn ecpu_are_kib_in_thousandths_and_at_least_one_for_each_command() {
        let of = |commands, bytes| {
            let received = Received::item(bytes);
            RequestUsage { commands, received, ..RequestUsage::default() }.ecpu()
        };

        assert_eq!(
            [0, 1, 1_024, 1_025, 3_277].map(|bytes| of(1, bytes)),
            [1_000, 1_000, 1_000, 1_001, 3_200]
        );
        assert_eq!([of(0, 0), of(3, 1_025), of(3, 4_096)], [1_000, 3_000, 4_000]);
    }
}
