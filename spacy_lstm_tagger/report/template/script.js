"use strict";
// Text of the data enters the page by textContent alone, never as HTML.

const { tags, sentences, figures } = JSON.parse(document.getElementById("data").textContent);
const PER_PAGE = 25;
const NO_TAG = tags.indexOf("");
const filters = document.getElementById("filters");
const texts = sentences.map((sentence) => sentence.w.join(" ").toLowerCase());
let found = [];
let page = 0;

// Which words and sentences are looked for

function readFilters() {
  const value = (name) => filters.elements[name]?.value ?? "";
  const number = (name) => (value(name) === "" ? null : Number(value(name)));
  return {
    text: value("text").trim().toLowerCase(),
    word: value("word"),
    show: value("show"),
    gold: number("gold"),
    predicted: number("predicted"),
    known: value("known"),
    confidence: number("confidence"),
  };
}

const SHOWN = {
  wrong: (gold, predicted) => gold !== NO_TAG && predicted !== gold,
  differ: (gold, predicted, other) => predicted !== other,
  first: (gold, predicted, other) => gold === predicted && gold !== other,
  second: (gold, predicted, other) => gold !== predicted && gold === other,
};
function isWanted(sentence, i, wanted) {
  const gold = sentence.g[i];
  const predicted = sentence.p[i];
  return (
    (wanted.gold === null || gold === wanted.gold) &&
    (wanted.predicted === null || predicted === wanted.predicted) &&
    (!wanted.show || (gold !== NO_TAG && SHOWN[wanted.show](gold, predicted, sentence.q?.[i]))) &&
    (!wanted.word || sentence.w[i] === wanted.word) &&
    (!wanted.known || sentence.k[i] === wanted.known) &&
    (wanted.confidence === null || sentence.c[i] <= wanted.confidence * 10)
  );
}

function asksForWords(wanted) {
  return Object.entries(wanted).some(([name, value]) => name !== "text" && value !== null && value !== "");
}

function search() {
  const wanted = readFilters();
  const byWord = asksForWords(wanted);
  let words = 0;
  found = [];
  sentences.forEach((sentence, number) => {
    if (!texts[number].includes(wanted.text)) return;
    const places = [];
    for (let i = 0; byWord && i < sentence.w.length; i++) if (isWanted(sentence, i, wanted)) places.push(i);
    if (byWord && !places.length) return;
    words += places.length;
    found.push({ number, places });
  });
  const what = byWord ? `${words.toLocaleString("en")} words in ` : "";
  document.getElementById("count").value =
    `${what}${found.length.toLocaleString("en")} of ${sentences.length.toLocaleString("en")} sentences`;
  show(0);
}

// Sentences, a page of them at a time

function make(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

function makeTag(who, tag, gold, confidence) {
  const isWrong = gold !== NO_TAG && tag !== gold;
  const percent = confidence === undefined ? "" : ` ${Math.floor(confidence / 10)}`;
  const element = make("span", isWrong ? "tag wrong" : "tag", "");
  element.append(make("span", "hidden", `, ${who} `), `${isWrong ? "✗ " : ""}${tags[tag] || "–"}${percent}`);
  // The golden angle keeps neighbours apart.
  element.style.setProperty("--hue", Math.round((tag * 137.5) % 360));
  return element;
}

// White space as its code points, for else there is nothing to see.
function spell(word) {
  const spellOne = (letter) => `U+${letter.codePointAt().toString(16).toUpperCase().padStart(4, "0")}`;
  return word.trim() ? word : [...word].map(spellOne).join(" ");
}

function makeWord(sentence, i, isMatch) {
  const word = make("span", isMatch ? "word match" : "word", "");
  const gold = sentence.g[i];
  word.append(make("span", "form", spell(sentence.w[i])), makeTag("gold", gold, gold));
  word.append(makeTag("predicted", sentence.p[i], gold, sentence.c?.[i]));
  if (sentence.q) word.append(makeTag("other model", sentence.q[i], gold, sentence.d?.[i]));
  return word;
}

function makeSentence({ number, places }) {
  const item = document.createElement("li");
  const matches = new Set(places);
  item.append(...sentences[number].w.map((_, i) => makeWord(sentences[number], i, matches.has(i))));
  return item;
}

function show(number) {
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  page = Math.min(Math.max(number, 0), pages - 1);
  const shown = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  document.getElementById("list").replaceChildren(...shown.map(makeSentence));
  document.getElementById("page").textContent = `Page ${page + 1} of ${pages}`;
  document.getElementById("previous").disabled = page === 0;
  document.getElementById("next").disabled = page === pages - 1;
}

function select(values) {
  filters.reset();
  for (const [name, value] of Object.entries(values)) filters.elements[name].value = value;
  search();
}

function lead(values) {
  select(values);
  const title = document.getElementById("sentences-title");
  title.scrollIntoView();
  title.focus({ preventScroll: true });
}

filters.addEventListener("input", search);
filters.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("clear").addEventListener("click", () => select({}));
document.getElementById("previous").addEventListener("click", () => show(page - 1));
document.getElementById("next").addEventListener("click", () => show(page + 1));
for (const button of document.querySelectorAll("td button, th button")) {
  button.addEventListener("click", () => lead({ ...button.dataset }));
}
search();

// Plots

const dark = matchMedia("(prefers-color-scheme: dark)");

function paint(plot) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  Plotly.relayout(plot, {
    "font.color": color("--text"),
    "xaxis.gridcolor": color("--line"),
    "yaxis.gridcolor": color("--line"),
    "xaxis.zerolinecolor": color("--line"),
    "yaxis.zerolinecolor": color("--line"),
    "hoverlabel.bgcolor": color("--raised"),
    "hoverlabel.font.color": color("--text"),
  });
  // On dark ground more is lighter.
  if (plot.dataset.figure === "confusion") Plotly.restyle(plot, { reversescale: dark.matches });
}

for (const plot of document.querySelectorAll(".plot")) {
  const { data, layout } = figures[plot.dataset.figure];
  Plotly.newPlot(plot, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  paint(plot);
  dark.addEventListener("change", () => paint(plot));
}

const cellTags = figures.confusion.data[0].meta.map((tag) => tags.indexOf(tag));
document.getElementById("plot-confusion").on("plotly_click", ({ points: [cell] }) => {
  const [row, column] = cell.pointIndex;
  lead({ gold: cellTags[row], predicted: cellTags[column] });
});
