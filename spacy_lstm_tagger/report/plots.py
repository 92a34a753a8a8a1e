"""Plots as Plotly's JSON, each with its data as a table for screen readers."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any, NamedTuple

Models = Sequence[tuple[str, dict[str, Any]]]

# Readable on light and dark backgrounds, and by color-blind readers.
COLORS = ("#3b82f6", "#d97706")
BLUES = [[0.0, "#c6dcf5"], [1.0, "#0b3c7d"]]
N_PLOTTED = 120  # tags; a matrix of more is neither readable nor small
MARGIN = {"l": 60, "r": 20, "t": 20, "b": 60}


class Plot(NamedTuple):
    """A plot.

    name (str): The id of its element on the page.
    title (str): What it shows.
    text (str): How to read it.
    figure (Dict[str, Any]): `data` and `layout` as plotly.js takes them.
    columns (List[str]): The column names of its table.
    rows (List[List[str]]): The rows of its table.
    """

    name: str
    title: str
    text: str
    figure: dict[str, Any]
    columns: list[str]
    rows: list[list[str]]


def plot_confusion(summary: dict[str, Any]) -> Plot:
    """RETURNS (Plot): Gold tags against predicted ones, most frequent first. Of very many tags, only those
    that are confused most often.
    """
    tags = _choose_plotted(summary)
    right = [
        (s["tag"], s["tag"], round(s["recall"] * s["support"])) for s in summary["tags"] if s["recall"]
    ]
    wrong = [(c["gold"], c["predicted"], c["words"]) for c in summary["confusions"]]
    plotted = {*tags}
    right, wrong = ([row for row in rows if {*row[:2]} <= plotted] for rows in (right, wrong))
    counts = {(gold, predicted): n for gold, predicted, n in right + wrong}
    cells = [[counts.get((gold, predicted)) for predicted in tags] for gold in tags]
    highest = log10(max(counts.values(), default=1)) or 1.0
    ticks = list(range(int(highest) + 1))
    trace = {
        "type": "heatmap",
        "meta": tags,  # for the page's script
        # Logarithms, because correct words outnumber any confusion a hundredfold.
        "z": [[None if n is None else log10(n) for n in row] for row in cells],
        "zmin": 0,
        "zmax": highest,
        "customdata": [
            [_describe_cell(gold, predicted, n) for predicted, n in zip(tags, row, strict=True)]
            for gold, row in zip(tags, cells, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorscale": BLUES,
        "colorbar": {
            "title": {"text": "words"},
            "tickvals": ticks,
            "ticktext": [f"{10**tick:,}" for tick in ticks],
            "thickness": 12,
        },
        "xgap": 1,
        "ygap": 1,
    }
    # Numbered, because Plotly would take a tag such as "1" for a number.
    plain = {"showgrid": False, "zeroline": False}
    axis = {"tickvals": list(range(len(tags))), "ticktext": [escape(tag) or "–" for tag in tags]}
    layout = {
        "height": max(360, 120 + 16 * len(tags)),
        "margin": MARGIN | {"l": 90, "b": 90},
        "xaxis": axis | {"title": {"text": "predicted tag"}, "tickangle": -90} | plain,
        "yaxis": axis | {"title": {"text": "gold tag"}, "autorange": "reversed"} | plain,
    }
    return _make(
        "confusion",
        "Confusion matrix",
        "Rows are gold tags, columns predicted tags; the diagonal is correct. Click a cell to see its "
        "sentences.",
        [trace],
        layout,
        ["gold tag", "predicted tag", "words"],
        [[gold or "–", predicted or "–", f"{n:,}"] for gold, predicted, n in right + wrong],
    )


def _choose_plotted(summary: dict[str, Any]) -> list[str]:
    tags = [score["tag"] for score in summary["tags"]]
    if len(tags) <= N_PLOTTED:
        return tags
    errors: Counter[str] = Counter()
    for confusion in summary["confusions"]:
        errors[confusion["gold"]] += confusion["words"]
        errors[confusion["predicted"]] += confusion["words"]
    chosen = {tag for tag, _ in errors.most_common(N_PLOTTED)}
    return [tag for tag in tags if tag in chosen] or tags[:N_PLOTTED]


def _describe_cell(gold: str, predicted: str, n: int | None) -> str:
    return f"gold {escape(gold)}, predicted {escape(predicted) or '–'}: {n or 0:,} words"


def plot_reliability(models: Models) -> Plot:
    """RETURNS (Plot): Accuracy against mean confidence, in bins of confidence."""
    bins = [(name, summary["calibration"]["bins"]) for name, summary in models]
    traces = [
        _line(
            [b["confidence"] for b in found], [b["accuracy"] for b in found], name, i, mode="lines+markers"
        )
        for i, (name, found) in enumerate(bins)
    ]
    diagonal = _line([0, 1], [0, 1], "perfectly calibrated", 0) | {
        "line": {"dash": "dot", "color": "#888888"}
    }
    return _make(
        "reliability",
        "Reliability diagram",
        "Of the words tagged with a confidence of 90%, 90% should be right: below the dotted line the "
        "model is overconfident, above it underconfident.",
        [diagonal, *traces],
        _layout("mean confidence", "accuracy", percent="xy") | {"showlegend": len(models) > 1},
        ["model", "mean confidence", "accuracy", "words"],
        [
            [name, percent(b["confidence"]), percent(b["accuracy"]), f"{b['words']:,}"]
            for name, found in bins
            for b in found
        ],
    )


def plot_risk(models: Models) -> Plot:
    """RETURNS (Plot): The share of errors among the most confident words."""
    risks = [(name, summary["calibration"]["risks"]) for name, summary in models]
    traces = [
        _line([r["coverage"] for r in found], [r["risk"] for r in found], name, i)
        for i, (name, found) in enumerate(risks)
    ]
    return _make(
        "risk",
        "Risk and coverage",
        "The share of wrong tags among the most confident words.",
        traces,
        _layout("share of words covered", "share of errors", percent="xy")
        | {"showlegend": len(models) > 1},
        ["model", "words covered", "errors among them"],
        [[name, percent(r["coverage"]), percent(r["risk"])] for name, found in risks for r in found[4::5]],
    )


def plot_lengths(models: Models) -> Plot:
    """RETURNS (Plot): Accuracy by the length of the sentence, with its intervals."""
    traces = []
    for i, (name, summary) in enumerate(models):
        shares = [length["accuracy"] for length in summary["lengths"]]
        values = [share["value"] for share in shares]
        error = {
            "array": [share["high"] - share["value"] for share in shares],
            "arrayminus": [share["value"] - share["low"] for share in shares],
            "symmetric": False,
        }
        names = [_name_length(length) for length in summary["lengths"]]
        traces.append(_line(names, values, name, i, mode="lines+markers") | {"error_y": error})
    layout = _layout("words of the sentence", "accuracy", percent="y")
    layout["xaxis"]["type"] = "category"
    return _make(
        "lengths",
        "Accuracy by sentence length",
        "With 95% bootstrap intervals.",
        traces,
        layout | {"showlegend": len(models) > 1},
        ["model", "words of the sentence", "sentences", "words", "accuracy", "95% interval"],
        [
            [name, _name_length(length), f"{length['sentences']:,}", *describe_share(length["accuracy"])]
            for name, summary in models
            for length in summary["lengths"]
        ],
    )


def _name_length(length: dict[str, Any]) -> str:
    return f"{length['first']}–{length['last']}" if length["last"] else f"{length['first']} or more"


def plot_training(log: dict[str, Any]) -> list[Plot]:
    """RETURNS (List[Plot]): Scores and losses during training, if the log has them."""
    plots = []
    # The first evaluation is of an untrained network; next to it, all others would look alike.
    first = 1 if len(log["steps"]) > 2 else 0
    for group, unit in (("scores", "y"), ("losses", "")):
        if log[group]:
            traces = [
                _line(log["steps"][first:], log[group][name][first:], name, i)
                for i, name in enumerate(log[group])
            ]
            rows = zip(log["steps"], *log[group].values(), strict=True)
            plots.append(
                _make(
                    f"training-{group}",
                    f"Training: {group}",
                    "At each evaluation during training" + (", after the first." if first else "."),
                    traces,
                    _layout("step", group, percent=unit) | {"showlegend": len(traces) > 1},
                    ["step", *log[group]],
                    [[f"{step:,}", *map(percent if unit else _number, values)] for step, *values in rows],
                )
            )
    return plots


def percent(value: float | None) -> str:
    """RETURNS (str): A share in percent."""
    return "–" if value is None else f"{100 * value:.2f}%"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def describe_share(share: dict[str, Any]) -> list[str]:
    """RETURNS (List[str]): The number of words of a share, its value, and its interval."""
    return [
        f"{share['words']:,}",
        percent(share["value"]),
        f"{percent(share['low'])} – {percent(share['high'])}",
    ]


def _line(x: list[Any], y: list[Any], name: str, i: int, mode: str = "lines") -> dict[str, Any]:
    # Plotly interprets HTML in names.
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "name": escape(name),
        "mode": mode,
        "line": {"color": COLORS[i % len(COLORS)], "dash": "solid" if i < len(COLORS) else "dash"},
    }


def _layout(x: str, y: str, percent: str) -> dict[str, Any]:
    return {
        "height": 360,
        "margin": MARGIN,
        "legend": {"orientation": "h", "y": 1.12},
        "xaxis": {"title": {"text": x}} | ({"tickformat": ".0%"} if "x" in percent else {}),
        "yaxis": {"title": {"text": y}} | ({"tickformat": ".1~%"} if "y" in percent else {}),
    }


def _make(
    name: str,
    title: str,
    text: str,
    data: list[dict[str, Any]],
    layout: dict[str, Any],
    columns: list[str],
    rows: list[list[str]],
) -> Plot:
    """RETURNS (Plot): The plot, validated by Plotly."""
    from plotly.graph_objects import Figure

    clear = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}  # the page's background
    figure = Figure(data=data, layout=layout | clear).to_plotly_json()
    figure["layout"].pop("template", None)  # long, and the page has its own colors
    return Plot(name, title, text, figure, columns, rows)
