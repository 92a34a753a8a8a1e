"""The report on the speed of prediction."""

from statistics import median, quantiles
from typing import Any

from benchmarks.common.machine import list_machine
from benchmarks.common.tables import Figures, make_paragraph, make_table, show, show_ratio, take

SPACY, LSTM = "spaCy `tagger`", "`lstm_tagger`"
SYSTEMS = {"spacy": SPACY, "lstm": LSTM}
PRECISIONS = {"spacy": SPACY, "lstm": f"{LSTM}, float32", "lstm_bfloat16": f"{LSTM}, bfloat16"}
BARE = {"bare_lstm": "float32", "bare_lstm_bfloat16": "bfloat16"}
NARROW = {"narrow_lstm": "float32", "narrow_lstm_bfloat16": "bfloat16"}
INTRODUCTION = """\
Figures are medians, with the lowest and the highest in parentheses. A ratio is taken within a round, in
which the systems take turns."""
SPEED = """\
`nlp.pipe` over the {sentences:,} sentences of dev and test, {words:,} words, one sentence per document,
repeated to fill a round; one thread. A batch holds {batch_sizes[spacy]} documents for spaCy and
{batch_sizes[lstm]} for ours, as configured. The bare `nn.LSTM`s read the same sentences, sorted by length,
in batches of the same size, as prepared padded tensors of random numbers: no documents, no embedding, no
tags. The first has the shape of `lstm_tagger`'s, and computes the input projection that `lstm_tagger` looks
up by word type; the input of the second is only as wide as its hidden state. Ratios are to those of the
same precision."""
SLOW_BFLOAT16 = """\
Here `lstm_tagger` found bfloat16 slower than float32, and used {bfloat16_means} instead."""
LONG = """\
One `Doc` of {words:,} words: the sentences of dev and test over and over, reshuffled each time. Short
documents: the same {sentences:,} sentences, one per document. `lstm_tagger` cuts documents longer than
{window} words, with {overlap} words of context, as configured; read whole (one run), they are not cut.
Memory is the peak beyond that of a fresh process with the pipeline loaded and the `Doc` made. spaCy's
tagger ignores sentence starts."""
CORES = """\
Each figure is from a fresh process, bound to its cores from the start. torch uses its default number of
threads, one on one core and {threads} on two, and so does `lstm_tagger` unless configured otherwise.
`n_process=2` is timed over one pass of dev and test, including the start of its processes, which use one
thread each; spaCy serializes every `Doc` to bytes and back."""
LATENCY = """\
{sentences} sentences of test, with a median length of {words:.0f} words, each tagged by both in turn after
a warm-up on all. In parentheses: the first and the last decile."""
STARTUP = """\
`import spacy` and `spacy.blank("en")` together, in {starts} fresh processes each, in turn. Both see the
same packages, linked into a folder; one folder also holds the plugin, as pip installs it from a wheel.
The difference is the median of the pairwise differences."""
FRESH = """\
{starts} fresh processes of each kind, in turn. `spacy.load` is timed once torch and spaCy are imported;
importing them alone takes {seconds} s and {mb} MB. In the first pass no word has been seen, and nothing
is cached."""
GPU = """\
{gpu}; from `Doc`s to tags, dev and test. Tags are compared with those of the same pipeline in the same
precision on the CPU."""


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    use = "of which one was used, or two where stated"
    lines = ["# Prediction with spaCy's `tagger` and `lstm_tagger`, side by side", ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], use)]
    lines += make_paragraph(INTRODUCTION)
    for title, section in (
        ("One core", describe_speed(figures["speed"])),
        ("bfloat16", describe_precision(figures["precision"])),
        ("Long documents", describe_long_documents(figures["long"])),
        ("Two cores", describe_cores(figures["cores"])),
        ("One sentence at a time", describe_latency(figures["latency"])),
        ("Start-up with the plugin installed, but not used", describe_startup(figures["startup"])),
        ("Loading and memory", describe_fresh(figures["fresh"])),
        ("GPU", describe_gpu(figures["gpu"])),
    ):
        lines += ["", f"## {title}", "", *section]
    return "\n".join([*lines, ""])


