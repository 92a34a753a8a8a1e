"""spaCy's own commands with this plugin, on a small corpus in a temporary folder."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
import torch
from commands import invoke
from helpers import read_files, tag
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_lstm_tagger.corpora import create_jsonl_corpus
from spacy_lstm_tagger.networks.prediction.compiled import find_kernel

ROOT = Path(__file__).parent.parent
DEFAULT = ROOT / "configs" / "default.cfg"
SHORT = ["--training.max_steps", "60", "--training.eval_frequency", "30"]
SHORT += ["--training.optimizer.learn_rate.warmup_steps", "4"]
NARROW = "components.lstm_tagger.model.tok2vec.encode.width"


def run(*args):
    result = invoke(*args)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with a small corpus as JSONL and as .spacy."""
    folder = tmp_path_factory.mktemp("data")
    for split, size in (("train", 120), ("dev", 20)):
        sentences = list(srsly.read_jsonl(ROOT / "corpus" / "en" / f"{split}.jsonl"))[:size]
        srsly.write_jsonl(folder / f"{split}.jsonl", sentences)
        nlp = spacy.blank("en")
        docs = []
        for example in create_jsonl_corpus(folder / f"{split}.jsonl")(nlp):
            example.reference[0].is_sent_start = True
            docs.append(example.reference)
        DocBin(docs=docs, store_user_data=False).to_disk(folder / f"{split}.spacy")
    return folder


def paths(data, suffix="jsonl"):
    return ["--paths.train", data / f"train.{suffix}", "--paths.dev", data / f"dev.{suffix}"]


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    output = tmp_path_factory.mktemp("training")
    log = run("train", DEFAULT, "--output", output, *paths(data), *SHORT, f"--{NARROW}", 32)
    assert "TAG_ACC" in log
    return output / "model-best"


def test_calibrate_changes_the_confidences_and_no_tag(data, model, tmp_path):
    with pytest.warns(UserWarning, match=r"\[W014\] 1 of 173 words .*wrong: \$"):
        log = run("lstm-tagger", "calibrate", model, data / "dev.jsonl", tmp_path / "new" / "calibrated")
    before, after = spacy.load(model), spacy.load(tmp_path / "new" / "calibrated")
    docs = []
    for nlp in (before, after):
        nlp.get_pipe("lstm_tagger").cfg["store_scores"] = True
        docs.append(nlp("The old dog sees a blue ham ."))
    assert [token.tag_ for token in docs[0]] == [token.tag_ for token in docs[1]]
    assert not np.allclose(docs[0]._.tag_scores, docs[1]._.tag_scores)
    errors = [float(line.split()[-1]) for line in log.splitlines() if "calibration error" in line]
    assert len(errors) == 2
    assert "Temperature" in log


def test_calibrate_without_the_component_says_what_there_is(data, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "model")
    arguments = ["lstm-tagger", "calibrate", tmp_path / "model", data / "dev.jsonl", tmp_path / "out"]
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert "L401" in result.output
    assert "sentencizer" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:.*W030")
def test_calibrate_without_gold_tags_says_so(model, tmp_path):
    (tmp_path / "untagged.jsonl").write_text('{"words": ["a", "b"], "tags": ["", ""]}\n')
    arguments = ["lstm-tagger", "calibrate", model, tmp_path / "untagged.jsonl", tmp_path / "out"]
    result = invoke(*arguments)
    assert isinstance(result.exception, SystemExit)
    assert "L105" in result.output


@pytest.mark.filterwarnings("ignore:.*W032")
def test_calibrate_reads_the_column_that_it_is_told(model, tmp_path):
    """The model's tags are in the XPOS column; it has none of those in the UPOS column."""
    (tmp_path / "dev.conllu").write_text("1\tdog\tdog\tNOUN\tNN\t_\t_\t_\t_\t_\n\n")
    arguments = ["lstm-tagger", "calibrate", model, tmp_path / "dev.conllu", tmp_path / "out", "--tag"]
    assert "Temperature" in run(*arguments, "xpos")
    for column, message in (("upos", "L112"), ("pos", "upos")):
        result = invoke(*arguments, column, "--force")
        assert result.exit_code != 0
        assert message in result.output


