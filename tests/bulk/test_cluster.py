"""On a Ray cluster of two machines (two nodes on this one): the rows of one machine, whatever dies."""

import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from helpers import read_files

from spacy_lstm_tagger.bulk import tag_files

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

TEXTS = ["I like green eggs", "Eat blue ham", "caf\xe9", "", "She sees old dogs now", "eggs"]


@pytest.fixture(scope="module")
def cluster():
    """RETURNS (str): The address of a cluster of two nodes with a core each."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file of 600 rows, of which a hundred are bad."""
    path = tmp_path_factory.mktemp("source") / "in.txt"
    path.write_bytes(b"\n".join([text.encode() for text in TEXTS[:5]] + [b"\xe9"]) + b"\n")
    path.write_bytes(path.read_bytes() * 100)
    return path


@pytest.fixture(scope="module")
def tag(model, source):
    return partial(tag_files, model, source, shard_size=20, on_error="skip")


@pytest.fixture(scope="module")
def tag_on_ray(tag, cluster):
    return partial(tag, engine="ray", ray_address=cluster, n_process=2)


@pytest.fixture(scope="module")
def expected(tag, tmp_path_factory):
    """What one machine gives."""
    folder = tmp_path_factory.mktemp("expected")
    tag(folder / "out")
    return read_files(folder / "out")


def test_the_rows_are_those_of_one_machine(tag_on_ray, expected, tmp_path):
    summary = tag_on_ray(tmp_path / "out")
    assert read_files(tmp_path / "out") == expected
    assert (summary.n_rows, summary.n_bad, summary.n_shards) == (500, 100, 30)
    assert tag_on_ray(tmp_path / "out").n_shards == 0


def find_workers():
    """RETURNS (List[int]): Processes on this machine that tag for Ray."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it just ended
            if b"_Worker" in path.read_bytes() and b"ray::" in path.read_bytes():
                found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_worker_that_is_killed_changes_nothing(tag_on_ray, expected, tmp_path):
    folder, killed = tmp_path / "out", []

    def kill():
        end = monotonic() + 100
        while monotonic() < end and not killed:
            if list(folder.glob("part-*")) and (workers := find_workers()):
                os.kill(workers[0], signal.SIGKILL)
                killed.append(workers[0])
            sleep(0.01)

    killer = Thread(target=kill)
    killer.start()
    summary = tag_on_ray(folder)
    killer.join()
    assert killed
    assert summary.n_shards == 30
    assert read_files(folder) == expected


def test_a_bad_row_stops_it_and_the_same_call_resumes(tag_on_ray, expected, tmp_path):
    with pytest.raises(ValueError, match=r"\[L416\] in.txt, row \d+: .*\[L307\]"):
        tag_on_ray(tmp_path / "out", on_error="stop")
    tag_on_ray(tmp_path / "out")
    assert read_files(tmp_path / "out") == expected


def test_a_cluster_that_is_not_there(tag_on_ray, tmp_path):
    ray = pytest.importorskip("ray")
    ray.shutdown()
    with pytest.raises(RuntimeError, match=r"\[L429\].*refused"):
        tag_on_ray(tmp_path / "out", ray_address="127.0.0.1:1")


def test_an_address_from_the_environment_is_checked(tag_on_ray, tmp_path, monkeypatch):
    pytest.importorskip("ray").shutdown()
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(RuntimeError, match=r"\[L429\].*refused"):
        tag_on_ray(tmp_path / "out", ray_address=None)


def test_without_an_address_a_cluster_is_started_and_none_is_looked_for(tag_on_ray, tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    ray.shutdown()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def init(address, **_):
        raise ConnectionError(address)

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(RuntimeError, match=r"\[L429\].*reached: local\."):
        tag_on_ray(tmp_path / "out", ray_address=None)


@pytest.mark.parametrize("address", ["localhost:", "localhost:http", "ray://localhost:66666"])
def test_an_address_without_a_port(tag_on_ray, tmp_path, address):
    ray = pytest.importorskip("ray")
    ray.shutdown()
    with pytest.raises(ValueError, match=rf"\[L418\] `ray_address` is '{address}'.*HOST:PORT"):
        tag_on_ray(tmp_path / "out", ray_address=address)


def test_without_ray(tag_on_ray, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"\[L420\].*spacy-lstm-tagger\[ray\]"):
        tag_on_ray(tmp_path / "out")


def test_unknown_engine(tag, tmp_path):
    with pytest.raises(ValueError, match=r"\[L418\] `engine` is 'spark'"):
        tag(tmp_path / "out", engine="spark")
