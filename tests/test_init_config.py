"""`lstm-tagger init-config` writes complete configs that train, with this project's settings."""

import shlex
import sys
from pathlib import Path
from subprocess import run

import pytest
import spacy
from commands import invoke, invoke_plugin
from spacy.cli.init_config import fill_config
from spacy.cli.init_config import init_config as spacy_init_config
from thinc.api import Config

import spacy_lstm_tagger.quickstart
from spacy_lstm_tagger import create_corpus
from spacy_lstm_tagger.quickstart import Optimize, make_config

ROOT = Path(__file__).parent.parent
TEMPLATES = Path(spacy_lstm_tagger.quickstart.__file__).parent
MANY = [
    "lstm_tagger",
    "tagger",
    "morphologizer",
    "trainable_lemmatizer",
    "parser",
    "ner",
    "senter",
    "textcat",
]
CONLLU = """\
1	Dogs	dog	NOUN	NNS	Number=Plur	2	nsubj	_	NER=O
2	bark	bark	VERB	VBP	_	0	root	_	NER=O
3	Rex	Rex	PROPN	NNP	Number=Sing	2	obj	_	NER=B-PER

"""


def read(config: str) -> Config:
    return Config().from_str(config, interpolate=False)


@pytest.mark.parametrize(
    ("template", "name"),
    [("speed", "default"), ("accuracy", "accuracy"), ("treebank", "treebank"), ("distill", "distill")],
)
def test_templates_are_the_configs_of_the_project(template: str, name: str) -> None:
    config = ROOT / "configs" / f"{name}.cfg"
    assert (TEMPLATES / f"{template}.cfg").read_text() == config.read_text()


@pytest.mark.parametrize("optimize", ["speed", "accuracy"])
@pytest.mark.parametrize("pipeline", [["lstm_tagger"], ["tagger"], ["lstm_tagger", "parser"], MANY])
def test_configs_are_complete(tmp_path: Path, pipeline: list[str], optimize: Optimize) -> None:
    path = tmp_path / "config.cfg"
    path.write_text(make_config("tr", pipeline, optimize), encoding="utf8")
    _, filled = fill_config(tmp_path / "filled.cfg", path)
    assert Config(filled) == Config().from_disk(path, interpolate=False)
    nlp = spacy.util.load_model_from_config(Config().from_disk(path), auto_fill=False)
    assert nlp.lang == "tr"
    assert [name for name in nlp.pipe_names if name != "lstm_tok2vec"] == pipeline


@pytest.mark.parametrize(
    ("pipeline", "optimize", "name"),
    [
        (["lstm_tagger"], "speed", "default"),
        (["lstm_tagger"], "accuracy", "accuracy"),
        (["lstm_tagger", "lstm_morphologizer", "lstm_lemmatizer"], "speed", "treebank"),
    ],
)
def test_settings_are_those_of_the_configs(pipeline: list[str], optimize: Optimize, name: str) -> None:
    assert read(make_config("en", pipeline, optimize)) == Config().from_disk(
        ROOT / "configs" / f"{name}.cfg", interpolate=False
    )


def test_settings_to_distill_are_those_of_the_config() -> None:
    config = make_config("en", ["lstm_tagger"], "speed", distill=True)
    assert read(config) == Config().from_disk(ROOT / "configs" / "distill.cfg", interpolate=False)


@pytest.mark.parametrize("optimize", ["speed", "accuracy"])
@pytest.mark.parametrize("pipeline", [["lstm_tagger"], ["lstm_tagger", "lstm_morphologizer"]])
def test_components_learn_from_a_teacher(tmp_path: Path, pipeline: list[str], optimize: Optimize) -> None:
    """Those of ours; each learns what the teacher says beside its gold data."""
    corpus, raw, teacher = tmp_path / "train.conllu", tmp_path / "raw.txt", tmp_path / "teacher"
    corpus.write_text(CONLLU)
    raw.write_text("Cats bark Rex\n")
    path = tmp_path / "config.cfg"
    code, text = invoke_plugin(
        *("init-config", path, "--pipeline", ",".join(pipeline), "--optimize", optimize, "--distill")
    )
    assert (code, f"lstm-tagger distill TEACHER {path} --raw RAW" in text) == (0, True), text
    _, filled = fill_config(tmp_path / "filled.cfg", path)
    assert Config(filled) == Config().from_disk(path, interpolate=False)
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.add_pipe("morphologizer")
    nlp.initialize(lambda: create_corpus(corpus)(nlp))
    nlp.to_disk(teacher)
    code, text = invoke_plugin(
        *("distill", teacher, path, "--raw", raw, "--output", tmp_path / "out", "--training.max_steps", 1),
        *("--paths.train", corpus, "--paths.dev", corpus),
    )
    assert code == 0, text
    student = spacy.load(tmp_path / "out" / "model-best")
    assert student("Dogs bark").has_annotation("TAG")


@pytest.mark.parametrize("optimize", ["speed", "accuracy"])
def test_all_components_share_one_tok2vec(optimize: Optimize) -> None:
    config = read(make_config("en", MANY, optimize))
    components = dict(config["components"])
    width = 2 * components.pop("lstm_tok2vec")["model"]["encode"]["width"]
    listening = {name for name in MANY if "tok2vec" in components[name]["model"]}
    assert {*MANY} - listening == ({"textcat"} if optimize == "speed" else set())  # a bag of words
    for name in listening:
        listener = components[name]["model"]["tok2vec"]
        assert listener["@architectures"] == "spacy.Tok2VecListener.v1", name
        assert listener["width"] == width
    assert config["training"]["optimizer"]["@optimizers"] == "spacy-lstm-tagger.LazyAdam.v1"
    weights = config["training"]["score_weights"]
    assert min(weights[score] for score in ("dep_las", "tag_acc", "ents_f", "cats_score")) > 0


