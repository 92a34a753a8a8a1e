"""What this process holds in memory, as Linux counts it. No spaCy here."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

CLEAR = Path("/proc/self/clear_refs")


def read_memory(field: str, process: int | str = "self") -> float:
    """Read a figure of a process's memory.

    field (str): "VmRSS" for what it holds, "VmHWM" for the most that it has held.
    process (Union[int, str]): Its id; by default this process.
    RETURNS (float): In MB.
    """
    status = Path("/proc", str(process), "status")
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"{status} has no {field}.")


def measure_peak(run: Callable[[], object]) -> float:
    """RETURNS (float): How much more memory the process held at most while it ran something than before,
    in MB.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else memory that was given back would be taken again unseen
    CLEAR.write_text("5", encoding="ascii")  # the peak counts from here on
    before = read_memory("VmRSS")
    run()
    return read_memory("VmHWM") - before