def describe_speed(speed: Figures) -> list[str]:
    """RETURNS (List[str]): The section on words per second."""
    docs, texts, shapes = speed["from_docs"], speed["from_texts"], speed["bare_lstms"]
    rows = [[SPACY, show(docs["spacy"], ",.0f"), "", "", ""]]
    for name, bare, narrow in zip(("lstm", "lstm_bfloat16"), BARE, NARROW, strict=True):
        ratios = [show_ratio(docs[name], docs[base]) for base in ("spacy", bare, narrow)]
        rows.append([PRECISIONS[name], show(docs[name], ",.0f"), *ratios])
    for name, precision in {**BARE, **NARROW}.items():
        label = f"`nn.LSTM`, {shapes[name]}, {precision}"
        rows.append([label, show(docs[name], ",.0f"), show_ratio(docs[name], docs["spacy"]), "", ""])
    widths = [shapes[name].partition(",")[0] for name in ("bare_lstm", "narrow_lstm")]
    head = ["from `Doc`s to tags", "words/s", "against spaCy", *(f"against `nn.LSTM` {w}" for w in widths)]
    text_rows = [
        [label, show(texts[name], ",.0f"), show_ratio(texts[name], texts["spacy"])]
        for name, label in {**PRECISIONS, "tokenizer": "spaCy's tokenizer alone"}.items()
    ]
    return [
        *make_table(head, rows),
        "",
        *make_table(["from texts to tags", "words/s", "against spaCy"], text_rows),
        *make_paragraph(SPEED.format_map(speed)),
        *note_precision(speed),
    ]


def note_precision(figures: Figures) -> list[str]:
    """RETURNS (List[str]): A note, where bfloat16 is not faster."""
    if figures["bfloat16_means"] == "bfloat16":
        return []
    return make_paragraph(SLOW_BFLOAT16.format_map(figures))


def describe_precision(figures: Figures) -> list[str]:
    """RETURNS (List[str]): The section on tags in bfloat16."""
    row = [f"{LSTM}, bfloat16 against float32", f"{figures['words']:,}", str(figures["differ"])]
    row.append(show_share(figures["differ"], figures["words"]))
    table = make_table(["", "words of dev and test", "tags that differ", "per 1,000"], [row])
    return [*table, *note_precision(figures)]


def show_share(differ: int, words: int) -> str:
    """RETURNS (str): How many tags differ, per 1,000."""
    return f"{1000 * differ / words:.2f}"


def describe_long_documents(long: Figures) -> list[str]:
    """RETURNS (List[str]): The section on long documents."""
    rates, memory = long["rates"], long["memory_mb"]
    rows = []
    for name, label in (
        ("spacy", SPACY),
        ("lstm", f"{LSTM}, no sentence starts"),
        ("lstm_with_starts", f"{LSTM}, sentence starts set"),
        ("lstm_short", f"{LSTM}, short documents"),
    ):
        is_long = name in ("lstm", "lstm_with_starts")
        ratios = [show_ratio(rates[name], rates[base]) for base in ("spacy", "lstm_short")]
        rows.append(
            [
                label,
                show(rates[name], ",.0f"),
                *(ratios if is_long else ["", ""]),
                f"{memory[name]:,.0f}" if name in memory else "",
                show_share(long["differ"][name], long["words"]) if name in long["differ"] else "",
            ]
        )
    rows.append([f"{LSTM}, read whole", f"{long['uncut_rate']:,.0f}", "", "", "", "0.00"])
    head = ["", "words/s", "against spaCy", "against short documents", "peak memory, MB"]
    head.append("tags that differ from those read whole, per 1,000")
    return [*make_table(head, rows), *make_paragraph(LONG.format_map(long))]


def describe_cores(cores: Figures | None) -> list[str]:
    """RETURNS (List[str]): The section on two cores."""
    if cores is None:
        return ["not run: one core"]
    one, two = cores["one"], cores["two"]
    rows = []
    for system, label in SYSTEMS.items():
        processes = [run["processes"] for run in two[system]]
        on_one, on_two, in_two = (take(runs, "rate") for runs in (one[system], two[system], processes))
        is_same = len({run["tags"] for run in (*one[system], *two[system])}) == 1
        differ = max(run["differ"] for run in processes)
        rows += [
            [f"{label}, one core", show(on_one, ",.0f"), "", "", ""],
            [
                f"{label}, two cores",
                show(on_two, ",.0f"),
                show_ratio(on_two, on_one),
                "",
                "the same" if is_same else "different",
            ],
            [
                f"{label}, two cores, `n_process=2`",
                show(in_two, ",.0f"),
                show_ratio(in_two, on_one),
                show_ratio(in_two, on_two),
                f"{differ} differ" if differ else "the same",
            ],
        ]
    threads = " or ".join(sorted({str(run["threads"]) for runs in two.values() for run in runs}))
    head = ["from `Doc`s to tags", "words/s", "against one core", "against one process on two", "tags"]
    return [*make_table(head, rows), *make_paragraph(CORES.format(threads=threads))]


