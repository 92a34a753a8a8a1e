"""Memory of a process, as reported by Linux. Imports no spaCy."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

CLEAR = Path("/proc/self/clear_refs")


def read_memory(field: str, process: int | str = "self") -> float:
    """Read a figure of a process's memory.

    field (str): "VmRSS" for the current resident memory, "VmHWM" for its peak.
    process (Union[int, str]): The process's id; by default this process.
    RETURNS (float): MB.
    """
    status = Path("/proc", str(process), "status")
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"{status} has no {field}.")


def measure_peak(run: Callable[[], object]) -> float:
    """RETURNS (float): The peak memory while something runs, beyond the memory before, in MB."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # Memory freed but not returned could be reused without being counted.
    CLEAR.write_text("5", encoding="ascii")  # resets the peak
    before = read_memory("VmRSS")
    run()
    return read_memory("VmHWM") - before
