"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
CONFIGS = ROOT / "configs"
RESULTS = BENCHMARKS / "results"
WORK = BENCHMARKS / "work"  # ignored by git
