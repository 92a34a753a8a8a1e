"""The label with the highest score of each token, without computing every score exactly.

Scores in bfloat16 take a quarter of the time, and their error has a bound. Rounding to 8 significant bits
changes a number by at most 2⁻⁸ of it, so the product of two by 2⁻⁷, and a score, by the Cauchy–Schwarz
inequality, by 2⁻⁷ times the lengths of both vectors. Where two labels are closer, exact scores decide.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_LABELS = 64  # with fewer, scores take less time than what is saved
MIN_TOKENS = 256
CHUNK = 1024  # tokens whose scores stay in the CPU's cache
ROUNDING = 1.02 * 2.0**-7  # of a product of two rounded factors; 2% for sums in float32


def is_worthwhile(states: Tensor, weight: Tensor) -> bool:
    """RETURNS (bool): Whether there are enough states `(tokens, width)` and labels `(labels, width)`."""
    return len(states) >= MIN_TOKENS and len(weight) >= MIN_LABELS


@torch.no_grad()
def find_best(states: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Find the best label of each token: the same as by exact scores.

    states (Tensor): `(tokens, width)`.
    weight (Tensor): `(labels, width)`, of two or more labels.
    bias (Tensor): `(labels,)`.
    RETURNS (Tensor): The index of the label with the highest score, int64 `(tokens,)`.
    """
    rough_weight = weight.bfloat16()
    longest = torch.linalg.vector_norm(weight, dim=1).max()
    labels = torch.empty(len(states), dtype=torch.int64)
    for start in range(0, len(states), CHUNK):
        part = states[start : start + CHUNK]
        products = F.linear(part.bfloat16(), rough_weight).float()  # (part, labels)
        largest = torch.maximum(products.amax(1), -products.amin(1))  # (part,)
        scores = products.add_(bias)
        found = torch.from_numpy(scores.numpy().argmax(1))  # (part,), faster than torch's
        labels[start : start + CHUNK] = found
        best = scores.gather(1, found[:, None]).squeeze(1)
        second = scores.scatter_(1, found[:, None], float("-inf")).numpy().max(1)
        error = ROUNDING * (torch.linalg.vector_norm(part, dim=1) * longest + largest / 2)  # (part,)
        is_certain = best - torch.from_numpy(second) > 2 * error  # never with NaN
        doubtful = (~is_certain).nonzero().squeeze(1)
        if len(doubtful):
            exact = F.linear(part[doubtful], weight, bias)
            labels[start + doubtful] = torch.from_numpy(exact.numpy().argmax(1))
    return labels
