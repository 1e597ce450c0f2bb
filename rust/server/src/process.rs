//! What the system says of this process.

use std::fs;
use std::path::Path;

/// Memory that the process occupies, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

/// What the process occupies that no file can be read into again, in bytes.
pub(crate) fn private_bytes() -> Option<u64> {
    const PAGE: u64 = 4096;
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = text.split(' ').skip(1).map(str::parse::<u64>);
    let (resident, of_files) = (pages.next()?.ok()?, pages.next()?.ok()?);
    Some(resident.saturating_sub(of_files) * PAGE)
}

/// What is occupied in a control group, of version 1 or 2, that no file can be read into again: by its
/// processes and by the kernel for them, in bytes.
pub(crate) fn occupied_bytes(group: &Path) -> Option<u64> {
    let read = |name| fs::read_to_string(group.join(name)).ok();
    let all = read("memory.current").or_else(|| read("memory.usage_in_bytes"))?;
    let stat = read("memory.stat")?;
    let field = |name: &str| -> Option<u64> {
        let mut fields = stat.lines().filter_map(|line| line.split_once(' '));
        fields.find(|field| field.0 == name)?.1.parse().ok()
    };
    // In version 1, what has not this name leaves the groups below out.
    let total = |name: &str| field(&format!("total_{name}")).or_else(|| field(name)).unwrap_or(0);
    let of_files = total("inactive_file") + total("active_file") + total("slab_reclaimable");
    Some(all.trim().parse::<u64>().ok()?.saturating_sub(of_files))
}

/// File handles: how many are open and how many may be.
pub(crate) fn handles() -> Option<(usize, u64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let most = line.split_whitespace().next()?.parse().ok()?;
    Some((open, most))
}

/// Processor time used so far and the moment of the start since the system's, both in seconds.
fn times() -> Option<(f64, f64)> {
    /// Of `/proc`, on every architecture that Linux has today.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before may hold anything, brackets included.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(((field(14)? + field(15)?) / TICKS, field(22)? / TICKS))
}

/// Processor time that the process has used, in seconds.
pub(super) fn cpu_seconds() -> Option<f64> {
    times().map(|(cpu, _)| cpu)
}

/// When the process was started, in seconds since 1970.
pub(super) fn started() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let booted: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()?;
    times().map(|(_, since_boot)| booted + since_boot)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_system_says_what_a_process_occupies_and_since_when() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();

        assert!(resident_bytes().unwrap() > 1 << 20);
        assert!((1 << 18..resident_bytes().unwrap()).contains(&private_bytes().unwrap()));
        assert!(cpu_seconds().unwrap() >= 0.0);
        assert!((now - 86_400.0..now + 2.0).contains(&started().unwrap()));
        assert_eq!(occupied_bytes(Path::new("/no/such/file")), None);
        let (open, most) = handles().unwrap();
        assert!(open >= 3 && most >= open as u64);
    }
}
