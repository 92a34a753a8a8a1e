"""The page: one self-contained HTML file with its style, its scripts and its data."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from .evaluation import Evaluation
from .known_words import KnownWords
from .plots import Plot, describe_share, percent

N_CONFUSIONS = 30
N_TAGS = 500  # rows of the table of tags; there may be thousands of lemmas
SPAN_ERRORS = {
    "right": "right",
    "type": "wrong type",
    "boundaries": "wrong boundaries",
    "both": "wrong type and boundaries",
    "missed": "missed",
    "spurious": "spurious",
}
KEYS = (("p", "c"), ("q", "d"))  # of a model's tags and confidences, in the page's data


def write_page(
    report: dict[str, Any],
    plots: Sequence[Plot],
    evaluations: Sequence[Evaluation],
    tags: Sequence[str],
    known: KnownWords | None,
) -> str:
    """RETURNS (str): The page. Everything that comes from the data is escaped: by Jinja in the text, and as
    JSON in the block that the page's script reads.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader(__package__, "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "describe_share": describe_share,
        "p_value": format_p_value,
        "points": format_points,
        "show_word": show_word,
    }
    scripts = {"plotly": get_plotlyjs(), "script": _read("script.js")}
    data = {
        "tags": tags,
        "sentences": encode_sentences(evaluations, tags, known),
        "figures": {plot.name: plot.figure for plot in plots},
    }
    return environment.get_template("page.html.j2").render(
        report=report,
        plots={plot.name: plot for plot in plots},
        training=[plot for plot in plots if plot.name.startswith("training")],
        tags=tags,
        numbers={tag: number for number, tag in enumerate(tags)},
        n_confusions=N_CONFUSIONS,
        n_tags=N_TAGS,
        span_errors=SPAN_ERRORS,
        data=data,
        style=Markup(_read("style.css")),
        hashes=" ".join(f"'sha256-{_hash(script)}'" for script in scripts.values()),
        **{name: Markup(script) for name, script in scripts.items()},
    )


def _read(name: str) -> str:
    return (files(__package__) / "template" / name).read_text(encoding="utf8")


def _hash(script: str) -> str:
    """RETURNS (str): The hash by which the page's content security policy admits a script."""
    return b64encode(sha256(script.encode("utf8")).digest()).decode("ascii")


def format_points(value: float) -> str:
    """RETURNS (str): A difference of two shares in percentage points, with its sign."""
    return f"{100 * value:+.2f}"


def format_p_value(value: float) -> str:
    """RETURNS (str): A p-value with two significant digits."""
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def show_word(word: str) -> str:
    """RETURNS (str): A word; of whitespace, which would be invisible, its code points."""
    return word if word.strip() else " ".join(f"U+{ord(letter):04X}" for letter in word)


def encode_sentences(
    evaluations: Sequence[Evaluation], tags: Sequence[str], known: KnownWords | None
) -> list[dict[str, Any]]:
    """Encode sentences compactly, because there may be many thousands.

    RETURNS (List[Dict[str, Any]]): For each sentence: `w`, words; `g`, the numbers of their gold tags; `p`,
        those of the predicted ones; `k`, "1" for each known word and "0" for another; `c`, confidences in
        thousandths, rounded down; `q` and `d`, predicted tags and confidences of the other model. Keys
        without data are left out.
    """
    numbers = {tag: number for number, tag in enumerate(tags)}
    encoded: list[dict[str, Any]] = []
    for versions in zip(*(evaluation.sentences for evaluation in evaluations), strict=True):
        words = versions[0].words
        entry: dict[str, Any] = {"w": words, "g": [numbers[tag] for tag in versions[0].gold]}
        if known:
            entry["k"] = "".join("01"[known.contains(word)] for word in words)
        for sentence, (key, confidence_key) in zip(versions, KEYS, strict=False):
            entry[key] = [numbers[tag] for tag in sentence.predicted]
            if sentence.confidences is not None:
                entry[confidence_key] = [int(1000 * value) for value in sentence.confidences.tolist()]
        encoded.append(entry)
    return encoded
