"""The precision that a setting names is used where the device has it, and refused where not."""

import platform

import pytest
import torch

from spacy_lstm_tagger import LSTMTaggerValueError
from spacy_lstm_tagger.models import precision
from spacy_lstm_tagger.models.precision import get_precision, has_bfloat16

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("avx512", [True, False])
@pytest.mark.parametrize("amx", [True, False])
def test_x86_needs_one_of_two_instruction_sets(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert has_bfloat16("cpu") == (avx512 or amx)


@pytest.mark.parametrize("machine", ["arm64", "aarch64"])
def test_arm_is_not_asked_for_instructions_of_x86(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    for x86 in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda x86=x86: x86)
        assert has_bfloat16("cpu") == torch.ops.mkldnn._is_mkldnn_bf16_supported()


@pytest.mark.parametrize("is_supported", [True, False])
def test_gpus_must_not_emulate_it(monkeypatch: pytest.MonkeyPatch, is_supported: bool) -> None:
    def answer(including_emulation: bool = True) -> bool:
        return including_emulation or is_supported

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", answer)
    assert has_bfloat16("cuda") == is_supported


@pytest.mark.parametrize("is_there", [True, False])
def test_float32_is_used_everywhere(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda _: is_there)
    assert get_precision("float32", CPU) == torch.float32


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_bfloat16_is_used_where_it_is(monkeypatch: pytest.MonkeyPatch, device: torch.device) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", device.type.__eq__)
    assert get_precision("bfloat16", device) == torch.bfloat16


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_bfloat16_is_refused_where_it_is_not(monkeypatch: pytest.MonkeyPatch, device: torch.device) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", device.type.__ne__)
    with pytest.raises(LSTMTaggerValueError, match=rf"\[L014\].*{device.type.upper()}.*float32"):
        get_precision("bfloat16", device)
