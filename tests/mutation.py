"""Mutants: random small changes of the package, each of which a test must notice. See docs/development.md.

The first run copies the checkout. Later runs with the same folder go on with that copy of the package: what
was not tested yet, or survived, is tested with the present tests.
"""

import ast
import os
import random
import shutil
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from difflib import unified_diff
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy  # noqa: F401  (once, for all mutants)
import torch  # noqa: F401
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

ROOT = Path(__file__).parent.parent
PACKAGE = Path("spacy_lstm_tagger")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "training", "packages", "work")
TESTS = {  # of the modules to mutate, besides the tests with the name of the module or of its folder
    "batchers.py": "test_training.py",
    "bulk/layout.py bulk/manifest.py": "bulk/test_resuming.py",
    "bulk/rows.py bulk/tagging.py": "bulk/test_bad_rows.py bulk/test_formats.py",
    "bulk/running.py bulk/shards.py": "bulk/test_formats.py bulk/test_bad_rows.py bulk/test_resuming.py",
    "corpora/*.py": (
        "corpora/test_readers.py corpora/test_damage.py corpora/test_columns.py corpora/test_jsonl.py "
        "test_check_command.py"
    ),
    "features.py vocabulary.py": "test_features.py models/test_tok2vec.py models/test_type_cache.py",
    "metrics/*.py": "scorers report/test_evaluation.py",
    "models/decoder.py models/ensemble.py models/tagger.py": (
        "models/test_tagger.py models/test_shim.py pipeline/test_decoding.py pipeline/test_lstm_tagger.py"
    ),
    "models/labeling.py": "models/test_decoder.py models/test_ensemble.py pipeline/test_decoding.py",
    "models/predictor.py models/tok2vec.py models/type_cache.py": "models/test_tok2vec.py",
    "models/shim.py models/weights.py": "models/test_shim.py models/test_tok2vec.py test_loading.py",
    "networks/*.py networks/prediction/*.py": (
        "networks/test_decoders.py networks/test_encoder.py models/test_predictor.py"
    ),
    "networks/crf/*.py": "networks/test_decoders.py pipeline/test_decoding.py",
    "optimizers.py": "models/test_shim.py",
    "pipeline/l[!_]*.py": "pipeline/test_lstm_tagger.py pipeline/test_decoding.py",
    "pipeline/calibration.py pipeline/predictions.py": "pipeline/test_decoding.py test_cli.py",
    "pipeline/rollback.py pipeline/saving.py": "test_loading.py",
    "ragged.py": "models/test_predictor.py models/test_decoder.py",
    "schemes.py": "scorers networks/test_constraints.py",
    "scorers/*.py": "metrics/test_calibration.py",
}
SLOW = "100_000 cluster compiler document_of fork is_killed processes spawned ten_thousand workers"
TIMEOUT = 120  # seconds; a mutant that needs more is taken for killed


def find_modules() -> dict[Path, list[str]]:
    """RETURNS (Dict[Path, List[str]]): The modules to mutate, with the paths of their tests."""
    found = {}
    for patterns, others in TESTS.items():
        for path in sorted(path for pattern in patterns.split() for path in PACKAGE.glob(pattern)):
            own = [Path("tests").rglob(f"test_{name}.py") for name in (path.stem, path.parent.stem)]
            tests = [str(test) for tests in own for test in sorted(tests)]
            found[path] = list(dict.fromkeys(tests + [f"tests/{test}" for test in others.split()]))
    return found


def find_exempt(module: ast.AST) -> Iterator[ast.AST]:
    """YIELDS (AST): What is no behavior: annotations, imports for them, messages, `strict` of `zip`."""
    for node in ast.walk(module):
        yield from filter(None, (getattr(node, name, None) for name in ("annotation", "returns")))
        match node:
            case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.AnnAssign(annotation=ast.Name("TypeAlias")):
                yield node
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name("Errors" | "Warnings")))):
                yield node
            case ast.keyword("strict" | "stacklevel"):
                yield node


def is_exempt(mutation: MutationSpec, exempt: list[ast.AST]) -> bool:
    """RETURNS (bool): Whether the place of a mutation is in one of the exempt nodes of its module."""
    return any(
        (node.lineno, node.col_offset) <= mutation.start_pos < (node.end_lineno, node.end_col_offset)
        for node in exempt
    )


