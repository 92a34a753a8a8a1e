"""`lstm-tagger distill`: a teacher reads raw text, and a student learns from it."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.cli._util import parse_config_overrides
from spacy.cli.train import train
from spacy.language import Language
from spacy.util import get_lang_class, load_config, registry, resolve_dot_names
from thinc.api import Config
from wasabi import msg

from ..bulk.tagging import BATCH_SIZE
from ..distillation.teaching import SHARD_SIZE, Teaching, teach
from ..errors import Errors, LSTMTaggerValueError
from .app import GpuId, lstm_tagger_cli
from .apply import OnError

CALLBACK = "spacy-lstm-tagger.distill.v1"
CORPUS = "spacy-lstm-tagger.SoftLabelCorpus.v1"
SOFT_LABELS = "${paths.soft_labels}"


@lstm_tagger_cli.command(
    "distill", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def distill_cli(
    ctx: typer.Context,
    teacher: Annotated[
        str, typer.Argument(help="Trained pipeline that is accurate, a folder or a package")
    ],
    config: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Config of the student, such as distill.cfg")
    ],
    raw: Annotated[
        str, typer.Option(help=".txt, .jsonl, .csv, .conllu, .parquet, .spacy: file, folder or glob")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", file_okay=False, help="Folder for soft labels and pipelines")
    ],
    also: Annotated[
        list[str] | None, typer.Option(help="Another teacher; probabilities are averaged")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Texts that a teacher reads at once")] = BATCH_SIZE,
    shard_size: Annotated[int, typer.Option(help="Maximum texts per file of soft labels")] = SHARD_SIZE,
    on_error: Annotated[OnError, typer.Option(help="What to do about a bad text")] = OnError.stop,
    gpu_id: GpuId = -1,
    force: Annotated[bool, typer.Option("--force", "-F", help="Let the teachers read again")] = False,
) -> None:
    """Train a student on raw text that a teacher has read, besides gold data if there is some. Settings of
    the config can be overridden, as for `spacy train`: --paths.train TRAIN. After an interruption, the
    teacher resumes where it stopped.
    """
    try:
        overrides = parse_config_overrides(ctx.args)
        teachers = {name: output / "soft_labels" / _name(name) for name in [teacher, *(also or [])]}
        complete = _complete(config, overrides, list(teachers.values()))
        student = _make_student(complete)
        for name, folder in teachers.items():
            msg.divider(f"Teacher: {name}")
            done = teach(
                name,
                raw,
                folder,
                student,
                batch_size=batch_size,
                shard_size=shard_size,
                on_error=on_error.value,
                gpu_id=gpu_id,
                force=force,
                progress=True,
            )
            _report(done, folder)
        path = output / "config.cfg"
        complete.to_disk(path)
        train(path, output, use_gpu=gpu_id)
        _compare(teacher, output / "model-best", path)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        msg.fail(str(error), exits=1)
    except KeyboardInterrupt:
        msg.warn("Interrupted. Run the same command to resume: what the teacher has read is kept.")
        raise typer.Exit(130) from None


def _name(teacher: str) -> str:
    """RETURNS (str): The name of a teacher's folder, which differs for those in different places."""
    digest = hashlib.sha256(teacher.encode()).hexdigest()[:8]
    return f"{Path(teacher).name}-{digest}"


def _complete(path: Path, overrides: dict[str, Any], folders: list[Path]) -> Config:
    """RETURNS (Config): The student's config with the overrides and the soft labels. Where there is no gold
    data, the teacher's best labels take its place.
    RAISES (LSTMTaggerValueError): If it does not learn from soft labels.
    """
    config: Config = load_config(path, overrides=overrides, interpolate=False)
    callback = config.get("training", {}).get("before_update")
    if not isinstance(callback, dict) or callback.get("@callbacks") != CALLBACK:
        raise LSTMTaggerValueError(Errors.L478.format(path=path))
    config.setdefault("paths", {})["soft_labels"] = [str(folder.resolve()) for folder in folders]
    callback["soft_labels"] = SOFT_LABELS
    corpora = config.interpolate().get("corpora", {})
    for name, is_dev in (("train", False), ("dev", True)):
        if "path" in corpora.get(name, {}) and corpora[name]["path"] is None:
            msg.warn(f"No gold data (--paths.{name}): the teacher's labels take its place")
            config["corpora"][name] = {"@readers": CORPUS, "soft_labels": SOFT_LABELS, "is_dev": is_dev}
            if is_dev:
                callback["hold_out"] = True
    return config


def _make_student(config: Config) -> Language:
    """RETURNS (Language): A pipeline with the student's tokenizer, and no components."""
    nlp = config.interpolate()["nlp"]
    settings = Config({"nlp": {**nlp, "pipeline": [], "disabled": []}})
    student: Language = get_lang_class(nlp["lang"]).from_config(settings, auto_fill=True)
    return student


def _report(done: Teaching, folder: Path) -> None:
    if done.n_finished_before:
        msg.info(f"Resumed: {done.n_finished_before} shards were already finished")
    if done.bad_rows:
        msg.warn(f"Skipped {done.n_bad} bad texts in this run; all of them are in", done.bad_rows)
    if done.hard:
        msg.info(f"Without probabilities, so certain labels are learned: {', '.join(done.hard)}")
    msg.good(f"{done.n_texts:,} texts, {done.n_words:,} words", folder)


def _compare(teacher: str, student: Path, config_path: Path) -> None:
    """Show the scores of teacher and student on the development data."""
    msg.divider("Evaluation on the development data")
    config = load_config(config_path, interpolate=True)
    corpora = registry.resolve({"corpora": config["corpora"]})
    (corpus,) = resolve_dot_names(Config(corpora), [config["training"]["dev_corpus"]])
    pipelines = [spacy.load(model) for model in (teacher, student)]
    scores = [nlp.evaluate(list(corpus(nlp))) for nlp in pipelines]
    weights = pipelines[-1].config["training"]["score_weights"]
    names = [name for name, weight in weights.items() if weight is not None]
    rows = [(name, *(_percent(of_model.get(name)) for of_model in scores)) for name in names]
    msg.table(rows, header=("Score", "Teacher", "Student"), divider=True, aligns=["l", "r", "r"])


def _percent(score: Any) -> str:
    return f"{100 * score:.2f}" if isinstance(score, float) else "–"
