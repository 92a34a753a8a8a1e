"""However a run ends, the same call resumes it, and the output is that of an uninterrupted run."""

import multiprocessing
import os
import shutil
import signal
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from time import sleep

import pytest
from helpers import read_files
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_lstm_tagger.bulk import apply, lines, tag_files
from spacy_lstm_tagger.bulk.layout import MANIFEST, lay_out, remove_leftovers
from spacy_lstm_tagger.bulk.processes import run_in_processes

ROWS = ["I like green eggs", "Eat blue ham", "caf\xe9", "", "She sees old dogs now", "\xe9", "eggs"]
OUTPUTS = pytest.mark.parametrize("output", ["out", "out.jsonl"])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file of seven rows, of which two are bad."""
    path = tmp_path_factory.mktemp("source") / "in.txt"
    path.write_text("\n".join(ROWS), encoding="latin1")
    return path


def tag(model, source, output, **settings):
    return tag_files(model, source, output, **{"on_error": "skip", "shard_size": 2} | settings)


@pytest.fixture(scope="module")
def expected(model, source, tmp_path_factory):
    """What uninterrupted runs leave, by the name of the output."""
    folders = {}
    for output in ("out", "out.jsonl"):
        folder = tmp_path_factory.mktemp("whole")
        tag(model, source, folder / output)
        folders[output] = read_files(folder)
    return folders


# Every step that changes what is on the disk.
STEPS = (
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "rmdir"),
    (Path, "mkdir"),
    (Path, "write_text"),
    (os, "fsync"),
    (shutil, "rmtree"),
    (shutil, "copyfileobj"),
    (lines.JsonlWriter, "write"),
    (lines.JsonlWriter, "close"),
)


def interrupt_at(patch, step, interrupt, steps=STEPS):
    """Interrupt a call of one of the steps: even numbers before it, odd numbers after it."""
    numbers = count()

    def wrap(function):
        def call(*args, **kwargs):
            if next(numbers) == step:
                interrupt()
            result = function(*args, **kwargs)
            if next(numbers) == step:
                interrupt()
            return result

        return call

    for owner, name in steps:
        patch.setattr(owner, name, wrap(getattr(owner, name)))
    return numbers


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def raise_interrupt():
    raise KeyboardInterrupt


def run_and_die(step, *args):
    """Run in a process that is killed at a step.

    RETURNS (bool): Whether it was killed, and did not end before.
    """
    child = os.fork()
    if not child:
        with pytest.MonkeyPatch.context() as patch:
            interrupt_at(patch, step, die)
            try:
                tag(*args)
            finally:
                os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def resume(model, source, output):
    """Run it again; if there is nothing left to do, that does nothing."""
    tag(model, source, output)


@OUTPUTS
def test_killed_at_any_step(output, model, source, expected, tmp_path):
    tag(model, source, tmp_path / "warm")  # so that forked processes find the pipeline loaded
    for step in count():
        folder = tmp_path / str(step)
        folder.mkdir()
        was_killed = run_and_die(step, model, source, folder / output)
        if not was_killed:
            break
        resume(model, source, folder / output)
        assert read_files(folder) == expected[output], step
    assert step > 30


@settings(max_examples=10)
@given(
    steps=st.lists(st.integers(0, 50), min_size=1, max_size=4), output=st.sampled_from(["out", "out.jsonl"])
)
def test_interrupted_many_times(steps, output, model, source, expected, tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    for step in steps:
        with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
            interrupt_at(patch, step, raise_interrupt, STEPS[:-1])  # a file that is not closed warns
            resume(model, source, folder / output)
    resume(model, source, folder / output)
    assert read_files(folder) == expected[output]


@OUTPUTS
def test_finished_shards_are_not_repeated(output, model, source, tmp_path, monkeypatch):
    def stop_after_two(*args):
        for number, result in enumerate(run_here(*args), start=1):
            yield result
            if number == 2:
                raise KeyboardInterrupt

    run_here = apply.run_here
    with monkeypatch.context() as patch:
        patch.setattr(apply, "run_here", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            tag(model, source, tmp_path / output)
    summary = tag(model, source, tmp_path / output, batch_size=1)
    assert (summary.n_shards, summary.n_finished_before) == (2, 2)
    assert (summary.n_rows, summary.n_bad) == (2, 1), "of rows 5 to 7"
    assert len(summary.bad_rows.read_text().splitlines()) == 2, "of both runs"


def test_a_finished_run(model, source, tmp_path):
    tag(model, source, tmp_path / "out")
    before = read_files(tmp_path)
    summary = tag(model, source, tmp_path / "out")
    assert (summary.n_shards, summary.n_finished_before) == (0, 4)
    assert read_files(tmp_path) == before
    tag(model, source, tmp_path / "out.jsonl")
    before = read_files(tmp_path)
    summary = tag(model, source, tmp_path / "out.jsonl")
    assert (summary.n_shards, summary.n_finished_before) == (0, 4)
    assert read_files(tmp_path) == before


@OUTPUTS
def test_a_finished_run_is_replaced_only_by_force(output, model, source, tmp_path):
    tag(model, source, tmp_path / output)
    before = read_files(tmp_path)
    other = tmp_path / "other.txt"
    other.write_text("I like ham\n")
    with pytest.raises(ValueError, match=r"L409.*--force"):
        tag(model, other, tmp_path / output)
    other.unlink()
    assert read_files(tmp_path) == before
    other.write_text("I like ham\n")
    assert tag(model, other, tmp_path / output, force=True).n_rows == 1
    tag(model, other, tmp_path / "expected" / output)
    found, expected = (
        (
            {
                name: data
                for name, data in read_files(folder).items()
                if "manifest" not in name and name != "other.txt"
            }
            for folder in (tmp_path / output, tmp_path / "expected" / output)
            if folder.is_dir()
        )
        if (tmp_path / output).is_dir()
        else (
            (tmp_path / output).read_bytes(),
            (tmp_path / "expected" / output).read_bytes(),
        )
    )
    assert found == expected


def test_force_leaves_other_files_alone(model, source, tmp_path):
    tag(model, source, tmp_path / "out")
    (tmp_path / "out" / "thesis.txt").write_text("all of it")
    with pytest.raises(ValueError, match="L406"):
        tag(model, source, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "thesis.txt").read_text() == "all of it"


@OUTPUTS
def test_the_advice_of_a_failed_run_can_be_followed(output, model, tmp_path):
    """Nothing was finished, so nothing is bound: not the columns, not the input."""
    data = tmp_path / "in.jsonl"
    data.write_text('{"content": "I like ham"}\n{"content": 3}\n')
    with pytest.raises(ValueError, match=r"L416.*L421"):
        tag_files(model, data, tmp_path / output)
    with pytest.raises(ValueError, match=r"L416.*L422"):
        tag_files(model, data, tmp_path / output, text_column="content")
    data.write_text('{"content": "I like ham"}\n{"content": "3"}\n')
    assert tag_files(model, data, tmp_path / output, text_column="content").n_rows == 2


@pytest.mark.parametrize("name", ["out.json", "out.tsv", "out.html", "out.TXT"])
def test_an_output_of_an_unknown_format_is_refused(name, model, source, tmp_path):
    with pytest.raises(ValueError, match=rf"L434.*{name} ends in \{name[3:]}.*jsonl"):
        tag(model, source, tmp_path / name)
    assert not (tmp_path / name).exists()
    tag(model, source, f"{tmp_path / name}/")
    assert (tmp_path / name / MANIFEST).is_file()


@pytest.mark.parametrize("name", ["run.v1", "run.v1.2", "2026.11.26", "out"])
def test_names_of_folders_may_have_dots(name, model, source, tmp_path):
    tag(model, source, tmp_path / name)
    assert (tmp_path / name / MANIFEST).is_file()


def test_another_run_is_refused(model, source, tmp_path):
    """The message names what differs; the output stays."""
    copy = shutil.copytree(model, tmp_path / "model")
    data = tmp_path / "in.txt"
    shutil.copy(source, data)
    tag(copy, data, tmp_path / "out")
    before = read_files(tmp_path / "out")
    for changed, name in (
        ({"scores": True}, "scores"),
        ({"shard_size": 3}, "shard_size"),
        ({"component": "other"}, "component"),
        ({"output_format": "parquet"}, "format"),
    ):
        with pytest.raises(ValueError, match=f"L409.*'{name}' was"):
            tag(copy, data, tmp_path / "out", **changed)
    (copy / "meta.json").write_text((copy / "meta.json").read_text() + " ")
    with pytest.raises(ValueError, match=r"L409.*'model' was"):
        tag(copy, data, tmp_path / "out")
    shutil.copy(model / "meta.json", copy)
    os.utime(data, ns=(0, 0))
    with pytest.raises(ValueError, match=r"L409.*'input' was 'in.txt of 65 bytes.*modified at 0 ns"):
        tag(copy, data, tmp_path / "out")
    data.rename(tmp_path / "other.txt")
    with pytest.raises(ValueError, match=r"L409.*'input' was 'in.txt of 65 bytes.*now is 'no in.txt'"):
        tag(copy, tmp_path / "other.txt", tmp_path / "out")
    assert read_files(tmp_path / "out") == before


def test_a_damaged_manifest_is_refused(model, source, tmp_path):
    tag(model, source, tmp_path / "out")
    for text in ("{", "3", "null"):
        (tmp_path / "out" / MANIFEST).write_text(text)
        with pytest.raises(ValueError, match="L408"):
            tag(model, source, tmp_path / "out")


def test_input_that_changes_during_the_run_is_refused(model, source, tmp_path, monkeypatch):
    data = tmp_path / "in.txt"
    shutil.copy(source, data)
    write = lines.JsonlWriter.write

    def change(*args):
        data.write_text("other\n" * 20)
        write(*args)

    monkeypatch.setattr(lines.JsonlWriter, "write", change)
    with pytest.raises(ValueError, match="L410"):
        tag(model, data, tmp_path / "out")


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("data", "data"),
        ("data", "data/out.jsonl"),
        ("data", "."),
        ("data/in.jsonl", "data"),
        ("data/in.jsonl", "data/in.jsonl"),
        ("data/in.jsonl", "data/../data/in.jsonl"),
        ("data/*.jsonl", "data/in.jsonl"),
        ("data/link.jsonl", "data/in.jsonl"),
        ("data/in.errors.jsonl", "data/in.csv"),  # where this run's bad rows would be
        ("data/out.csv.parts/part-0.csv", "data/out.csv"),
    ],
)
def test_the_input_survives_force(source, output, model, tmp_path):
    folder = tmp_path / "data"
    (folder / "out.csv.parts").mkdir(parents=True)
    for name in ("in.jsonl", "in.errors.jsonl", "part-0.jsonl"):
        (folder / name).write_text('{"text": "the dog"}\n')
    (folder / "out.csv.parts" / "part-0.csv").write_text("text\nthe dog\n")
    (folder / "link.jsonl").symlink_to(folder / "in.jsonl")
    before = read_files(tmp_path)
    with pytest.raises(ValueError, match="L405"):
        tag(model, tmp_path / source, f"{tmp_path}/{output}", force=True)
    assert read_files(tmp_path) == before


def test_places_that_are_refused(model, source, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(source, data / "in.txt")
    (data / "in.jsonl").write_text("{}")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").touch()
    (tmp_path / "out.errors.jsonl").touch()
    before = read_files(tmp_path)
    for given_source, output, message in (
        (data, data / "out", "L405"),
        (data, data, "L405"),
        (data, data / "out.parquet", "L405"),
        (data / "in.jsonl", data / "in.jsonl", "L405"),
        (data / "in.txt", tmp_path / "mine", "L406"),
        (data / "in.txt", data / "in.jsonl", "L406"),
        (data / "in.txt", tmp_path / "out.jsonl", "L406"),
        (tmp_path / "none", tmp_path / "o", "L411"),
        (tmp_path / "mine", tmp_path / "o", "L411"),
        (tmp_path / "mine" / "notes", tmp_path / "o", "L412"),
    ):
        with pytest.raises(ValueError, match=message):
            tag(model, given_source, output)
    for changed, message in (
        ({"output_format": "xlsx"}, "L403"),
        ({"on_error": "ignore"}, "L418"),
        ({"n_process": 0}, "L419"),
        ({"component": "tagger"}, "L401"),
    ):
        with pytest.raises(ValueError, match=message):
            tag(model, source, tmp_path / "o", **changed)
    with pytest.raises(ValueError, match="L404"):
        tag(model, source, tmp_path / "o.jsonl", output_format="parquet")
    with pytest.raises(ValueError, match="L407"):
        tag(tmp_path / "no_model", source, tmp_path / "o2")
    shutil.rmtree(tmp_path / "o")
    assert read_files(tmp_path) == before


@pytest.mark.parametrize("name", ["in.parquet", "in.spacy"])
def test_damaged_files_are_refused_before_anything_is_written(name, model, tmp_path):
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(ValueError, match=f"L413.*{name}"):
        tag(model, tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Processes


def write_many(path):
    path.write_text("".join(f"I like {i} eggs\n" for i in range(60)))
    return path


def test_workers_that_die_or_are_given_up(model, tmp_path, monkeypatch):
    data = write_many(tmp_path / "in.txt")
    tag(model, data, tmp_path / "expected", shard_size=1)

    def kill_workers(task, shards, n_process):
        results = run_in_processes(task, shards, n_process)
        yield next(results)
        for worker in multiprocessing.active_children():
            os.kill(worker.pid, signal.SIGKILL)
        yield from results

    def give_up(task, shards, n_process):
        results = run_in_processes(task, shards, n_process)
        yield next(results)
        results.close()
        raise KeyboardInterrupt

    for engine, error, message in (
        (kill_workers, RuntimeError, "L417"),
        (give_up, KeyboardInterrupt, "^$"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(apply, "run_in_processes", engine)
            with pytest.raises(error, match=message):
                tag(model, data, tmp_path / "out", shard_size=1, n_process=2)
        assert 0 < len(list((tmp_path / "out").glob("part-*"))) < 60
        assert multiprocessing.active_children() == []
    summary = tag(model, data, tmp_path / "out", shard_size=1, n_process=2)
    assert 0 < summary.n_finished_before < 60
    assert read_files(tmp_path / "out") == read_files(tmp_path / "expected")


def test_no_worker_outlives_a_command_that_is_killed(model, tmp_path):
    data = write_many(tmp_path / "in.txt")
    command = [sys.executable, "-m", "spacy", "lstm-tagger", "apply", str(model), str(data), "out"]
    options = ["--n-process", "2", "--shard-size", "1"]
    process = Popen([*command, *options], cwd=tmp_path, stdout=PIPE, stderr=PIPE)
    while not any((tmp_path / "out").glob("part-*")) and process.poll() is None:
        sleep(0.01)
    process.kill()
    process.communicate(timeout=100)  # until no process holds the pipes
    tag(model, data, tmp_path / "expected", shard_size=1, on_error="stop")
    tag(model, data, tmp_path / "out", shard_size=1)
    assert read_files(tmp_path / "out") == read_files(tmp_path / "expected")


# What is on the disk


def test_a_file_is_on_the_disk_before_it_gets_its_name(model, source, tmp_path, monkeypatch):
    fsync, replace = os.fsync, Path.replace
    synced, renamed = set(), {}

    def sync(descriptor):
        fsync(descriptor)
        file = os.fstat(descriptor)
        synced.add((file.st_ino, file.st_size))

    def rename(path, target):
        file = path.stat()
        renamed[Path(target).name] = (file.st_ino, file.st_size) in synced
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", rename)
    tag(model, source, tmp_path / "out.jsonl")
    parts = {f"part-{number:08}.jsonl" for number in range(4)}
    assert renamed == dict.fromkeys(
        [*parts, ".out.jsonl.manifest.json", "out.jsonl", "out.errors.jsonl"], True
    )


@OUTPUTS
def test_what_a_worker_leaves_is_removed_at_the_end_of_the_run(
    output, model, source, expected, tmp_path, monkeypatch
):
    """A worker on another machine can die while this run goes on: another takes its shard."""

    def leave_something(task, shards):
        (task.layout.folder / ".writing-elsewhere-1-part-00000001.jsonl").write_text("half a li")
        return run_here(task, shards)

    run_here = apply.run_here
    monkeypatch.setattr(apply, "run_here", leave_something)
    tag(model, source, tmp_path / output)
    assert read_files(tmp_path) == expected[output]


def test_a_file_where_a_folder_is_wanted_is_refused(model, source, tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ValueError, match=r"L406.*notes already exists"):
        tag(model, source, tmp_path / "notes")
    assert read_files(tmp_path) == {"notes": b"mine"}


def test_a_leftover_that_another_process_removes_first(tmp_path, monkeypatch):
    """It is found, and gone when it is to be removed."""
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [folder / pattern.replace("*", "gone")])
    remove_leftovers(lay_out(tmp_path, None))
