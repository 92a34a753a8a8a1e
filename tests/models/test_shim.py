"""The bridge to torch: updates, averages, and weights that come back as they were or not at all."""

import gc
import io
import os
import pickle
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import srsly
import torch
from thinc.api import SGD, Adam, Model, NumpyOps, Optimizer
from torch import Tensor, nn

from spacy_lstm_tagger.models.shim import TorchShim
from spacy_lstm_tagger.models.weights import FORMAT
from spacy_lstm_tagger.optimizers import create_lazy_adam

X = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])
GRADIENT = torch.tensor([[1.0, 0.0], [2.0, -1.0]])


def build(*, width: int, rate: float = 0.0) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 2), nn.Dropout(rate))


def make_shim(**fitted: Any) -> TorchShim:
    shim = TorchShim(build)
    shim.initialize(width=3, **fitted)
    return shim


def get_weights(shim: TorchShim) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in shim.module.state_dict().items()}


def update(shim: TorchShim, optimizer: Optimizer | None = None) -> None:
    _, backprop = shim.begin_update(X)
    backprop(GRADIENT)
    if optimizer is not None:
        shim.finish_update(optimizer)


def assert_same_weights(shim: TorchShim, expected: dict[str, Tensor]) -> None:
    torch.testing.assert_close(get_weights(shim), expected, rtol=0, atol=0)


# Updates


def test_without_initialization_there_is_no_network() -> None:
    shim = TorchShim(build)
    assert not shim.is_initialized
    with pytest.raises(ValueError, match="L201"):
        shim.predict(X)
    copy = make_shim()
    copy.from_bytes(shim.to_bytes())
    assert not copy.is_initialized
    shim.finish_update(SGD(0.1))
    with shim.use_params({}):
        pass


def test_dropout_is_only_for_updates() -> None:
    shim = make_shim(rate=0.5)
    before = shim.predict(X)
    assert torch.equal(shim.predict(X), before)
    outputs = torch.stack([shim.begin_update(X)[0] for _ in range(20)])
    assert 10 < (outputs == 0).sum() < 70  # of 80
    assert torch.equal(shim.predict(X), before)
    assert not before.requires_grad


@pytest.mark.parametrize("n_updates", [1, 3])
def test_optimizer_gets_the_sum_of_the_gradients(n_updates: int) -> None:
    shim = make_shim()
    before = get_weights(shim)
    for _ in range(n_updates):
        update(shim)
    assert_same_weights(shim, before)
    shim.finish_update(SGD(0.1, L2=0.0, grad_clip=0.0))
    expected = {
        "0.weight": before["0.weight"] - 0.1 * n_updates * GRADIENT.T @ X,
        "0.bias": before["0.bias"] - 0.1 * n_updates * GRADIENT.sum(0),
    }
    torch.testing.assert_close(get_weights(shim), expected)
    shim.finish_update(SGD(0.1, L2=0.0, grad_clip=0.0))  # the gradients are spent
    torch.testing.assert_close(get_weights(shim), expected)


def test_backprop_reaches_inputs_that_want_gradients() -> None:
    shim = make_shim()
    inputs = X.clone().requires_grad_()
    _, backprop = shim.begin_update(inputs)
    backprop(GRADIENT)
    torch.testing.assert_close(inputs.grad, GRADIENT @ get_weights(shim)["0.weight"])


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=str)
def test_updates_can_be_of_another_precision(precision: torch.dtype) -> None:
    shim = make_shim()
    weights, inputs = get_weights(shim), torch.randn(20, 3)
    expected = inputs @ weights["0.weight"].T + weights["0.bias"]
    outputs, backprop = shim.begin_update(inputs, precision=precision)
    assert outputs.dtype == torch.float32
    assert torch.allclose(outputs, expected, atol=1e-6) == (precision == torch.float32)
    torch.testing.assert_close(outputs, expected, atol=0.05, rtol=0)
    gradient = torch.randn(20, 2)
    backprop(gradient)
    found = shim.module[0].weight.grad
    assert found.dtype == torch.float32
    assert torch.allclose(found, gradient.T @ inputs, atol=1e-5) == (precision == torch.float32)
    torch.testing.assert_close(found, gradient.T @ inputs, atol=0.2, rtol=0)
    assert shim.predict(inputs).dtype == torch.float32, "autocast ends with the update"


