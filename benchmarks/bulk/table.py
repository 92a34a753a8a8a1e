"""The report on bulk tagging."""

from benchmarks.common.machine import list_machine
from benchmarks.common.tables import Figures, make_paragraph, make_table, show, show_ratio, take

SHARD_SIZE = 2000  # rows
ONE_CORE = "one worker, one core"
ENGINES = {  # with the options of the probe
    ONE_CORE: [],
    "one worker": [],
    "two workers": ["--n-process", "2"],
    "two workers on Ray": ["--n-process", "2", "--ray"],
}
INTRODUCTION = """\
{words:,} words: texts of one sentence each (those of {data}, over and over), one per line, to JSONL shards
of {shard_size:,} rows: read, tokenized, tagged and written. Each run is a process of its own, and all but
the first may use all cores. Words per second are counted from the moment a quarter of the shards is
finished, when all workers have long been running; seconds are those of the whole run. MB are those of the
process and its child processes, which do not include Ray's workers. Median of {rounds} rounds, with the
lowest and the highest. All runs returned the same rows."""
MEMORY = """\
One worker: the peak memory of the process, by length of the input."""


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    introduction = INTRODUCTION.format(
        words=figures["speed"]["one worker"][0]["words"],
        data=figures["data"],
        shard_size=SHARD_SIZE,
        rounds=figures["rounds"],
    )
    lines = ["# Bulk tagging", ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], "all used")]
    lines += [*make_paragraph(introduction), "", *make_speed_table(figures["speed"])]
    rows = [
        [f"{run['words']:,}", f"{run['mb']:,.0f}", f"{run['seconds']:,.0f}"] for run in figures["memory"]
    ]
    lines += [*make_paragraph(MEMORY), "", *make_table(["words", "peak MB", "seconds"], rows)]
    return "\n".join([*lines, ""])


def make_speed_table(speed: dict[str, list[Figures]]) -> list[str]:
    """RETURNS (List[str]): A table with a row for each engine."""
    rates = {engine: take(speed[engine], "words_per_second") for engine in ENGINES}
    rows = []
    for engine in ENGINES:
        ratios = [show_ratio(rates[engine], rates[base]) for base in (ONE_CORE, "two workers")]
        seconds, mb = (show(take(speed[engine], key), ",.0f") for key in ("seconds", "mb"))
        rows.append([engine, show(rates[engine], ",.0f"), *ratios, seconds, mb])
    head = ["", "words/s", "against one core", "against two workers", "seconds", "peak MB"]
    return make_table(head, rows)
