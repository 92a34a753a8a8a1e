"""Students: pipelines that learn soft labels in code, by a callback of `spacy train`, by one command."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from commands import invoke_plugin
from helpers import CRF, TRAIN, make_docs, make_examples, make_pipeline, make_trained, tag
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, registry
from thinc.api import Adam

from spacy_lstm_tagger.distillation import distill, teach
from spacy_lstm_tagger.distillation.storage import TaughtText, iterate_parts, read_part
from spacy_lstm_tagger.distillation.training import (
    MAX_WORDS,
    _repeat,
    check_labels,
    create_distillation,
    create_soft_label_corpus,
    learn_batch,
    read_word_counts,
)
from spacy_lstm_tagger.distillation.training import (
    make_annotated as make_annotated_doc,
)
from spacy_lstm_tagger.errors import LSTMTaggerValueError
from spacy_lstm_tagger.pipeline.soft_labels import make_hard, name_best

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "configs" / "distill.cfg"
RAW = ["Eat green eggs now", "I like old dogs", "She likes ham", "green ham", "dogs eat blue eggs now"]
BATCHER = {"@batchers": "spacy.batch_by_padded.v1", "size": 20, "buffer": 100, "discard_oversize": False}
EMBED = {"@architectures": "spacy-lstm-tagger.WordEmbedding.v1"}
SHARED = {"@architectures": "spacy.Tok2VecListener.v1", "width": 224}


def make_batcher() -> Any:
    return registry.resolve({"batcher": BATCHER})["batcher"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "model"
    make_trained().to_disk(path)
    return path


@pytest.fixture(scope="module")
def soft(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): What the teacher says about the raw text, in two files."""
    folder = tmp_path_factory.mktemp("soft")
    (folder / "raw.txt").write_text("\n".join(RAW))
    teach(teacher, folder / "raw.txt", folder / "soft", spacy.blank("en"), shard_size=3)
    return folder / "soft"


def make_shared() -> Language:
    """RETURNS (Language): Tags and lemmas over one LSTM, and a component of spaCy's that listens last."""
    nlp = spacy.blank("en")
    model = {"embed": {**EMBED, "word_dropout": 0.0}}  # which is random
    nlp.add_pipe("lstm_tok2vec", config={"model": model})
    for name in ("lstm_tagger", "lstm_lemmatizer"):
        nlp.add_pipe(name, config={"model": {"tok2vec": SHARED}})
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": SHARED}
    nlp.add_pipe("morphologizer", config={"model": model})
    return nlp


def make_annotated(nlp: Language) -> list[Example]:
    return [
        Example.from_dict(
            nlp.make_doc(text),
            {"tags": tags, "lemmas": [w.lower() for w in text.split()], "pos": ["X" for _ in tags]},
        )
        for text, tags in TRAIN
    ]


# In code


@pytest.mark.parametrize("names", [None, {"lstm_tagger": "lstm_tagger"}])
def test_pipelines_learn_from_pipelines(names: dict[str, str] | None) -> None:
    teacher, student = make_trained(), make_pipeline(CRF)
    student.initialize(lambda: make_examples(student))
    raw = [text.split() for text in RAW]
    pairs = zip(make_docs(raw, student.vocab), make_docs(raw, teacher.vocab), strict=True)
    examples, optimizer = [Example(*pair) for pair in pairs], Adam(0.01)
    for _ in range(60):
        losses = distill(student, teacher, examples, sgd=optimizer, student_to_teacher=names)
        assert losses["lstm_tagger"] > 0
    assert tag(student, RAW) == tag(teacher, RAW)


def test_pairs_that_do_not_exist_are_refused() -> None:
    nlp = make_trained(steps=1)
    examples = [Example(nlp.make_doc("ham"), nlp.make_doc("ham"))]
    with pytest.raises(LSTMTaggerValueError, match=r"L401.*'tagger'"):
        distill(nlp, nlp, examples, student_to_teacher={"lstm_tagger": "tagger"})
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    with pytest.raises(LSTMTaggerValueError, match=r"L475.*\(lstm_tagger\).*\(sentencizer\)"):
        distill(nlp, other, examples)
    with pytest.raises(LSTMTaggerValueError, match="L475"):
        distill(nlp, nlp, examples, exclude=["lstm_tagger"])