def test_calibrate_replaces_a_folder_only_if_told_to_and_as_a_whole(model, tmp_path, monkeypatch):
    (tmp_path / "dev.jsonl").write_text('{"words": ["dog"], "tags": ["NN"]}\n')
    output = tmp_path / "out"
    output.mkdir()
    (output / "thesis.txt").write_text("all of it")
    arguments = ["lstm-tagger", "calibrate", model, tmp_path / "dev.jsonl", output]
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert "L426" in result.output
    assert read_files(output) == {"thesis.txt": b"all of it"}
    with monkeypatch.context() as patch:
        patch.setattr(Language, "to_disk", lambda self, path: (_ for _ in ()).throw(OSError("disk full")))
        output_of_failure = invoke(*arguments, "--force").output
        assert "L435" in output_of_failure
        assert "disk full" in " ".join(output_of_failure.split())  # wherever it is wrapped
    assert read_files(output) == {"thesis.txt": b"all of it"}
    run(*arguments, "--force")
    assert not (output / "thesis.txt").exists()
    assert [token.tag_ for token in spacy.load(output)("dog")] == ["NN"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev.jsonl", "out"]


def test_calibrate_onto_itself(model, tmp_path):
    nlp = spacy.load(model)
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "dev.jsonl").write_text('{"words": ["dog"], "tags": ["NN"]}\n')
    arguments = ["lstm-tagger", "calibrate", tmp_path / "model", tmp_path / "dev.jsonl", tmp_path / "model"]
    assert "L426" in invoke(*arguments).output
    run(*arguments, "-F")
    assert [token.tag_ for token in spacy.load(tmp_path / "model")("dog")] == ["NN"]


def test_calibrate_never_removes_what_it_reads(model, tmp_path):
    (tmp_path / "training").mkdir()
    spacy.load(model).to_disk(tmp_path / "training" / "model")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "dev.jsonl").write_text('{"words": ["dog"], "tags": ["NN"]}\n')
    data, before = tmp_path / "corpus" / "dev.jsonl", read_files(tmp_path)
    for output in (tmp_path, tmp_path / "training", tmp_path / "corpus"):
        arguments = ["lstm-tagger", "calibrate", tmp_path / "training" / "model", data, output, "--force"]
        assert "L437" in invoke(*arguments).output
    assert read_files(tmp_path) == before


def test_calibrate_without_a_gpu_or_a_pipeline_says_so(model, data, tmp_path):
    for arguments, message in (
        ([tmp_path / "missing", data / "dev.jsonl", tmp_path / "out"], "E050"),
        ([model, data / "dev.jsonl", tmp_path / "out", "--gpu-id", 99], "L427"),
    ):
        result = invoke("lstm-tagger", "calibrate", *arguments)
        assert isinstance(result.exception, SystemExit)
        assert message in result.output


def test_calibrate_another_component_or_into_a_file_says_so(data, model, tmp_path):
    nlp = spacy.load(model)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "model")
    file = tmp_path / "file"
    file.touch()
    for output, options, message in (
        (tmp_path / "out", ["--component", "sentencizer"], "L402"),
        (file, [], "is a file"),
    ):
        arguments = ["lstm-tagger", "calibrate", tmp_path / "model", data / "dev.jsonl", output, *options]
        result = invoke(*arguments)
        assert isinstance(result.exception, SystemExit)
        assert message in re.sub(r"[│\s]+", " ", result.output)  # older versions of Typer draw a box
    assert not (tmp_path / "out").exists()


def test_train_learns(model):
    meta = srsly.read_json(model / "meta.json")
    assert meta["performance"]["tag_acc"] > 0.4  # always predicting the most common tag reaches 0.16
    assert {"DT", "NN", "VBD"} < set(meta["labels"]["lstm_tagger"])


def test_saved_best_model_is_the_averaged_one(model, data):
    """The score in its meta is that of the averaged weights: the loaded model must reach it, too."""
    nlp = spacy.load(model)
    scores = nlp.evaluate(list(create_jsonl_corpus(data / "dev.jsonl")(nlp)))
    assert scores["tag_acc"] == pytest.approx(
        srsly.read_json(model / "meta.json")["performance"]["tag_acc"]
    )


