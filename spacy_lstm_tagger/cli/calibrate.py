"""`lstm-tagger calibrate`: calibrated confidences for a trained pipeline."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import spacy
import typer
from spacy.language import Language
from wasabi import msg

from ..corpora import create_corpus
from ..corpora.files import explain_failure
from ..errors import Errors, LSTMTaggerValueError
from ..pipeline import calibrate_pipeline, get_labeler
from ..pipeline.devices import use_gpu
from .app import GpuId, TagColumn, lstm_tagger_cli


@lstm_tagger_cli.command("calibrate")
def calibrate_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[Path, typer.Argument(exists=True, help="Corpus that was not trained on")],
    output: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the calibrated pipeline")],
    tag: Annotated[TagColumn, typer.Option(help="CoNLL-U's column")] = TagColumn.xpos,
    component: Annotated[str, typer.Option(help="Name of the component")] = "lstm_tagger",
    force: Annotated[bool, typer.Option("--force", "-F", help="Replace OUTPUT if it is not empty")] = False,
    gpu_id: GpuId = -1,
) -> None:
    """Calibrate confidences on data that was not trained on. Tags stay the same."""
    try:
        _check_output(output, (model, data), force)
        use_gpu(gpu_id)
        nlp = spacy.load(model)
        get_labeler(nlp, component)
        with explain_failure(output):
            output.mkdir(parents=True, exist_ok=True)  # fail now rather than at the end
        corpus = create_corpus(data, tag=tag.value)
        found = calibrate_pipeline(nlp, component, lambda: corpus(nlp))
        with explain_failure(output):
            _save(nlp, output)
    except (ImportError, OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    msg.table(
        [
            ("Temperature", f"{found.temperature:.3f}"),
            ("Expected calibration error before, %", f"{100 * found.error_before:.2f}"),
            ("Expected calibration error after, %", f"{100 * found.error_after:.2f}"),
        ]
    )
    msg.good("Saved the calibrated pipeline", output)


def _check_output(output: Path, read: Iterable[str | Path], force: bool) -> None:
    """RAISES (LSTMTaggerValueError): If something would be lost."""
    if not output.is_dir() or not any(output.iterdir()):
        return
    if not force:
        raise LSTMTaggerValueError(Errors.L426.format(path=output))
    for path in map(Path, read):  # a pipeline can replace itself
        if output.resolve() in path.resolve().parents:
            raise LSTMTaggerValueError(Errors.L437.format(output=output, path=path))


def _save(nlp: Language, output: Path) -> None:
    """Save a pipeline, and only then replace what was there: nothing is lost if saving fails."""
    parent = output.resolve().parent
    with TemporaryDirectory(dir=parent, prefix=f".{output.name}-") as folder:
        nlp.to_disk(Path(folder) / "new")
        output.rename(Path(folder) / "old")
        (Path(folder) / "new").rename(output)
