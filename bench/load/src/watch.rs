//! What a process spends: its processor time by thread, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

/// Processor time of one process at one moment.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Nanoseconds of each thread, by its id.
    pub threads: BTreeMap<u32, u64>,
    /// Ticks in user mode, ended threads included.
    pub user_ticks: u64,
    /// Ticks in the kernel, ended threads included.
    pub system_ticks: u64,
}

/// Reads what process `pid` has spent so far; nothing if it has ended.
pub fn spent(pid: u32) -> Spent {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = |field| number(after_name.split(' ').nth(field));
    Spent { threads: threads(pid), user_ticks: ticks(11), system_ticks: ticks(12) }
}

/// Hundredths of a second that the hypervisor gave to others, over all cores.
pub fn stolen_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    number(stat.lines().next().unwrap_or_default().split_whitespace().nth(8))
}

fn threads(pid: u32) -> BTreeMap<u32, u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| {
            let id = task.file_name().to_str()?.parse().ok()?;
            let schedstat = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((id, number(schedstat.split(' ').next())))
        })
        .collect()
}

fn number(text: Option<&str>) -> u64 {
    text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_has_spent_more_afterwards() {
        let before = spent(std::process::id());
        let mut sum = 0u64;
        (0..20_000_000u64).for_each(|i| sum = std::hint::black_box(sum ^ i));
        let after = spent(std::process::id());
        assert!(after.threads.values().sum::<u64>() > before.threads.values().sum::<u64>());
    }

    #[test]
    fn a_process_that_is_gone_has_spent_nothing() {
        assert!(spent(u32::MAX).threads.is_empty());
    }
}