def test_train_on_spacy_files(data, tmp_path):
    run("train", DEFAULT, "--output", tmp_path, *paths(data, "spacy"), *SHORT, f"--{NARROW}", 8)
    assert srsly.read_json(tmp_path / "model-best" / "meta.json")["performance"]["tag_acc"] > 0.3


def test_benchmark_accuracy_and_speed(model, data, tmp_path):
    out = tmp_path / "metrics.json"
    run("benchmark", "accuracy", model, data / "dev.spacy", "--gold-preproc", "--output", out)
    expected = srsly.read_json(model / "meta.json")["performance"]["tag_acc"]
    assert json.loads(out.read_text())["tag_acc"] == pytest.approx(expected)
    assert "Mean" in run("benchmark", "speed", model, data / "dev.spacy", "--batches", 30, "--warmup", 1)


def test_debug_data(data):
    assert "lstm_tagger" in run("debug", "data", DEFAULT, *paths(data), "--no-format")


def test_init_labels_and_train_with_them(data, tmp_path):
    run("init", "labels", DEFAULT, tmp_path / "labels", *paths(data))
    label_data = srsly.read_json(tmp_path / "labels" / "lstm_tagger.json")
    assert label_data["labels"] == sorted(label_data["labels"])
    assert label_data["vocabulary"]["LOWER"]["the"] > 5
    label_data["labels"].append("EXTRA")
    label_data["vocabulary"]["LOWER"]["zyzzyva"] = 1
    srsly.write_json(tmp_path / "labels.json", label_data)
    config = tmp_path / "config.cfg"
    config.write_text(
        DEFAULT.read_text()
        + "\n[initialize.components.lstm_tagger]\n\n[initialize.components.lstm_tagger.labels]\n"
        + f'@readers = "spacy.read_labels.v1"\npath = "{tmp_path / "labels.json"}"\nrequire = true\n'
    )
    run("train", config, "--output", tmp_path, *paths(data), "--training.max_steps", 1, f"--{NARROW}", 8)
    tagger = spacy.load(tmp_path / "model-last").get_pipe("lstm_tagger")
    assert tagger.label_data == label_data
    assert tagger.labels[-1] == "EXTRA"


def test_assemble(data, tmp_path):
    """`assemble` puts together a pipeline from sourced components without training."""
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_tagger")
    nlp.initialize(lambda: create_jsonl_corpus(data / "train.jsonl")(nlp))
    nlp.to_disk(tmp_path / "source")
    config = tmp_path / "assemble.cfg"
    config.write_text(
        '[nlp]\nlang = "en"\npipeline = ["lstm_tagger"]\n\n[components]\n\n[components.lstm_tagger]\n'
        f'source = "{tmp_path / "source"}"\n'
    )
    run("assemble", config, tmp_path / "assembled")
    text = "The cat sat on the mat."
    assert tag(spacy.load(tmp_path / "assembled"), [text]) == tag(nlp, [text])


def test_pretrain_and_init_tok2vec(data, tmp_path):
    """What `spacy pretrain` wrote is what training starts from."""
    texts = [{"text": " ".join(s["words"])} for s in srsly.read_jsonl(data / "train.jsonl")]
    srsly.write_jsonl(tmp_path / "raw.jsonl", texts)
    config = tmp_path / "config.cfg"
    run("init", "fill-config", DEFAULT, config, "--pretraining")
    pretraining = ["--paths.raw_text", tmp_path / "raw.jsonl", "--pretraining.component", "lstm_tagger"]
    pretraining += ["--pretraining.layer", "tok2vec", "--pretraining.max_epochs", 2, f"--{NARROW}", 16]
    run("pretrain", config, tmp_path / "pretrained", *paths(data), *pretraining)
    weights = tmp_path / "pretrained" / "model-last.bin"
    start = ["--initialize.init_tok2vec", weights, "--training.max_steps", 1]
    start += [
        "--training.optimizer.learn_rate.initial_rate",
        0.0,
        "--training.optimizer.use_averages",
        "false",
    ]
    run("train", config, "--output", tmp_path, *paths(data), *pretraining, *start)
    nlp = spacy.load(tmp_path / "model-last")
    tok2vec = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec")
    docs = [nlp.make_doc("The cat sat on the mat.")]
    trained = tok2vec.predict(docs)[0]
    tok2vec.from_bytes(weights.read_bytes())
    assert np.allclose(trained, tok2vec.predict(docs)[0], atol=1e-6)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # spaCy leaves files open
