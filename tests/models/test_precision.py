"""The precision that is asked for is taken where it is of use, and else it is said that it is not."""

import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from spacy_lstm_tagger.models import precision
from spacy_lstm_tagger.models.precision import get_precision, is_bfloat16_fast

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def _measured_anew() -> Iterator[None]:
    is_bfloat16_fast.cache_clear()
    yield
    is_bfloat16_fast.cache_clear()


def pretend(patch: pytest.MonkeyPatch, **seconds: float) -> list[torch.dtype]:
    """Let a product take so many seconds in a precision. RETURNS (List[dtype]): Those of all products."""
    clock = [0.0]
    computed: list[torch.dtype] = []

    def multiply(a: Tensor, b: Tensor) -> None:
        assert a.dtype == b.dtype
        computed.append(a.dtype)
        # Now and then, something else holds the processor up.
        busy = 5.0 if len(computed) % 3 == 0 else 0.0
        clock[0] += seconds[str(a.dtype).removeprefix("torch.")] + busy

    patch.setattr(torch, "mm", multiply)
    patch.setattr(precision.time, "perf_counter", lambda: clock[0])
    return computed


@pytest.mark.parametrize(("bfloat16", "is_fast"), [(0.5, True), (0.85, True), (0.95, False), (2.0, False)])
def test_cpus_are_measured(monkeypatch: pytest.MonkeyPatch, bfloat16: float, is_fast: bool) -> None:
    computed = pretend(monkeypatch, float32=1.0, bfloat16=bfloat16)
    assert is_bfloat16_fast("cpu") == is_fast
    assert set(computed) == {torch.float32, torch.bfloat16}
    computed.clear()
    assert is_bfloat16_fast("cpu") == is_fast
    assert computed == [], "measured once"


@pytest.mark.parametrize("is_supported", [True, False])
def test_gpus_are_asked(monkeypatch: pytest.MonkeyPatch, is_supported: bool) -> None:
    def answer(including_emulation: bool = True) -> bool:
        return including_emulation or is_supported

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", answer)
    pretend(monkeypatch)
    assert is_bfloat16_fast("cuda") == is_supported


@pytest.mark.parametrize("is_fast", [True, False])
def test_float32_is_taken_everywhere(monkeypatch: pytest.MonkeyPatch, is_fast: bool) -> None:
    monkeypatch.setattr(precision, "is_bfloat16_fast", lambda _: is_fast)
    assert get_precision("float32", CPU) == torch.float32


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_bfloat16_is_taken_where_it_is_fast(monkeypatch: pytest.MonkeyPatch, device: torch.device) -> None:
    monkeypatch.setattr(precision, "is_bfloat16_fast", device.type.__eq__)
    assert get_precision("bfloat16", device) == torch.bfloat16


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_float32_is_taken_where_bfloat16_is_slow(
    monkeypatch: pytest.MonkeyPatch, device: torch.device
) -> None:
    monkeypatch.setattr(precision, "is_bfloat16_fast", device.type.__ne__)
    with pytest.warns(UserWarning, match=rf"\[W001\].*bfloat16.*{device.type.upper()}.*float32"):
        assert get_precision("bfloat16", device) == torch.float32


def test_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "is_bfloat16_fast", lambda _: False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            get_precision("bfloat16", CPU)
    assert len(caught) == 1
