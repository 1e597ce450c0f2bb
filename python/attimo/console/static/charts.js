// Draws what a table of the page has: a chart for each figure that names columns of it.
"use strict";

const STEPS = new Map(); // the rows of each table, the oldest first
const SHORTEST = 5; // seconds of a step before its rate says something
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const COLOURS = ["--bar", "--danger", "--good", "--muted", "--text"];
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [12, 6]]; // told apart without colours, too
const HEIGHT = 200;
// For ticks that are days, hours and minutes apart: the text, and what follows it at a new day.
const DAY = "\n{MMM} {D}";
const TIMES = [
  [86400, "{MMM} {D}", null, null, null, null, null, null, 1],
  [3600, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
  [60, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", DAY, null, DAY, null, null, null, 1],
];

function ofBytes(value) {
  const power = value < 1024 ? 0 : Math.min(5, Math.floor(Math.log2(value) / 10));
  return `${ofNumber(value / 1024 ** power)} ${UNITS[power]}`;
}

function ofMicros(value) {
  if (value < 1e3) return `${ofNumber(value)} µs`;
  return value < 1e6 ? `${ofNumber(value / 1e3)} ms` : `${ofNumber(value / 1e6)} s`;
}

function ofNumber(value) {
  const digits = value < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en", digits);
}

function stepsOf(table) {
  if (!STEPS.has(table)) STEPS.set(table, [...document.querySelectorAll(`#${table} tbody tr`)].reverse());
  return STEPS.get(table);
}

// Sums become rates, since the last step is shorter than the others. Where nothing is known, the line ends.
function valuesOf(table, column, isRate) {
  const at = document.querySelector(`#${table} th[data-of="${column}"]`).cellIndex;
  return stepsOf(table).map((row) => {
    const cell = row.cells[at];
    const text = cell.dataset.v ?? cell.textContent;
    if (text === "") return null;
    const [value, seconds] = [Number(text), Number(row.dataset.s)];
    if (isRate && seconds < SHORTEST) return null;
    return isRate ? value / seconds : value;
  });
}

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(more) {
  const line = { stroke: colourOf("--line"), width: 1 };
  return { stroke: colourOf("--muted"), grid: line, ticks: line, font: "12px system-ui, sans-serif", ...more };
}

function draw(figure) {
  const steps = stepsOf(figure.dataset.of);
  const columns = figure.dataset.columns.split(" ");
  const names = figure.dataset.names.split(", ");
  const isRate = "rate" in figure.dataset;
  const hasGaps = "micros" in figure.dataset;
  const text = "bytes" in figure.dataset ? ofBytes : hasGaps ? ofMicros : ofNumber;
  const end = isRate ? "/s" : "";
  const shown = (value) => (value === null || value === undefined ? "–" : text(value) + end);
  const values = columns.map((column) => valuesOf(figure.dataset.of, column, isRate));
  const most = values.map((each) => Math.max(0, ...each));
  figure.setAttribute("aria-label", names.map((name, at) => `${name}: at most ${shown(most[at])}`).join("; "));
  return new uPlot(
    {
      width: figure.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_, __, top) => [0, (top || 1) * 1.05] } },
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      axes: [axis({ space: 70, values: TIMES }), axis({ size: 76, values: (_, ticks) => ticks.map(shown) })],
      series: [
        { label: "Time (UTC)", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        ...names.map((label, at) => ({
          label,
          stroke: colourOf(COLOURS[at % COLOURS.length]),
          width: 2,
          dash: DASHES[at % DASHES.length],
          points: { show: hasGaps || steps.length < 2, size: 4 }, // one between gaps is no line
          value: (_, value) => shown(value),
        })),
      ],
    },
    [steps.map((row) => Number(row.dataset.at)), ...values],
    figure.querySelector(".drawn"),
  );
}

const charts = new Map();

function drawAll() {
  for (const figure of document.querySelectorAll(".chart")) {
    figure.hidden = false;
    charts.get(figure)?.destroy();
    charts.set(figure, draw(figure));
  }
}

if (document.querySelector(".chart")) {
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = charts.get(target);
      if (chart.width !== target.clientWidth) chart.setSize({ width: target.clientWidth, height: HEIGHT });
    }
  });
  for (const figure of charts.keys()) resized.observe(figure);
}
