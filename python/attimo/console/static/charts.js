// Draws what a table of the page has: a chart for each figure that names columns of it.
"use strict";

const STEPS = [...document.querySelectorAll("#steps tbody tr")].reverse();
const SHORTEST = 5; // seconds of a step before its rate says something
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const COLOURS = ["--bar", "--danger"];
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

function ofNumber(value) {
  const digits = value < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en", digits);
}

// Sums become rates, since the last step is shorter than the others.
function valuesOf(column, isRate) {
  const at = document.querySelector(`#steps th[data-of="${column}"]`).cellIndex;
  return STEPS.map((row) => {
    const cell = row.cells[at];
    const [value, seconds] = [Number(cell.dataset.v ?? cell.textContent), Number(row.dataset.s)];
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
  const columns = figure.dataset.columns.split(" ");
  const names = figure.dataset.names.split(", ");
  const isRate = "rate" in figure.dataset;
  const [text, end] = ["bytes" in figure.dataset ? ofBytes : ofNumber, isRate ? "/s" : ""];
  const shown = (value) => (value === null || value === undefined ? "–" : text(value) + end);
  const values = columns.map((column) => valuesOf(column, isRate));
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
          stroke: colourOf(COLOURS[at]),
          width: 2,
          dash: at ? [6, 4] : [], // told apart without colours, too
          points: { show: STEPS.length < 2 },
          value: (_, value) => shown(value),
        })),
      ],
    },
    [STEPS.map((row) => Number(row.dataset.at)), ...values],
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

if (STEPS.length) {
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
