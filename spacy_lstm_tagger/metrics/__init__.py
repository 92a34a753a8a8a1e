"""Metrics: arrays in, numbers out, without documents."""

from .calibration import compute_bins, compute_calibration_error, compute_risks
from .significance import compute_mcnemar, compute_randomization

__all__ = [
    "compute_bins",
    "compute_calibration_error",
    "compute_mcnemar",
    "compute_randomization",
    "compute_risks",
]