# Tables, of which an update uses some rows


def build_table(*, sparse: bool) -> nn.Module:
    return nn.Sequential(nn.Embedding(6, 3, sparse=sparse), nn.Linear(3, 2))


def make_tables() -> tuple[TorchShim, TorchShim]:
    """RETURNS (Tuple[TorchShim, TorchShim]): The same network with sparse gradients and without."""
    sparse, dense = TorchShim(build_table), TorchShim(build_table)
    sparse.initialize(sparse=True)
    dense.initialize(sparse=False)
    dense.module.load_state_dict(sparse.module.state_dict())
    return sparse, dense


def look_up(shim: TorchShim, rows: list[int], factor: float = 1.0) -> None:
    outputs, backprop = shim.begin_update(torch.tensor(rows))
    backprop(factor * torch.arange(1.0, 1.0 + outputs.numel()).view_as(outputs))


def assert_same_networks(shim: TorchShim, other: TorchShim) -> None:
    torch.testing.assert_close(get_weights(shim), get_weights(other))


@pytest.mark.parametrize("optimizer", [Adam, SGD])
def test_any_optimizer_updates_tables(optimizer: Callable[[float], Optimizer]) -> None:
    (sparse, dense), first, second = make_tables(), optimizer(0.1), optimizer(0.1)
    for rows in ([1, 4, 1], [0], [5, 4]):
        for shim, its_optimizer in ((sparse, first), (dense, second)):
            look_up(shim, rows)
            shim.finish_update(its_optimizer)
        assert_same_networks(sparse, dense)
    averages = zip(first.averages.items(), second.averages.items(), strict=True)
    for ((_, name), average), ((_, other_name), expected) in averages:
        assert name == other_name
        np.testing.assert_allclose(average, expected, atol=1e-6)


def test_lazy_adam_gets_the_rows_that_were_used() -> None:
    (sparse, dense), lazy, adam = make_tables(), create_lazy_adam(0.1), Adam(0.1)
    for _ in range(3):  # where all rows are used, it is Thinc's Adam
        look_up(sparse, [0, 1, 2, 3, 4, 5, 3])
        look_up(dense, [0, 1, 2, 3, 4, 5, 3])
        sparse.finish_update(lazy)
        dense.finish_update(adam)
        assert_same_networks(sparse, dense)
    before = get_weights(sparse)["0.weight"]
    look_up(sparse, [4, 1, 4])
    sparse.finish_update(lazy)
    moved = (get_weights(sparse)["0.weight"] != before).any(dim=1)
    assert moved.tolist() == [False, True, False, False, True, False]
    before = get_weights(sparse)
    sparse.finish_update(lazy)  # the gradients are spent
    assert_same_weights(sparse, before)


def test_gradients_of_tables_add_up() -> None:
    (sparse, dense), lazy, adam = make_tables(), create_lazy_adam(0.1), Adam(0.1)
    for _ in range(3):
        for rows in ([0, 1, 2, 2], [2, 3], [5, 4, 3]):
            look_up(sparse, rows, 0.5)
            look_up(dense, rows, 0.5)
        sparse.finish_update(lazy)
        dense.finish_update(adam)
        assert_same_networks(sparse, dense)


def test_averages_of_tables_are_in_place_for_a_while() -> None:
    shim = TorchShim(build_table)
    shim.initialize(sparse=True)
    lazy, ops = create_lazy_adam(0.1), NumpyOps()
    expected = {name: np.zeros_like(weights) for name, weights in get_weights(shim).items()}
    for step, rows in enumerate(([1, 4], [4], [0, 2], [4, 4], [1]), start=1):
        look_up(shim, rows)
        shim.finish_update(lazy)
        before = get_weights(shim)
        for name, weights in before.items():
            ops.update_averages(expected[name], weights.numpy(), step)
        with shim.use_params(lazy.averages):
            averages = {name: torch.from_numpy(average) for name, average in expected.items()}
            torch.testing.assert_close(get_weights(shim), averages)
            assert (shim.module[0].weight - before["0.weight"]).abs().max() > 0.01
        assert_same_weights(shim, before)