def test_package_requires_this_plugin(model, tmp_path):
    run("package", model, tmp_path, "--name", "tiny", "--version", "1.2.3", "--build", "none")
    requirements = srsly.read_json(tmp_path / "en_tiny-1.2.3" / "meta.json")["requirements"]
    assert any(requirement.startswith("spacy-lstm-tagger") for requirement in requirements)


def test_empty_corpus(data, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    files = ["--paths.train", tmp_path / "empty.jsonl", "--paths.dev", data / "dev.jsonl"]
    result = invoke("train", DEFAULT, *files)
    assert result.exit_code != 0
    assert "empty.jsonl has no sentences" in str(result.exception)


def test_doc_with_tags_survives_the_shared_pipeline(data, tmp_path):
    """One LSTM, three listeners, trained from CoNLL-U."""
    sentence = (
        "1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t_\t_\t_\t_\n2\tbark\tbark\tVERB\tVBP\t_\t_\t_\t_\t_\n\n"
    )
    (tmp_path / "train.conllu").write_text(sentence * 8)
    train = ["--paths.train", tmp_path / "train.conllu", "--paths.dev", tmp_path / "train.conllu"]
    config = ROOT / "configs" / "treebank.cfg"
    run("train", config, "--output", tmp_path, *train, "--training.max_steps", 40)
    nlp = spacy.load(tmp_path / "model-last")
    doc = nlp(Doc(nlp.vocab, words=["Dogs", "bark"]))
    found = [(token.tag_, token.pos_, str(token.morph), token.lemma_) for token in doc]
    assert found == [("NNS", "NOUN", "Number=Plur", "dog"), ("VBP", "VERB", "", "bark")]


@pytest.mark.filterwarnings("ignore:.*W030")
def test_a_treebank_without_tags_leaves_the_tagger_out(tmp_path):
    sentence = "1\tDogs\tdog\tNOUN\t_\t_\t_\t_\t_\t_\n2\tbark\tbark\tVERB\t_\t_\t_\t_\t_\t_\n\n"
    (tmp_path / "train.conllu").write_text(sentence * 8)
    train = ["--paths.train", tmp_path / "train.conllu", "--paths.dev", tmp_path / "train.conllu"]
    config = ROOT / "configs" / "treebank.cfg"
    with pytest.warns(UserWarning, match=r"W033.*'lstm_tagger'"):
        run("train", config, "--output", tmp_path, *train, "--training.max_steps", 40)
    nlp = spacy.load(tmp_path / "model-last")
    assert nlp.pipe_names == ["lstm_tok2vec", "lstm_morphologizer", "lstm_lemmatizer"]
    doc = nlp(Doc(nlp.vocab, words=["Dogs", "bark"]))
    assert [(token.pos_, token.lemma_) for token in doc] == [("NOUN", "dog"), ("VERB", "bark")]


@pytest.mark.filterwarnings("ignore:.*W030")
def test_a_corpus_without_any_annotation_is_still_an_error(tmp_path):
    (tmp_path / "train.conllu").write_text("1\tDogs\t_\t_\t_\t_\t_\t_\t_\t_\n\n")
    train = ["--paths.train", tmp_path / "train.conllu", "--paths.dev", tmp_path / "train.conllu"]
    result = invoke("train", ROOT / "configs" / "treebank.cfg", "--output", tmp_path, *train)
    assert "L111" in str(result.exception)


def test_info_says_how_this_machine_predicts():
    found = " ".join(run("lstm-tagger", "info").split())
    kernel = find_kernel()
    assert (f"compiled, {kernel.name}" if kernel else "PyTorch's operators, since") in found
    assert f"PyTorch {torch.__version__}" in found