def compiles(mutation: MutationSpec) -> bool:
    """RETURNS (bool): Whether Python can compile the mutated code."""
    code, operator = mutation.module_path.read_text("utf8"), get_operator(mutation.operator_name)()
    with suppress(SyntaxError):
        return bool(compile(mutate_code(code, operator, mutation.occurrence), "", "exec"))
    return False


def sample(database: WorkDB, modules: list[Path], number: int, seed: int) -> None:
    """Fill a session with random mutants, of as many places; some of them may not compile."""
    init(modules, database, {})
    items = sorted(database.work_items, key=lambda item: str(item.mutations))
    exempt = {path: list(find_exempt(ast.parse(path.read_text("utf8")))) for path in modules}
    items = [
        item for item in items if not is_exempt(item.mutations[0], exempt[item.mutations[0].module_path])
    ]
    random.Random(seed).shuffle(items)
    by_place = {(item.mutations[0].module_path, item.mutations[0].start_pos): item for item in items}
    chosen = random.Random(seed).sample(list(by_place.values()), number)
    database.clear()
    database.add_work_items([item for item in chosen if compiles(item.mutations[0])])


class QuickHypothesis:
    """A plugin of pytest: Hypothesis tries the same few examples in each run, and makes none simpler."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings  # pytest must import it first

        quick = {"phases": [Phase.explicit, Phase.generate], "max_examples": 20, "derandomize": True}
        settings.register_profile("mutants", deadline=None, database=None, **quick)
        settings.load_profile("mutants")


def passes(tests: list[str], output: Path, timeout: int = TIMEOUT) -> bool:
    """RETURNS (bool): Whether tests pass in time, in a copy of this process, which has imported torch."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests started
        return status == 0
    try:
        os.setpgid(0, 0)
        signal.alarm(timeout)
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number in (1, 2):
            os.dup2(file, number)
        assert find_spec(PACKAGE.name).origin == str(PACKAGE.resolve() / "__init__.py"), "an installed one"
        selected = " and ".join(f"not {name}" for name in SLOW.split())
        options = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-k", selected]
        os._exit(pytest.main([*options, *tests], plugins=[QuickHypothesis()]))
    finally:
        os._exit(1)


def try_mutant(mutation: MutationSpec, tests: list[str], output: Path) -> WorkResult:
    """RETURNS (WorkResult): Whether the tests pass with a mutation, and the change as a diff."""
    operator = get_operator(mutation.operator_name)()
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as codes:
        before, after = (code.splitlines() for code in codes)
        diff = "\n".join(unified_diff(before, after, str(mutation.module_path), n=2, lineterm=""))
        outcome = TestOutcome.SURVIVED if passes(tests, output) else TestOutcome.KILLED
    return WorkResult(WorkerOutcome.NORMAL, output.read_text("utf8", "replace")[-2000:], outcome, diff)


def main() -> None:
    """Run the command."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=220)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutants")
    args = parser.parse_args()
    original, copy, output = (args.folder.resolve() / name for name in ("original", "copy", "output"))
    if not original.exists():
        shutil.copytree(ROOT, original, ignore=LEFT_OUT)
    shutil.rmtree(copy, ignore_errors=True)  # a run that was killed leaves its mutant there
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("tests"))
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=LEFT_OUT)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    modules = find_modules()
    if not passes(sorted({test for tests in modules.values() for test in tests}), output, timeout=3600):
        sys.exit(f"Without a mutation, the tests must pass:\n{output.read_text('utf8')}")
    with use_db(str(copy.with_name("session.sqlite"))) as database:
        if not database.num_work_items:
            sample(database, list(modules), args.places, args.seed)
        killed = {job for job, result in database.results if result.is_killed}
        for item in sorted(database.work_items, key=lambda item: str(item.mutations)):
            [mutation] = item.mutations
            if item.job_id not in killed:
                result = try_mutant(mutation, modules[mutation.module_path], output)
                database.set_result(item.job_id, result)
                print(result.test_outcome.value, mutation.module_path, *mutation.start_pos, flush=True)
        survivors = [result.diff for _, result in database.results if not result.is_killed]
        print("\n\n".join([*survivors, f"{len(survivors)} of {database.num_results} mutants survived"]))


if __name__ == "__main__":
    main()