# Averages


def make_averages(shim: TorchShim) -> Optimizer:
    optimizer = Adam(0.1, use_averages=True)
    for _ in range(3):
        update(shim, optimizer)
    return optimizer


def test_averages_are_in_place_for_a_while() -> None:
    shim = make_shim()
    optimizer = make_averages(shim)
    before = get_weights(shim)
    averages = {name: torch.from_numpy(optimizer.averages[(shim.id, name)].copy()) for name in before}
    assert (averages["0.weight"] - before["0.weight"]).abs().max() > 0.01
    model: Model[Any, Any] = Model("test", lambda *_: pytest.fail("not called"), shims=[shim])
    with model.use_params(optimizer.averages):
        assert_same_weights(shim, averages)
        expected = X @ averages["0.weight"].T + averages["0.bias"]
        torch.testing.assert_close(shim.predict(X), expected)
    assert_same_weights(shim, before)


def test_weights_come_back_after_an_error() -> None:
    shim = make_shim()
    optimizer = make_averages(shim)
    before = get_weights(shim)

    def fail() -> None:
        with shim.use_params(optimizer.averages):
            shim.derived["value"] = "of the averages"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert_same_weights(shim, before)
    assert shim.derived == {}


def test_weights_without_an_average_stay() -> None:
    shim = make_shim()
    before = get_weights(shim)
    bias = np.array([7.0, 8.0], dtype=np.float32)
    with shim.use_params({(shim.id, "0.bias"): bias, (shim.id + 1, "0.weight"): None, "other": bias}):
        assert_same_weights(shim, before | {"0.bias": torch.tensor([7.0, 8.0])})
    assert_same_weights(shim, before)


def test_updates_continue_after_averages() -> None:
    plain, averaged = make_shim(), make_shim()
    averaged.module.load_state_dict(plain.module.state_dict())
    optimizers = Adam(0.1, use_averages=True), Adam(0.1, use_averages=True)
    for _ in range(4):
        for shim, optimizer in zip((plain, averaged), optimizers, strict=True):
            update(shim, optimizer)
        with averaged.use_params(optimizers[1].averages):
            averaged.predict(X)
    assert_same_weights(averaged, get_weights(plain))


# What was derived from the weights


@pytest.mark.parametrize(
    "change",
    [
        lambda shim: update(shim, SGD(0.1)),
        lambda shim: shim.initialize(width=3),
        lambda shim: shim.from_bytes(shim.to_bytes()),
        lambda shim: shim.to_device("cpu", -1),
    ],
    ids=["finish_update", "initialize", "from_bytes", "to_device"],
)
def test_derived_is_forgotten_with_the_weights(change: Callable[[TorchShim], Any]) -> None:
    shim = make_shim()
    shim.derived["value"] = 1
    shim.predict(X)
    update(shim)
    assert shim.derived == {"value": 1}, "nothing has changed the weights yet"
    change(shim)
    assert shim.derived == {}


def test_derived_is_forgotten_when_averages_come_and_go() -> None:
    shim = make_shim()
    shim.derived["value"] = 1
    with shim.use_params({}):
        assert shim.derived == {}
        shim.derived["value"] = 2
    assert shim.derived == {}


# Weights as bytes