def get_gradients(nlp: Language) -> dict[str, Any]:
    """RETURNS (Dict[str, np.ndarray]): The gradients of all weights that have some; clears them."""
    found: dict[str, Any] = {}

    def keep(key: Any, weights: Any, gradient: Any, **_: Any) -> tuple[Any, Any]:
        if gradient.any():
            found[str(key)] = np.array(gradient)
        return weights, gradient * 0

    for _, pipe in nlp.pipeline:
        pipe.finish_update(keep)  # type: ignore[attr-defined]
    return found


def test_listeners_pass_back_the_gradient_that_gold_labels_would_have() -> None:
    """Although the last one, of a component that learns nothing from the teacher, passes none."""
    nlp = make_shared()
    examples = make_annotated(nlp)
    nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=Adam(0.01))
    nlp.update(examples, exclude=["morphologizer"], sgd=False)  # type: ignore[arg-type]
    batch = [
        TaughtText(
            [token.text for token in e.predicted],
            [bool(token.whitespace_) for token in e.predicted],
            {
                "tag": [make_hard([token.tag_ for token in e.reference])],
                "lemma": [make_hard([token.lemma_ for token in e.reference])],
            },
        )
        for e in examples
    ]
    get_gradients(nlp)
    tok2vec: Any = nlp.get_pipe("lstm_tok2vec")
    losses = learn_batch(nlp, batch, dropout=0.0)
    found = get_gradients(nlp)
    assert losses.keys() == {"lstm_tok2vec", "lstm_tagger", "lstm_lemmatizer"}
    only_ours = [listener for listener in tok2vec.listeners if listener is not tok2vec.listeners[-1]]
    tok2vec.listener_map["morphologizer"].clear()
    assert tok2vec.listeners == only_ours
    nlp.update(examples, exclude=["morphologizer"], sgd=False)  # type: ignore[arg-type]
    expected = get_gradients(nlp)
    assert found.keys() == expected.keys()
    assert len(found) > 10, "also of the LSTM"
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], atol=2e-4, err_msg=name)


