"""`spacy-lstm-tagger.LazyAdam.v1`: Thinc's Adam, but it updates only the table rows that a batch used.

A batch uses a few hundred rows of an embedding table. Adam would update all of them, and their averages:
with a large vocabulary, that takes longer than the network.
"""

from collections import UserDict
from functools import lru_cache
from typing import Any

import numpy as np
from thinc.api import Optimizer
from thinc.optimizers import ADAM_DEFAULTS, FloatOrSeq
from thinc.types import Floats1d, Floats2d, FloatsXd, Ints1d
from thinc.util import get_array_module

Key = tuple[int, str]


class LazyAdam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), with its lazy variant for embedding tables: a row's weights and
    moments change only in the steps that use it (as in `torch.optim.SparseAdam`). All other parameters are
    updated as by Thinc's `Adam.v1`. Averages equal Thinc's for the same weights: what a row's average
    missed is made up for when the row is used or the averages are read.
    """

    def __init__(self, learn_rate: FloatOrSeq, **settings: Any) -> None:
        super().__init__(learn_rate, **settings)
        if self.averages is not None:
            self.averages = LazyAverages()  # type: ignore[assignment]

    def update_rows(self, key: Key, weights: Floats2d, rows: Ints1d, gradient: Floats2d) -> None:
        """Update the rows of a table that a batch used, in place.

        key (Tuple[int, str]): The key of the parameter.
        weights (Floats2d): The whole table, `(rows of the table, width)`.
        rows (Ints1d): The distinct rows that were used, `(rows,)`.
        gradient (Floats2d): Their gradient, `(rows, width)`.
        """
        xp: Any = get_array_module(weights)  # type: ignore[no-untyped-call]
        if key not in self.mom1:
            self.mom1[key], self.mom2[key] = xp.zeros_like(weights), xp.zeros_like(weights)
        self.nr_update[key] += 1
        step = self.nr_update[key]
        before = weights[rows]
        if self.L2 and not self.L2_is_weight_decay:
            gradient = gradient + self.L2 * before
        norm = xp.linalg.norm(gradient)
        if self.grad_clip and norm >= self.grad_clip:
            gradient = gradient * (self.grad_clip / norm)
        mom1 = self.b1 * self.mom1[key][rows] + (1 - self.b1) * gradient
        mom2 = self.b2 * self.mom2[key][rows] + (1 - self.b2) * gradient**2
        rate = self.learn_rate * (1 - self.b2**step) ** 0.5 / (1 - self.b1**step)
        after = before - rate * mom1 / (xp.sqrt(mom2) + self.eps)
        if self.L2 and self.L2_is_weight_decay:
            after -= self.learn_rate * self.L2 * after
        if isinstance(self.averages, LazyAverages):
            self.averages.of_table(key, weights).move(rows, before, after, step)
        self.mom1[key][rows], self.mom2[key][rows], weights[rows] = mom1, mom2, after


class LazyAverages(UserDict[Key, Any]):
    """Moving averages by key, like `Optimizer.averages`. Those of tables are updated when they are read."""

    def __getitem__(self, key: Key) -> FloatsXd:
        value = super().__getitem__(key)
        return value.read() if isinstance(value, _TableAverages) else value

    def of_table(self, key: Key, weights: Floats2d) -> "_TableAverages":
        """RETURNS (_TableAverages): The averages of a table's rows, to be updated."""
        if key not in self.data:
            self.data[key] = _TableAverages(weights)
        averages: _TableAverages = self.data[key]
        averages.weights = weights
        return averages


class _TableAverages:
    """The moving averages of a table of which only some rows change in a step.

    While a row stays the same, its average approaches it by the product of the steps' decays.

    weights (Floats2d): The table; set by `LazyAverages.of_table`, since its memory can change.
    """

    weights: Floats2d

    def __init__(self, weights: Floats2d) -> None:
        xp: Any = get_array_module(weights)  # type: ignore[no-untyped-call]
        self.averages: Floats2d = xp.zeros_like(weights)
        self.steps = xp.zeros(len(weights), dtype="int64")  # up to which each row's average is updated
        self.step = 0

    def move(self, rows: Ints1d, before: Floats2d, after: Floats2d, step: int) -> None:
        """Update the averages of rows whose values change in a step."""
        averages = self._catch_up(rows, before, step - 1)
        self.averages[rows] = after + _get_decay(step) * (averages - after)
        self.steps[rows] = self.step = step

    def read(self) -> Floats2d:
        """RETURNS (Floats2d): The averages of all rows, up to the last step."""
        self.averages = self._catch_up(slice(None), self.weights, self.step)
        self.steps[:] = self.step
        return self.averages

    def _catch_up(self, rows: Any, weights: Floats2d, step: int) -> Floats2d:
        xp: Any = get_array_module(weights)  # type: ignore[no-untyped-call]
        log_decays = _sum_log_decays(xp, 1 << step.bit_length())
        missed = log_decays[step] - log_decays[self.steps[rows]]
        factor = xp.exp(missed).astype("float32")[:, None]
        averages: Floats2d = weights + factor * (self.averages[rows] - weights)
        return averages


def _get_decay(step: Any) -> Any:
    """RETURNS (Union[float, FloatsXd]): The decay of the averages, as in Thinc's `Ops.update_averages`."""
    return np.minimum((1.0 + step) / (10.0 + step), 0.9999)


@lru_cache
def _sum_log_decays(xp: Any, size: int) -> Floats1d:
    """RETURNS (Floats1d): The summed logarithms of the decays of steps 1 to n, for all n < size."""
    decays = _get_decay(np.arange(size))
    decays[0] = 1.0
    return xp.asarray(np.log(decays).cumsum())  # type: ignore[no-any-return]


def create_lazy_adam(
    learn_rate: FloatOrSeq = ADAM_DEFAULTS["learn_rate"],
    *,
    L2: FloatOrSeq = ADAM_DEFAULTS["L2"],  # noqa: N803
    beta1: FloatOrSeq = ADAM_DEFAULTS["beta1"],
    beta2: FloatOrSeq = ADAM_DEFAULTS["beta2"],
    eps: FloatOrSeq = ADAM_DEFAULTS["eps"],
    grad_clip: FloatOrSeq = ADAM_DEFAULTS["grad_clip"],
    L2_is_weight_decay: bool = True,  # noqa: N803
    use_averages: bool = True,
) -> LazyAdam:
    """Create the optimizer. The arguments are those of Thinc's `Adam.v1`.

    learn_rate (float): The learning rate.
    L2 (float): Weight decay; of a table, only of the rows that a batch used.
    beta1 (float): The decay of the first moment.
    beta2 (float): The decay of the second moment.
    eps (float): Added to the root of the second moment.
    grad_clip (float): The maximum length of a parameter's gradient.
    L2_is_weight_decay (bool): Whether L2 shrinks the weights, rather than being part of the gradient.
    use_averages (bool): Whether to keep moving averages of the parameters.
    """
    return LazyAdam(
        learn_rate,
        L2=L2,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
        L2_is_weight_decay=L2_is_weight_decay,
        use_averages=use_averages,
    )