@pytest.mark.parametrize("lang", ["zh", "tr"])
@pytest.mark.parametrize("pipeline", [["lstm_tagger"], MANY])
def test_the_rest_is_as_spacy_writes_it(pipeline: list[str], lang: str) -> None:
    """The tokenizer of the language, and the settings of spaCy's components but for their tok2vec."""
    expected = spacy_init_config(lang=lang, pipeline=pipeline)
    found = read(make_config(lang, pipeline, "speed"))
    for config in (expected, found):
        for component in config["components"].values():
            component["model"].pop("tok2vec", None)
    assert found["nlp"] == expected["nlp"] | {"pipeline": found["nlp"]["pipeline"]}
    leave_out = {"@callbacks": "spacy-lstm-tagger.leave_out_unannotated.v1"}
    before_init = {"before_init": leave_out} if len(pipeline) > 1 else {}
    assert found["initialize"] == expected["initialize"] | before_init
    for name in pipeline:
        assert found["components"][name] == expected["components"][name]


def test_the_tagger_has_its_own_network_if_no_other_component_has_one() -> None:
    config = read(make_config("en", ["sentencizer", "lemmatizer", "lstm_tagger", "textcat"], "speed"))
    alone = read(make_config("en", ["lstm_tagger"], "speed"))
    assert config["nlp"]["pipeline"] == ["sentencizer", "lemmatizer", "lstm_tagger", "textcat"]
    assert config["components"]["lstm_tagger"] == alone["components"]["lstm_tagger"]


def test_a_pipeline_of_many_components_trains(tmp_path: Path) -> None:
    data, config = tmp_path / "data.conllu", tmp_path / "new" / "config.cfg"
    data.write_text(CONLLU * 40)  # the parser wants 30 examples of a relation
    pipeline = "lstm_tagger,morphologizer,parser,ner"
    code, output = invoke_plugin("init-config", config, "--lang", "en", "--pipeline", pipeline)
    assert code == 0, output
    assert "python -m spacy train" in output
    sizes = ["--components.lstm_tok2vec.model.encode.width", "8", "--training.max_steps", "20"]
    sizes += [
        part for name in pipeline.split(",") for part in (f"--components.{name}.model.tok2vec.width", "16")
    ]
    result = invoke(
        *("train", config, "--output", tmp_path / "out", "--paths.train", data, "--paths.dev", data),
        *("--training.eval_frequency", "10", *sizes),
    )
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    doc = spacy.load(tmp_path / "out" / "model-last")("Dogs bark Rex")
    assert [token.tag_ for token in doc] == ["NNS", "VBP", "NNP"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pipeline", "lstm_tager"], "[L450]"),
        (["--pipeline", "tok2vec"], "[L450]"),
        (["--lang", "xyz"], "[E048]"),
    ],
)
def test_bad_requests_are_messages(tmp_path: Path, arguments: list[str], message: str) -> None:
    code, output = invoke_plugin("init-config", tmp_path / "config.cfg", *arguments)
    assert code == 1
    assert message in output
    assert not (tmp_path / "config.cfg").exists()


def test_files_are_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "config.cfg"
    path.write_text("mine")
    code, output = invoke_plugin("init-config", path)
    assert code == 1
    assert "[L451]" in output
    assert path.read_text() == "mine"
    assert invoke_plugin("init-config", path, "--force")[0] == 0
    assert "LazyAdam" in path.read_text()


def test_the_next_command_can_be_copied(tmp_path: Path) -> None:
    path = tmp_path / "a folder with a long name" / f"{'config' * 10}.cfg"
    [command] = [
        line for line in invoke("lstm-tagger", "init-config", path).output.splitlines() if "train" in line
    ]
    assert shlex.split(command)[:5] == ["python", "-m", "spacy", "train", str(path)]
    assert command.endswith("DEV")


def test_components_that_a_message_names_are_known(tmp_path: Path) -> None:
    # In a process of its own: spaCy registers its factories when they are first used.
    command = [sys.executable, "-W", "ignore", "-m", "spacy", "lstm-tagger", "init-config", "-"]
    done = run([*command, "-p", "taggr"], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    names = done.stdout.partition("there are:")[2].replace(".", "").replace(",", " ").split()
    assert {"lstm_tagger", "tagger", "parser", "ner", "lemmatizer"} <= {*names}
    assert "tok2vec" not in names
    nlp = spacy.blank("en")
    assert [name for name in names if name.isidentifier() and not nlp.has_factory(name)] == []


def test_standard_output_has_the_config_alone() -> None:
    result = invoke("lstm-tagger", "init-config", "-", "--lang", "de")
    assert Config().from_str(result.output)["nlp"]["lang"] == "de"


def test_spacys_settings_are_worth_a_hint(caplog: pytest.LogCaptureFixture) -> None:
    from spacy_lstm_tagger.pipeline.hints import suggest_settings

    nlp = spacy.blank("en")
    with caplog.at_level("INFO", "spacy"):
        for optimizer, n_hints in (("spacy-lstm-tagger.LazyAdam.v1", 0), ("Adam.v1", 1)):
            nlp.config["training"]["optimizer"] = {"@optimizers": optimizer}
            suggest_settings(nlp)
            assert [record.message for record in caplog.records if "init-config" in record.message][
                n_hints:
            ] == []
            assert len(caplog.records) == n_hints
        suggest_settings(None)
    assert len(caplog.records) == 1