def flip(data: bytes, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def get_content(shim: TorchShim) -> dict[str, Any]:
    content: dict[str, Any] = srsly.msgpack_loads(srsly.msgpack_loads(shim.to_bytes())["content"])
    return content


def pack(content: Any, /, **changes: Any) -> bytes:
    """Bytes as a shim would write them, with other top-level entries."""
    packed = srsly.msgpack_dumps(content)
    message = {"format": FORMAT, "sha256": sha256(packed).digest(), "content": packed} | changes
    return bytes(srsly.msgpack_dumps(without_none(message)))


def without_none(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if value is not None}


def save(shim: TorchShim, **changes: Any) -> bytes:
    """The shim's bytes, with other content; None takes a part out."""
    return pack(without_none(get_content(shim) | changes))


def save_weights(shim: TorchShim, **changes: Any) -> bytes:
    return save(shim, weights=without_none(get_content(shim)["weights"] | changes))


def assert_refused(shim: TorchShim, data: bytes, message: str = r"\[L20[234]\]") -> None:
    """Check that data is refused with one of our codes, and that the shim stays as it was."""
    before, fitted, outputs = get_weights(shim), dict(shim.fitted), shim.predict(X)
    shim.derived["value"] = 1
    with pytest.raises(ValueError, match=message):
        shim.from_bytes(data)
    assert shim.fitted == fitted
    assert shim.derived == {"value": 1}
    assert_same_weights(shim, before)
    assert torch.equal(shim.predict(X), outputs)


def test_bytes_bring_back_the_network() -> None:
    shim, copy = make_shim(rate=0.25), TorchShim(build)
    data = shim.to_bytes()
    copy.from_bytes(data)
    assert torch.equal(copy.predict(X), shim.predict(X))
    assert copy.fitted == {"width": 3, "rate": 0.25}
    assert copy.module[1].p == 0.25
    assert copy.to_bytes() == data
    update(copy, SGD(0.1))  # the weights are writable, and its own
    assert not torch.equal(copy.predict(X), shim.predict(X))
    assert shim.to_bytes() == data


def test_disk_brings_back_the_network(tmp_path: Path) -> None:
    shim, copy = make_shim(), TorchShim(build)
    shim.to_disk(tmp_path / "shim")
    copy.from_disk(tmp_path / "shim")
    assert torch.equal(copy.predict(X), shim.predict(X))


def test_there_is_no_pickle_in_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    shim = make_shim()
    nn.init.constant_(shim.module[0].weight, 1.0)
    nn.init.constant_(shim.module[0].bias, 1.0)
    for module, name in ((pickle, "loads"), (pickle, "dumps"), (torch, "load"), (torch, "save")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("pickled"))
    data = shim.to_bytes()
    for magic in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04"):
        assert magic not in data
    assert srsly.msgpack_loads(data)["format"] == FORMAT
    content = get_content(shim)
    assert content["fitted"] == {"width": 3}
    assert {name: array.tolist() for name, array in content["weights"].items()} == {
        "0.weight": [[1.0] * 3] * 2,
        "0.bias": [1.0] * 2,
    }
    make_shim().from_bytes(data)


class Bomb:
    """Pickled, makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5, "torch"])
def test_pickles_are_not_opened(protocol: Any, tmp_path: Path) -> None:
    bomb = Bomb(tmp_path / "bomb")
    stream = io.BytesIO()
    torch.save(bomb, stream)
    data = stream.getvalue() if protocol == "torch" else pickle.dumps(bomb, protocol=protocol)
    assert_refused(make_shim(), data, r"\[L202\]")
    assert not bomb.path.exists()


@pytest.mark.parametrize("part", [i / 20 for i in range(20)])
def test_truncated_bytes_are_refused(part: float) -> None:
    shim = make_shim()
    data = shim.to_bytes()
    assert_refused(shim, data[: int(part * len(data))], r"\[L202\]")


def test_lengthened_bytes_are_refused() -> None:
    shim = make_shim()
    assert_refused(shim, shim.to_bytes() + b"\x00", r"\[L202\]")


def test_any_flipped_bit_is_found() -> None:
    data = make_shim().to_bytes()
    found = {get_error(flip(data, bit)) for bit in range(8 * len(data))}
    assert found == {"LSTMTaggerValueError: [L202]", "LSTMTaggerValueError: [L203]"}


def get_error(data: bytes) -> str:
    try:
        TorchShim(build).from_bytes(data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[: len("LSTMTaggerValueError: [L202]")]
    return ""


def test_format_1_is_read() -> None:
    """It had no checksum."""
    shim, copy = make_shim(rate=0.25), TorchShim(build)
    copy.from_bytes(srsly.msgpack_dumps({"format": 1, **get_content(shim)}))
    assert torch.equal(copy.predict(X), shim.predict(X))
    assert copy.fitted == {"width": 3, "rate": 0.25}


# By fuzz/shim.py: an array of a structured type can't be compared with a number, and one of a number can.
ARRAYS = [np.zeros(1, dtype=[("a", "<f4")]), np.ones(2), np.array([FORMAT]), np.float64(FORMAT)]


@pytest.mark.parametrize("found", [0, FORMAT + 1, "1", [1], {}, True, float(FORMAT), *ARRAYS])
def test_other_format_is_refused(found: Any) -> None:
    shim = make_shim()
    assert_refused(shim, pack(get_content(shim), format=found), r"\[L203\]")


@pytest.mark.parametrize(
    "changes", [{"format": None}, {"content": None}, {"sha256": None}, {"content": "x"}, {"sha256": b"x"}]
)
def test_wrong_envelope_is_refused(changes: dict[str, Any]) -> None:
    shim = make_shim()
    assert_refused(shim, pack(get_content(shim), **changes), r"\[L202\]")


@pytest.mark.parametrize(
    "changes",
    [
        {"fitted": None},
        {"weights": None},
        {"fitted": [3]},
        {"weights": [1.0]},
        {"weights": "weights"},
        {"fitted": {}},
        {"fitted": {"width": "3"}},
        {"fitted": {"width": -3}},
        {"fitted": {"width": 3, "depth": 2}},
    ],
)
def test_wrong_parts_are_refused(changes: dict[str, Any]) -> None:
    shim = make_shim()
    assert_refused(shim, save(shim, **changes), r"\[L202\]")


@pytest.mark.parametrize("message", [None, 1, "weights", [1, 2], {}])
def test_other_msgpack_is_refused(message: Any) -> None:
    assert_refused(make_shim(), srsly.msgpack_dumps(message), r"\[L202\]")
    assert_refused(make_shim(), pack(message), r"\[L202\]")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"0.bias": None}, "'0.bias' is missing"),
        ({"1.bias": np.zeros(2, dtype=np.float32)}, "the network has no '1.bias'"),
        ({"0.bias": np.zeros(3, dtype=np.float32)}, r"'0.bias' has shape \(3,\).*\(2,\)"),
        ({"0.weight": np.zeros((3, 2), dtype=np.float32)}, r"'0.weight' has shape"),
        ({"0.bias": np.zeros(2, dtype=np.float64)}, "'0.bias' has type float64"),
        ({"0.bias": np.zeros(2, dtype=">f4")}, "'0.bias' has type >f4"),
        ({"0.bias": [0.0, 0.0]}, "'0.bias' is not an array"),
        ({"0.bias": np.array([0.0, np.nan], dtype=np.float32)}, "'0.bias' has NaN"),
        ({"0.bias": np.array([np.inf, 0.0], dtype=np.float32)}, "'0.bias' has NaN or infinite"),
    ],
)
def test_wrong_weights_are_refused(changes: dict[str, Any], problem: str) -> None:
    shim = make_shim()
    assert_refused(shim, save_weights(shim, **changes), rf"\[L204\].*{problem}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fitted": {"width": 2**63}}, "L202"),  # torch adds its stack
        ({"fitted": {"x" * 100_000: 1}}, "L202"),
        ({"weights": {"x" * 100_000: 1}}, "L204"),
        ({"weights": {b"nd": True, b"type": [["x"] * 9999], b"kind": b"V", b"data": b""}}, "L202"),
    ],
)
def test_messages_are_for_reading(changes: dict[str, Any], code: str) -> None:
    shim = make_shim()
    with pytest.raises(ValueError, match=code) as caught:
        shim.from_bytes(save(shim, **changes))
    assert_short(str(caught.value))
    with pytest.raises(ValueError, match=r"\[L203\]") as caught:
        shim.from_bytes(pack(get_content(shim), format="x" * 100_000))
    assert_short(str(caught.value))


def assert_short(message: str) -> None:
    assert len(message) < 1000
    assert "\n" not in message


def test_damaged_size_takes_no_memory() -> None:
    """The network is built before its sizes can be compared with those of the weights."""
    devices = []

    def build_and_watch(**fitted: Any) -> nn.Module:
        module = build(**fitted)
        devices.append(module[0].weight.device.type)
        return module

    shim, data = TorchShim(build_and_watch), save(make_shim(), fitted={"width": 2**40})
    with pytest.raises(ValueError, match=rf"\[L204\].*shape \(2, 3\) in the file, \(2, {2**40}\)"):
        shim.from_bytes(data)
    assert devices == ["meta"]
    shim.from_bytes(make_shim().to_bytes())
    assert {tensor.device.type for tensor in shim.module.state_dict().values()} == {"cpu"}


@pytest.mark.parametrize("width", [4, 10**10, 10**14])
def test_fitted_of_another_size_is_refused(width: int) -> None:
    """Before memory is taken for it."""
    shim = make_shim()
    assert_refused(shim, save(shim, fitted={"width": width}), r"\[L204\]")


def test_lengths_beyond_the_data_are_refused() -> None:
    """Msgpack's own headers may claim four billion entries."""
    shim = make_shim()
    for header in (b"\xdd", b"\xdf", b"\xdb", b"\xc6"):  # array, map, str, bin
        assert_refused(shim, header + b"\xff" * 4, r"\[L202\]")
    packed = srsly.msgpack_dumps(get_content(shim))
    shape = packed.index(b"shape")
    assert_refused(shim, pack_bytes(packed[:shape] + b"shape\xdd" + b"\xff" * 4 + packed[shape + 7 :]))


def pack_bytes(packed: bytes) -> bytes:
    return pack(None, content=packed, sha256=sha256(packed).digest())


@pytest.mark.parametrize("name", [0, b"0.bias"])
def test_weights_without_a_proper_name_are_refused(name: Any) -> None:
    shim = make_shim()
    weights = get_content(shim)["weights"]
    assert_refused(shim, save(shim, weights=weights | {name: weights["0.bias"]}))


def test_damaged_bytes_leave_garbage_collection_on() -> None:
    """srsly turns it off while it reads, and forgets to turn it on again after an error."""
    try:
        with pytest.raises(ValueError, match="L202"):
            make_shim().from_bytes(b"\xc1")
        assert gc.isenabled()
    finally:
        gc.enable()


# Copies


@pytest.mark.parametrize("copy", [deepcopy, TorchShim.copy, lambda shim: pickle.loads(pickle.dumps(shim))])
def test_copies_predict_the_same_and_learn_separately(copy: Callable[[TorchShim], TorchShim]) -> None:
    shim = make_shim()
    shim.derived["lock"] = gc.collect  # stands for what copies must not share
    other = copy(shim)
    assert other.derived == {}
    assert torch.equal(other.predict(X), shim.predict(X))
    assert other.fitted == shim.fitted
    before = shim.predict(X)
    update(other, SGD(0.1))
    assert torch.equal(shim.predict(X), before)
    assert not torch.equal(other.predict(X), before)


def test_weights_without_a_gradient_stay() -> None:
    """Others learn, whatever their order."""
    for frozen, learned in (("0.weight", "0.bias"), ("0.bias", "0.weight")):
        shim = make_shim()
        before = get_weights(shim)
        shim.module.get_parameter(frozen).requires_grad_(False)
        update(shim, SGD(0.1))
        assert torch.equal(get_weights(shim)[frozen], before[frozen])
        assert not torch.equal(get_weights(shim)[learned], before[learned])


def test_device_is_that_of_the_weights() -> None:
    """The device `meta` holds no numbers, and is everywhere."""
    assert TorchShim(build).device == torch.device("cpu")
    shim = make_shim()
    assert shim.device == torch.device("cpu")
    shim.module.to("meta")
    assert shim.device == torch.device("meta")
