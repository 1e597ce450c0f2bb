"""What a machine or a container allows, read from a file system made for the test."""

import os
from pathlib import Path

import pytest

from attimo.settings import host

GIB = 2**30


def machine(root: Path, files: dict[str, str]) -> Path:
    """Make a file system with 16 GiB of memory and these files."""
    for name, text in ({"proc/meminfo": "MemTotal:  16777216 kB\nMemFree: 1 kB\n"} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


def test_a_bare_machine_allows_what_it_has(tmp_path: Path) -> None:
    assert host.memory_bytes(machine(tmp_path, {})) == 16 * GIB
    assert host.processors(tmp_path) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": str(GIB)},
        {"proc/self/cgroup": "0::/a/b", "sys/fs/cgroup/a/memory.max": str(GIB)},
        {"proc/self/cgroup": "0::/a", "sys/fs/cgroup/a/memory.high": str(GIB)},
        {
            "proc/self/cgroup": "0::/a/b",
            "sys/fs/cgroup/a/memory.max": str(2 * GIB),
            "sys/fs/cgroup/a/b/memory.max": str(GIB),
        },
        {
            "proc/self/cgroup": "4:cpu:/x\n5:memory:/docker/1",
            "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": str(GIB),
        },
        {
            "proc/self/cgroup": "5:memory:/not/mounted/here",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(GIB),
        },
    ],
)
def test_the_least_limit_of_the_groups_counts(tmp_path: Path, files: dict[str, str]) -> None:
    assert host.memory_bytes(machine(tmp_path, files)) == GIB
    group = host.memory_group(tmp_path)
    assert group is not None
    assert str(GIB) in {each.read_text().strip() for each in group.iterdir() if each.is_file()}


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max"},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": str(64 * GIB)},
        {
            "proc/self/cgroup": "5:memory:/",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
        {"proc/self/cgroup": "0::/elsewhere", "sys/fs/cgroup/a/memory.max": "1"},
    ],
)
def test_what_is_no_limit_does_not_count(tmp_path: Path, files: dict[str, str]) -> None:
    assert host.memory_bytes(machine(tmp_path, files)) == 16 * GIB
    assert host.memory_group(tmp_path) is None


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "50000 100000"},
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/x",
            "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000",
        },
    ],
)
def test_a_quota_of_time_is_rounded_up_to_processors(tmp_path: Path, files: dict[str, str]) -> None:
    assert host.processors(machine(tmp_path, files)) == 1


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"},
        {"proc/self/cgroup": "3:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"},
    ],
)
def test_time_without_a_quota_is_not_limited(tmp_path: Path, files: dict[str, str]) -> None:
    assert host.processors(machine(tmp_path, files)) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("mib", [128, 256, 512, 1024, 2048, 16384])
def test_what_data_may_take_leaves_room_for_the_process_and_the_kernel(mib: int) -> None:
    limit = mib * host.MIB
    most = host.data_bytes(limit) * host.RESIDENT_PERCENT // 100

    assert host.PROCESS_BYTES + most <= host.process_bytes(limit)
    assert host.process_bytes(limit) <= limit - host.KERNEL_BYTES
    assert host.process_bytes(limit) < host.shared_bytes(limit) < limit
    assert limit // 4 <= host.data_bytes(limit) <= limit * 3 // 4


def test_even_the_smallest_container_gets_some_data() -> None:
    assert host.data_bytes(64 * host.MIB) == 4 * host.MIB
