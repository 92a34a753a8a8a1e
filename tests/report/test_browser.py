"""The page in a real browser: Debian's Chromium, headless. CI must have it; elsewhere it may be missing."""

import json
import os
import shutil
from base64 import b64encode
from pathlib import Path

import pytest

from spacy_lstm_tagger.report import write_report

CHROMIUM = shutil.which("chromium")
PLOTS = ("confusion", "reliability", "risk", "lengths", "training-scores", "training-losses")

# What a picture shows: how many of its pixels are not of the most common color. Read in a canvas.
COUNT_INK = """async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return { ink: 1 - Math.max(...counts.values()) / pixels.length, colors: counts.size };
}"""


@pytest.fixture(scope="module")
def browser():
    is_asked_for = bool(os.environ.get("CI"))
    if CHROMIUM is None:
        reason = "needs Chromium: apt-get install chromium"
        pytest.fail(reason) if is_asked_for else pytest.skip(reason)
    if not is_asked_for:
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def complaints():
    """RETURNS (List[str]): Errors of pages, and requests for anything but the page."""
    return []


@pytest.fixture(autouse=True)
def _no_complaints(complaints):
    yield
    assert complaints == []


@pytest.fixture(scope="module")
def open_page(browser, complaints):
    """RETURNS (Callable): Opens a page of its own."""

    def open_path(path, **options):
        page = browser.new_context(**options).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on(
            "request",
            lambda request: complaints.append(request.url) if request.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        return page

    return open_path


@pytest.fixture(scope="module")
def light(open_page, report):
    return open_page(report[1], color_scheme="light")


@pytest.fixture(scope="module")
def dark(open_page, report):
    return open_page(report[1], color_scheme="dark")


@pytest.fixture
def page(light):
    clear(light)
    return light


def field(page, name):
    return page.locator(f"#filters [name={name}]")


def clear(page):
    page.get_by_role("button", name="Clear", exact=True).click()


def count(page):
    return page.locator("#count").inner_text()


def read_types(page, what=".word"):
    """RETURNS (List[str]): Words of the sentences that are shown."""
    return page.locator(f"#list {what} .form").all_text_contents()


def test_values_are_those_of_the_figures(page, report):
    figures = report[0]
    shown = page.locator("tr[data-share=accuracy] td").all_inner_texts()[:3]
    share = figures["model"]["accuracy"]
    assert shown[0] == f"{100 * share['value']:.2f}%"
    assert shown[2] == f"{share['words']:,}"
    assert page.locator("#p-mcnemar").inner_text() == "1"
    assert count(page) == "4 of 4 sentences"


def test_planted_markup_is_shown_and_not_run(page):
    assert page.title().startswith("Report of")
    words = read_types(page)
    assert "</script><script>document.title='planted'</script>" in words
    assert page.locator("#list img, #list script, main img").count() == 0
    assert "</script>" in page.locator("#plot-confusion .xtick").all_text_contents()


def test_text_word_tag_and_error_filters(page):
    field(page, "text").fill("blue HAM")
    assert count(page) == "1 of 4 sentences"
    assert read_types(page) == ["Eat", "blue", "ham"]
    field(page, "show").select_option("wrong")
    assert count(page) == "1 words in 1 of 4 sentences"
    assert read_types(page, ".match") == ["Eat"]
    wrong = page.locator("#list .tag.wrong").first
    assert wrong.text_content().startswith(", predicted ✗ V")
    clear(page)
    assert count(page) == "4 of 4 sentences"
    field(page, "gold").select_option("J")
    assert read_types(page, ".match") == ["green", "blue", "old", "Ham"]
    field(page, "predicted").select_option("N")
    assert read_types(page, ".match") == ["Ham"]
    clear(page)
    field(page, "word").fill("Ham")
    assert read_types(page, ".match") == ["Ham"]


def test_filters_of_known_words_and_confidence(page, report):
    field(page, "known").select_option("0")
    assert count(page) == f"{report[0]['model']['unknown']['words']} words in 2 of 4 sentences"
    clear(page)
    field(page, "confidence").fill("0")
    assert count(page) == "0 words in 0 of 4 sentences"
    field(page, "confidence").fill("100")
    assert count(page) == "15 words in 4 of 4 sentences"


def test_models_that_are_the_same_never_differ(page):
    field(page, "show").select_option("differ")
    assert count(page) == "0 words in 0 of 4 sentences"


def test_a_confusion_leads_to_its_sentences(page):
    page.get_by_role("button", name="words of gold tag N, predicted V").click()
    assert read_types(page, ".match") == ["Eat"]
    assert page.evaluate("document.activeElement.id") == "sentences-title"


def test_a_click_on_a_cell_leads_to_its_sentences(page, report):
    tags = [score["tag"] for score in report[0]["model"]["tags"]]
    row, column = tags.index("J"), tags.index("N")
    plot = page.locator("#plot-confusion")
    plot.scroll_into_view_if_needed()
    place = plot.evaluate(
        """(plot, [x, y]) => {
            const { xaxis, yaxis } = plot._fullLayout;
            return [xaxis._offset + xaxis.c2p(x), yaxis._offset + yaxis.c2p(y)];
        }""",
        [column, row],
    )
    plot.click(position={"x": place[0], "y": place[1]})
    assert read_types(page, ".match") == ["Ham"]
    assert field(page, "gold").locator("option:checked").inner_text() == "J"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_plot_is_blank(scheme, request, browser):
    page, canvas = request.getfixturevalue(scheme), browser.new_page()
    for name in PLOTS:
        plot = page.locator(f"#plot-{name}")
        assert plot.locator(".heatmaplayer image, .scatterlayer .trace").count() > 0
        found = canvas.evaluate(COUNT_INK, b64encode(plot.screenshot()).decode())
        assert found["ink"] > 0.005, name
        assert found["colors"] > 20, name
    canvas.close()


def test_dark_mode_has_a_dark_ground_and_light_text(light, dark):
    read = "(name) => getComputedStyle(document.body)[name]"
    assert light.evaluate(read, "backgroundColor") == "rgb(255, 255, 255)"
    assert dark.evaluate(read, "backgroundColor") == "rgb(18, 22, 28)"
    tick = "getComputedStyle(document.querySelector('#plot-lengths .xtick text')).fill"
    assert light.evaluate(tick) == "rgb(27, 36, 48)"
    assert dark.evaluate(tick) == "rgb(228, 233, 240)"


def test_a_phone_scrolls_in_one_direction(open_page, report):
    page = open_page(report[1], viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_number_breaks_on_a_phone(open_page, report):
    """A cell that holds a number is one line high, however narrow the page."""
    page = open_page(report[1], viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    broken = page.evaluate("""() => [...document.querySelectorAll("td")]
        .filter((cell) => /^[-+\\d.,%– to]+$/.test(cell.textContent.trim()) && cell.offsetParent)
        .filter((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            const tops = [...range.getClientRects()].map((line) => line.top);
            return Math.max(...tops) - Math.min(...tops) > 8;
        })
        .map((cell) => cell.textContent)""")
    assert broken == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_whitespace_is_spelled(page):
    page.fill("input[name=text]", "old")
    assert read_types(page) == ["old", "U+2028", "Ham"]
    assert page.locator("#words button", has_text="U+2028").get_attribute("data-word") == "\u2028"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(scheme, open_page, report):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(report[1], color_scheme=scheme, bypass_csp=True)  # axe is not part of the page
    page.select_option("select[name=show]", "wrong")  # wrong words are in a color of their own
    assert page.locator(".match .wrong").count()
    assert [(found["id"], found["nodes"]) for found in Axe().run(page).response["violations"]] == []


def test_every_control_has_a_name(page):
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [tabindex='0']")]
            .filter((e) => !(e.innerText || e.ariaLabel || e.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []


@pytest.fixture(scope="module")
def many(browser, model, tmp_path_factory):
    """RETURNS (Path): The report on 20,000 sentences; `browser` comes first, as it may skip."""
    folder = tmp_path_factory.mktemp("many")
    words, tags = ["She", "sees", "old", "dogs", "now", "and", "I", "like", "eggs", "."], list("NVJNRXNVNX")
    with (folder / "data.jsonl").open("w") as file:
        for i in range(20_000):
            file.write(json.dumps({"words": [*words, f"w{i}"], "tags": [*tags, "N"]}) + "\n")
    write_report(model, folder / "data.jsonl", folder / "report.html")
    return Path(folder / "report.html")


def test_many_sentences_are_shown_a_page_at_a_time(many, open_page):
    page = open_page(many)
    assert count(page) == "20,000 of 20,000 sentences"
    assert page.locator("#list li").count() == 25
    assert page.locator("#page").inner_text() == "Page 1 of 800"
    page.get_by_role("button", name="Next").click()
    assert "w25" in read_types(page)
    field(page, "text").fill("w19999")
    assert count(page) == "1 of 20,000 sentences"
    assert page.get_by_role("button", name="Next").is_disabled()
    field(page, "text").fill("")
    field(page, "show").select_option("wrong")
    assert page.locator("#list li").count() == 25
    assert count(page).endswith("of 20,000 sentences")