def test_soft_labels_that_teach_nothing_are_refused(soft: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_ner")
    (text, *_) = read_part(next(iterate_parts([soft])))
    with pytest.raises(LSTMTaggerValueError, match=r"L476.*\(lstm_ner\).*: tag"):
        learn_batch(nlp, [text], 0.0)


# By the callback


def teach_labels(soft: Path, **labels: str) -> list[TaughtText]:
    """RETURNS (List[TaughtText]): The raw text with renamed labels."""
    texts = read_part(next(iterate_parts([soft])))
    for text in texts:
        (found,) = text.taught["tag"]
        renamed = tuple(labels.get(label, label) for label in found.labels)
        text.taught["tag"][0] = found._replace(labels=renamed)  # type: ignore[index]
    return texts


def test_labels_that_the_student_lacks_are_reported(soft: Path) -> None:
    nlp = make_trained(steps=1)
    check_labels(nlp, teach_labels(soft))
    with pytest.warns(UserWarning, match=r"W040.* 5 of 11 words .*'lstm_tagger': NOUN"):
        check_labels(nlp, teach_labels(soft, N="NOUN"))
    with pytest.raises(LSTMTaggerValueError, match=r"L479.*such as NOUN.* own are J, N, R, V"):
        check_labels(nlp, teach_labels(soft, N="NOUN", J="ADJ", V="VERB", R="ADV"))


def test_the_vocab_does_not_grow_with_the_raw_text(teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text(" ".join(f"word{i}" for i in range(50)))
    teach(teacher, tmp_path / "raw.txt", tmp_path / "soft", spacy.blank("en"))
    nlp = make_trained(steps=1)
    before = {*nlp.vocab.strings}
    create_distillation(tmp_path / "soft", make_batcher())(nlp, {})
    assert {*nlp.vocab.strings} == before
    assert tag(nlp, ["word7 eats ham"])


def draw(folder: Path, n_texts: int, joined: float = 0.0) -> list[TaughtText]:
    batches = _repeat([folder], make_batcher(), joined)
    texts: list[TaughtText] = []
    while len(texts) < n_texts:
        texts += next(batches)
    return texts


def test_every_text_is_read_once_in_each_pass_in_random_order(soft: Path) -> None:
    random.seed(0)
    texts = [" ".join(text.words) for text in draw(soft, 15)]
    passes = [texts[:5], texts[5:10], texts[10:]]
    assert all(sorted(of_pass) == sorted(RAW) for of_pass in passes)
    assert len({tuple(of_pass) for of_pass in passes}) > 1


def test_joined_texts_keep_their_labels(soft: Path) -> None:
    random.seed(0)
    labels = {" ".join(t.words): name_best(t.taught["tag"][0]) for t in draw(soft, 5)}
    texts = draw(soft, 40, joined=1.0)
    assert max(map(len, texts)) > max(len(text.split()) for text in RAW)
    for text in texts:
        expected: list[str] = []
        rest = " ".join(text.words)
        while rest:
            sentence = next(s for s in labels if rest.startswith(s))
            expected, rest = expected + labels[sentence], rest[len(sentence) :].strip()
        assert name_best(text.taught["tag"][0]) == expected
        assert len(text.spaces) == len(text.words)


def test_long_texts_are_cut(teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text(" ".join(["ham"] * (2 * MAX_WORDS + 1)))
    teach(teacher, tmp_path / "raw.txt", tmp_path / "soft", spacy.blank("en"))
    texts = draw(tmp_path / "soft", 3)
    assert sum(map(len, texts[:3])) == 2 * MAX_WORDS + 1
    assert max(map(len, texts)) <= MAX_WORDS


def test_the_callback_adds_to_the_gradient_of_gold_labels(soft: Path) -> None:
    """Both make one update."""
    random.seed(0)
    nlp = make_pipeline(tok2vec={"embed": {**EMBED, "word_dropout": 0.0}})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=Adam(0.01))
    learn = create_distillation(soft, make_batcher(), dropout=0.0, joined=0.0)
    learn(nlp, {"step": 0, "epoch": 0})
    raw = get_gradients(nlp)
    nlp.update(examples, sgd=False)  # type: ignore[arg-type]
    gold = get_gradients(nlp)
    random.seed(0)
    again = create_distillation(soft, make_batcher(), dropout=0.0, joined=0.0)
    again(nlp, {"step": 0, "epoch": 0})
    nlp.update(examples, sgd=False)  # type: ignore[arg-type]
    both = get_gradients(nlp)
    assert any(array.any() for array in raw.values())
    assert both.keys() == gold.keys() == raw.keys()
    for name, array in both.items():
        np.testing.assert_allclose(array, raw[name] + gold[name], atol=1e-4)


def test_texts_without_words_are_no_endless_loop(teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("\n\n")
    teach(teacher, tmp_path / "raw.txt", tmp_path / "soft", spacy.blank("en"))
    with pytest.raises(LSTMTaggerValueError, match="L472"):
        create_distillation(tmp_path / "soft", make_batcher())(make_trained(steps=1), {})


def make_text(words: str, labels: str) -> TaughtText:
    names = ["" if label == "?" else label for label in labels.split()]
    return TaughtText(words.split(), [True] * len(names), {"ent": [make_hard(names)]})


@pytest.mark.parametrize(
    ("labels", "iob"),
    [
        ("B-PER L-PER O U-LOC", "B I O B"),
        ("? ? O U-LOC", "  O B"),
        ("B-CELL-LINE L-CELL-LINE O U-SOCIAL", "B I O B"),
        ("O L-PER I-PER U-LOC", "O B I B"),  # not valid in BILUO, but each the most probable
    ],
)
def test_entities_of_the_most_probable_labels(labels: str, iob: str) -> None:
    doc = make_annotated_doc(spacy.blank("en").vocab, make_text("Ada Lovelace saw Paris", labels))
    assert [token.ent_iob_ for token in doc] == iob.split(" ")
    assert {ent.label_ for ent in doc.ents} <= {label.partition("-")[2] for label in labels.split()}


@pytest.mark.parametrize("has_gold", [True, False])
def test_entities_are_learned_from_a_teacher_of_rules(tmp_path: Path, has_gold: bool) -> None:
    """With a CRF whose constraints are those of BILUO."""
    teacher = spacy.blank("en")
    teacher.add_pipe("entity_ruler").add_patterns(
        [{"label": "FOOD", "pattern": "green eggs"}, {"label": "FOOD", "pattern": "ham"}]
    )
    teacher.to_disk(tmp_path / "teacher")
    (tmp_path / "raw.txt").write_text("\n".join([*RAW, "I like green eggs", "eggs and ham", "ham"] * 4))
    gold = tmp_path / "gold.jsonl"
    srsly.write_jsonl(
        gold, [{"words": ["ham", "tastes"], "ents": [{"start": 0, "end": 1, "label": "FOOD"}]}]
    )
    config = tmp_path / "config.cfg"
    assert invoke_plugin("init-config", config, "--pipeline", "lstm_ner", "--distill")[0] == 0
    code, text = invoke_plugin(
        *("distill", tmp_path / "teacher", config, "--raw", tmp_path / "raw.txt"),
        *("--output", tmp_path / "out", *STEPS, *RATE),
        *(("--paths.train", gold, "--paths.dev", gold) if has_gold else ()),
    )
    assert code == 0, text
    assert "certain labels are learned: ent" in text
    student = spacy.load(tmp_path / "out" / "model-last")
    found = [[ent.text for ent in student(text).ents] for text in RAW]
    assert found == [["green eggs"], [], ["ham"], ["ham"], []]


def test_settings_are_checked(soft: Path) -> None:
    for settings in ({"dropout": 1.0}, {"joined": 1.5}):
        with pytest.raises(LSTMTaggerValueError, match=r"L001.*spacy-lstm-tagger.distill.v1"):
            create_distillation(soft, make_batcher(), **settings)
    with pytest.raises(LSTMTaggerValueError, match="L477"):
        create_distillation(None, make_batcher())(make_pipeline(), {})
    with pytest.raises(LSTMTaggerValueError, match="L001"):
        read_word_counts(soft, min_freq=0)


def test_tables_have_rows_for_frequent_words_of_the_raw_text(soft: Path) -> None:
    nlp = make_pipeline()
    labels = read_word_counts(soft, min_freq=2)
    assert labels == {"words": {"dogs": 2, "eggs": 2, "green": 2, "ham": 2, "now": 2}}
    assert read_word_counts(None) == {"words": {}}
    tagger = nlp.get_pipe("lstm_tagger")
    tagger.initialize(lambda: make_examples(nlp, TRAIN[:1]), nlp=nlp, labels=labels)
    assert tagger.label_data["vocabulary"]["LOWER"] == {
        **{"eggs": 3, "green": 3, "dogs": 2, "ham": 2, "now": 2},
        **{"i": 1, "like": 1},
    }
    assert list(tagger.labels) == ["J", "N", "V"], "those of the examples"
    shared = spacy.blank("en")
    tok2vec: Any = shared.add_pipe("lstm_tok2vec")
    tok2vec.initialize(lambda: make_examples(shared, TRAIN[:1]), nlp=shared, labels=labels)
    assert tok2vec.label_data["vocabulary"] == tagger.label_data["vocabulary"]


def test_a_corpus_has_the_most_probable_labels(soft: Path, teacher: Path) -> None:
    nlp = spacy.load(teacher)
    texts, dev = (
        [example.reference for example in create_soft_label_corpus(soft, is_dev=is_dev)(nlp)]
        for is_dev in (False, True)
    )
    assert [doc.text.strip() for doc in dev] == [RAW[0], RAW[3]], "one of each file"
    assert [doc.text.strip() for doc in texts] == [RAW[1], RAW[2], RAW[4]]
    assert [[token.tag_ for token in doc] for doc in texts] == tag(nlp, [RAW[1], RAW[2], RAW[4]])
    assert len([*create_soft_label_corpus(soft, limit=2)(nlp)]) == 2


def test_texts_for_evaluation_are_not_learned(soft: Path) -> None:
    batches = _repeat([soft], make_batcher(), 0.0, hold_out=True)
    seen = {" ".join(text.words) for _, batch in zip(range(9), batches, strict=False) for text in batch}
    assert seen == {RAW[1], RAW[2], RAW[4]}


def test_frozen_components_do_not_learn(soft: Path) -> None:
    nlp = make_shared()
    examples = make_annotated(nlp)
    nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=Adam(0.01))
    get_gradients(nlp)
    texts = [*read_part(next(iterate_parts([soft])))]
    nlp.config["training"]["frozen_components"] = ["lstm_tok2vec"]
    assert learn_batch(nlp, texts, 0.0).keys() == {"lstm_tagger"}
    assert 0 < len(get_gradients(nlp)) < 4, "of its own layer"
    nlp.config["training"]["frozen_components"] = ["lstm_tagger"]
    with pytest.raises(LSTMTaggerValueError, match="L476"):
        learn_batch(nlp, texts, 0.0)
    assert not get_gradients(nlp)


# By the command


def write_corpus(path: Path, data: Iterable[tuple[Any, list[str]]] = TRAIN) -> Path:
    srsly.write_jsonl(path, [{"words": text.split(), "tags": tags} for text, tags in data])
    return path


STEPS = ("--training.max_steps", 40, "--training.eval_frequency", 20, "--training.patience", 0)
RATE = ("--training.optimizer.learn_rate.warmup_steps", 5)


def test_one_command_teaches_trains_and_evaluates(teacher: Path, tmp_path: Path) -> None:
    raw, gold = tmp_path / "raw.txt", write_corpus(tmp_path / "gold.jsonl")
    raw.write_text("\n".join(RAW))
    output = tmp_path / "out"
    arguments = ("distill", teacher, CONFIG, "--raw", raw, "--output", output)
    paths = ("--paths.train", gold, "--paths.dev", gold)
    code, text = invoke_plugin(*arguments, *paths, *STEPS, *RATE)
    assert code == 0, text
    assert "5 texts, 18 words" in text
    student = spacy.load(output / "model-best")
    assert tag(student, RAW) == tag(spacy.load(teacher), RAW)
    assert "tag_acc 100.00 100.00" in text
    code, text = invoke_plugin(*arguments, *paths, "--training.max_steps", 1)
    assert (code, "1 shards were already finished" in text) == (0, True), text
    config = load_config(output / "config.cfg")
    assert config["paths"]["train"] == str(gold)
    assert Path(config["paths"]["soft_labels"][0]).is_dir()


def test_without_gold_data_the_teacher_is_all_there_is(teacher: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text("\n".join(RAW * 4))
    output = tmp_path / "out"
    code, text = invoke_plugin("distill", teacher, CONFIG, "--raw", raw, "-o", output, *STEPS, *RATE)
    assert code == 0, text
    assert "No gold data (--paths.train)" in text
    assert tag(spacy.load(output / "model-best"), RAW) == tag(spacy.load(teacher), RAW)


def test_a_config_without_paths_learns_from_a_teacher(teacher: Path, tmp_path: Path) -> None:
    """Its gold data is named in its corpora, and `training.score_weights` are left to spaCy."""
    raw, gold = tmp_path / "raw.txt", write_corpus(tmp_path / "gold.jsonl")
    raw.write_text("\n".join(RAW))
    config = load_config(CONFIG, interpolate=False)
    del config["paths"], config["training"]["score_weights"]
    config["initialize"] |= {"vectors": None, "init_tok2vec": None}
    for name in ("train", "dev"):
        config["corpora"][name]["path"] = str(gold)
    config.to_disk(tmp_path / "config.cfg")
    arguments = ("distill", teacher, tmp_path / "config.cfg", "--raw", raw, "--output", tmp_path / "out")
    code, text = invoke_plugin(*arguments, "--training.max_steps", 1)
    assert code == 0, text
    assert "No gold data" not in text
    raw.write_text("ham")
    code, text = invoke_plugin(*arguments, "--training.max_steps", 1)
    assert (code, "L409" in text) == (1, True), text
    code, text = invoke_plugin(*arguments, "--training.max_steps", 1, "--force")
    assert code == 0, text


def test_several_teachers_make_one_student(teacher: Path, tmp_path: Path) -> None:
    make_trained(CRF).to_disk(tmp_path / "crf")
    raw, gold = tmp_path / "raw.txt", write_corpus(tmp_path / "gold.jsonl")
    raw.write_text("\n".join(RAW))
    code, text = invoke_plugin(
        *(
            "distill",
            teacher,
            CONFIG,
            "--raw",
            raw,
            "--output",
            tmp_path / "out",
            "--also",
            tmp_path / "crf",
        ),
        *("--paths.train", gold, "--paths.dev", gold, "--training.max_steps", 1),
    )
    assert code == 0, text
    assert len(load_config(tmp_path / "out" / "config.cfg")["paths"]["soft_labels"]) == 2


@pytest.mark.parametrize(
    ("model", "config", "raw", "message"),
    [
        ("none", CONFIG, "raw.txt", "L407"),
        (None, CONFIG, "none.txt", "L411"),
        (None, ROOT / "configs" / "default.cfg", "raw.txt", "L478"),
    ],
)
def test_what_can_not_be_distilled_is_said(
    teacher: Path, tmp_path: Path, model: str | None, config: Path, raw: str, message: str
) -> None:
    (tmp_path / "raw.txt").write_text("I like ham")
    code, text = invoke_plugin(
        "distill", model or teacher, config, "--raw", tmp_path / raw, "--output", tmp_path / "out"
    )
    assert code == 1
    assert message in text