def describe_latency(latency: Figures) -> list[str]:
    """RETURNS (List[str]): The section on single sentences."""
    rows = []
    for key, label in (("from_docs", "`nlp(doc)`, ms"), ("from_texts", "`nlp(text)`, ms")):
        spacy, lstm = latency[key]["spacy"], latency[key]["lstm"]
        ratios = [b / a for a, b in zip(spacy, lstm, strict=True)]
        rows.append([label, show_deciles(spacy), show_deciles(lstm), f"× {show_deciles(ratios)}"])
    words = latency["words"]
    note = LATENCY.format(sentences=len(words), words=median(words))
    return [*make_table(["", *SYSTEMS.values(), "against spaCy"], rows), *make_paragraph(note)]


def show_deciles(values: list[float]) -> str:
    """RETURNS (str): The median of the values, and their first and last decile."""
    deciles = quantiles(values, n=10)
    return f"{median(values):.2f} ({deciles[0]:.2f}–{deciles[-1]:.2f})"


def describe_startup(startup: Figures) -> list[str]:
    """RETURNS (List[str]): The section on spaCy's start-up."""
    rows = []
    for key, label in (("wall", "wall time, ms"), ("cpu", "CPU time, ms")):
        without, with_ = ([1000 * x for x in take(startup[name], key)] for name in ("without", "with"))
        differences = [b - a for a, b in zip(without, with_, strict=True)]
        difference = f"{median(differences):+,.1f}"
        rows.append(
            [label, show(without, ",.0f"), show(with_, ",.0f"), difference, show_ratio(with_, without)]
        )
    head = ["", "without the plugin", "with it", "difference", "with, against without"]
    note = STARTUP.format(starts=len(startup["with"]))
    return [*make_table(head, rows), *make_paragraph(note)]


def describe_fresh(fresh: dict[str, list[Any]]) -> list[str]:
    """RETURNS (List[str]): The section on loading and memory."""
    rows = []
    for key, label, spec in (
        ("load_seconds", "`spacy.load`, s", ".2f"),
        ("first_rate", "first pass over test from `Doc`s, words/s", ",.0f"),
        ("peak_mb", "peak memory: load and tag test, MB", ",.0f"),
    ):
        spacy, lstm = take(fresh["spacy"], key), take(fresh["lstm"], key)
        rows.append([label, show(spacy, spec), show(lstm, spec), show_ratio(lstm, spacy)])
    imports, imports_mb = take(fresh["imports"], "import_seconds"), take(fresh["imports"], "peak_mb")
    spacy, lstm = ([mb - median(imports_mb) for mb in take(fresh[name], "peak_mb")] for name in SYSTEMS)
    label = "— beyond importing torch and spaCy alone, MB"
    rows.append([label, show(spacy, ",.0f"), show(lstm, ",.0f"), show_ratio(lstm, spacy)])
    note = FRESH.format(starts=len(imports), seconds=show(imports, ".2f"), mb=show(imports_mb, ",.0f"))
    return [*make_table(["", *SYSTEMS.values(), "against spaCy"], rows), *make_paragraph(note)]


def describe_gpu(gpu: Figures) -> list[str]:
    """RETURNS (List[str]): The section on a GPU."""
    if "not_run" in gpu:
        return [f"not run: {gpu['not_run']}"]
    rows = []
    for batch_size, rates in gpu["rates"].items():
        ratios = [show_ratio(rates[name], rates["spacy"]) for name in PRECISIONS if name != "spacy"]
        rows.append([batch_size, *(show(rates[name], ",.0f") for name in PRECISIONS), *ratios])
    differ = [show_share(gpu["differ"][name], gpu["words"]) for name in PRECISIONS]
    rows.append(["tags that differ from the CPU's, per 1,000", *differ, "", ""])
    head = ["documents per batch; words/s", *PRECISIONS.values(), "float32 against spaCy"]
    head.append("bfloat16 against spaCy")
    return [*make_table(head, rows), *make_paragraph(GPU.format_map(gpu)), *note_precision(gpu)]
