"""The report from end to end: tag, measure, plot, write."""

import json
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..corpora import create_corpus
from ..corpora.files import explain_failure
from ..corpora.multiword import Multiword
from ..corpora.readers import TagColumn
from ..errors import Errors, LSTMTaggerImportError, LSTMTaggerValueError
from .annotations import ANNOTATIONS, AnnotationName
from .evaluation import Evaluation, evaluate
from .known_words import KnownWords, from_training_data, from_vocabulary
from .page import write_page
from .plots import Plot, plot_confusion, plot_lengths, plot_reliability, plot_risk, plot_training
from .retokenized import evaluate_text, to_dict
from .summary import collect_tags, compare, describe_machine, describe_model, summarize
from .training_log import read_log


def write_report(
    model: str | Path,
    data: str | Path,
    output: str | Path,
    *,
    other_model: str | Path | None = None,
    train: str | Path | None = None,
    log: str | Path | None = None,
    tag: TagColumn = "xpos",
    multiword_tokens: Multiword = "split",
    annotation: AnnotationName = "tag",
    component: str | None = None,
    as_json: bool = False,
) -> dict[str, Any]:
    """Evaluate a pipeline, and write the results to an HTML page.

    model (str | Path): A trained pipeline, a folder or a package. Any of its components may assign tags.
    data (str | Path): A .conllu, .jsonl or .spacy file with gold tags, or a folder.
    output (str | Path): The page, a .html file.
    other_model (Optional[str | Path]): A pipeline to compare with.
    train (Optional[str | Path]): The training data, which says which words are known; by default, the
        model's vocabulary does.
    log (Optional[str | Path]): The log of the training: what it printed, or ConsoleLogger's JSONL.
    tag ("xpos" | "upos"): The column of CoNLL-U that holds the tags.
    multiword_tokens (str): What becomes of CoNLL-U's multiword tokens, as in `create_corpus`. Where the
        pipeline's tokenizer cuts the text, "split" counts as "join": their words are not in the text.
    annotation ("tag" | "pos" | "morph" | "lemma" | "ents"): What is evaluated. On the page, labels of any
        kind are "tags". Features are also scored one by one, and entities as spans.
    component (Optional[str]): The component that gives confidences, where a pipeline has it; by default the
        first of this package that labels words with the annotation.
    as_json (bool): Whether to write the figures to a .json file next to the page.
    RETURNS (Dict[str, Any]): The figures, as in the JSON.
    RAISES (LSTMTaggerValueError): If the output is not a .html file, the data has no gold tags, the
        pipeline assigns none, or a file can't be read. (LSTMTaggerImportError): If Plotly is not installed.
    """
    output = Path(output)
    if output.suffix != ".html":
        raise LSTMTaggerValueError(Errors.L506.format(path=output))
    if find_spec("plotly") is None:
        raise LSTMTaggerImportError(Errors.L501)
    training = read_log(Path(log)) if log else None
    models = [model] if other_model is None else [model, other_model]
    pipelines = [spacy.load(path) for path in models]
    examples = list(create_corpus(Path(data), tag=tag, multiword_tokens=multiword_tokens)(pipelines[0]))
    texts = read_texts(data, tag, multiword_tokens, pipelines[0])
    kind = ANNOTATIONS[annotation]
    components = [kind.find_component(nlp, component) for nlp in pipelines]
    evaluations = [
        evaluate(nlp, examples, name, data, kind) for nlp, name in zip(pipelines, components, strict=True)
    ]
    known = _find_known_words(pipelines[0], train, tag, components[0])
    tags = collect_tags(evaluations)
    summaries = [
        describe_model(nlp, path, name)
        | summarize(evaluation, tags, known, kind.details)
        | {"retokenized": to_dict(evaluate_text(nlp, texts, kind))}
        for nlp, path, name, evaluation in zip(pipelines, models, components, evaluations, strict=True)
    ]
    report = {
        "data": _describe_data(data, evaluations[0]),
        "annotation": {"name": annotation, "title": kind.title},
        "known_words": known and known.source,
        "model": summaries[0],
        "other_model": summaries[1] if len(summaries) > 1 else None,
        "comparison": compare(evaluations, tags) if len(evaluations) > 1 else None,
        "training": training,
        "made": {"at": datetime.now(timezone.utc).isoformat(timespec="seconds"), **describe_machine()},
    }
    page = write_page(report, _plot(summaries, training), evaluations, tags, known)
    with explain_failure(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(page, encoding="utf8", newline="\n")
        if as_json:
            text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
            output.with_suffix(".json").write_text(f"{text}\n", encoding="utf8")
    return report


def read_texts(data: str | Path, tag: TagColumn, multiword_tokens: Multiword, nlp: Language) -> list[Doc]:
    """RETURNS (List[Doc]): The documents of a corpus, with multiword tokens as they are in the text."""
    how = "join" if multiword_tokens == "split" else multiword_tokens
    # A pipeline without components: these need not know the joined tags of multiword tokens.
    blank = type(nlp)(nlp.vocab)
    blank.tokenizer = nlp.tokenizer
    return [
        example.reference for example in create_corpus(Path(data), tag=tag, multiword_tokens=how)(blank)
    ]


def _find_known_words(
    nlp: Language, train: str | Path | None, tag: TagColumn, component: str | None
) -> KnownWords | None:
    if train is None:
        return from_vocabulary(nlp, component)
    return from_training_data(create_corpus(Path(train), tag=tag)(nlp), train)


def _describe_data(data: str | Path, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "path": str(data),
        "sentences": len(evaluation.sentences),
        "words": evaluation.n_words,
        "words_without_gold_tag": sum(sentence.gold.count("") for sentence in evaluation.sentences),
    }


def _plot(summaries: list[dict[str, Any]], training: dict[str, Any] | None) -> list[Plot]:
    models = [(summary["path"], summary) for summary in summaries]
    calibrated = [(name, summary) for name, summary in models if summary["calibration"]]
    return [
        plot_confusion(summaries[0]),
        *([plot_reliability(calibrated), plot_risk(calibrated)] if calibrated else []),
        plot_lengths(models),
        *(plot_training(training) if training else []),
    ]
