"""What a report does when it is looked at: it draws, and shows the neighbors of a point.

All text of users is data: it is put into the page as text, and never as markup.
"""

SCRIPT = r"""
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const find = id => document.getElementById(id);
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = text => String(text).replace(/[&<>]/g, sign => entities[sign]);
const coarse = matchMedia("(pointer: coarse)").matches;
const narrow = () => innerWidth < 720;
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const config = { displaylogo: false, responsive: true, scrollZoom: false,
  modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };

// Black is that of the theme, so that it is seen on either ground.
function themed(value) {
  if (value === "#000000") return css("--ink");
  if (value === "soft") return css("--soft");
  if (Array.isArray(value)) return value;
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v)]));
  return value;
}
function layout(given) {
  const axis = (more) => ({ gridcolor: css("--line"), zerolinecolor: css("--line"),
    linecolor: css("--line"), automargin: true, ...more });
  return { ...given, xaxis: axis(given.xaxis), yaxis: axis(given.yaxis),
    font: { color: css("--ink"), family: "system-ui, sans-serif", size: 13 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 32, b: 48 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--soft"), activecolor: css("--mark") },
    hoverlabel: { font: { size: 13 } },
    legend: { orientation: "h", y: -0.3, yanchor: "top", x: 0,
      itemsizing: "constant", ...given.legend } };
}
function charts() {
  for (const [id, figure] of Object.entries(data.charts))
    Plotly.react(find(id), figure.traces.map(themed),
      { dragmode: coarse ? false : "zoom", ...layout(figure.layout) }, config);
}

const items = data.items;
let chosen = null;
const className = k => k < 0 ? "unlabeled" : items.classes[k];
function splitName(row) {
  const k = items.splits[row];
  return k === -2 ? "new" : k < 0 ? "in no split" : items.split_names[k];
}

function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}
function picture(row) {
  const uri = items.pictures[row];
  if (uri) {
    const image = element("img");
    image.src = uri;
    image.alt = "";
    return image;
  }
  return element("span", "blank", "");
}
function told(row) {
  const label = items.labels[row], sure = items.sure[row];
  const said = `${className(items.predicted[row])} (${(100 * sure).toFixed(0)}%)`;
  return label < 0 ? `predicted ${said}` : `label ${className(label)}, predicted ${said}`;
}
// A neighbor is right where both have labels, and these are equal.
function verdict(query, row) {
  const [a, b] = [items.labels[query], items.labels[row]];
  return a < 0 || b < 0 ? "" : a === b ? "right" : "wrong";
}
function card(row, distance, query) {
  const made = element("button", `card ${query === undefined ? "" : verdict(query, row)}`);
  made.type = "button";
  made.dataset.row = row;
  made.title = [items.ids[row], told(row), items.texts[row]].filter(Boolean).join("\n");
  made.append(picture(row));
  const mark = { right: "✓ ", wrong: "✗ " }[query === undefined ? "" : verdict(query, row)] || "";
  made.append(element("b", "", items.ids[row]));
  const known = items.labels[row] < 0 ? items.predicted[row] : items.labels[row];
  made.append(element("span", "", mark + className(known) + (items.labels[row] < 0 ? "?" : "")));
  if (distance !== undefined) made.append(element("small", "", distance.toFixed(3)));
  made.addEventListener("click", () => choose(row, true));
  return made;
}
function rowOf(side, query) {
  const row = element("div", "cards");
  side.neighbors[query].forEach((item, k) =>
    row.append(card(item, side.distances[query][k], query)));
  return row;
}
function choose(row, scroll) {
  chosen = row;
  const panel = find("chosen");
  panel.replaceChildren();
  const head = element("div", "head");
  head.append(picture(row));
  const text = element("div");
  text.append(element("h3", "", items.ids[row]));
  text.append(element("p", "", `${told(row)}; ${splitName(row)}`));
  if (items.texts[row]) text.append(element("p", "", items.texts[row]));
  head.append(text);
  panel.append(head);
  items.sides.forEach((side, k) => {
    // The bar has the color of the rings on the map.
    const title = element("h4", "side", `Nearest by ${side.name}`);
    title.style.borderColor = data.side_colors[k];
    panel.append(title, rowOf(side, row));
  });
  if (scroll) find("map-section").scrollIntoView({ block: "start" });
  mark();
}

function webgl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl"));
  } catch (error) { return false; }
}
let kind = "scatter", marks = 0;
function groups() {
  const by = find("color").value === "labels" ? items.labels : items.predicted;
  const rows = new Map();
  for (let row = 0; row < items.drawn; row++) {
    if (!rows.has(by[row])) rows.set(by[row], []);
    rows.get(by[row]).push(row);
  }
  const large = [...rows.keys()].filter(k => k >= 0)
    .sort((a, b) => rows.get(b).length - rows.get(a).length || a - b)
    .slice(0, 20).sort((a, b) => a - b);
  const rest = [...rows.keys()].filter(k => k >= 0 && !large.includes(k));
  const found = [];
  if (rows.has(-1)) found.push(["unlabeled", rows.get(-1), "#9A9A9A", "circle-open"]);
  if (rest.length)
    found.push([`${rest.length} other classes`, rest.flatMap(k => rows.get(k)), "#9A9A9A", "x"]);
  large.forEach(k => {
    const n = data.palette.length;
    found.push([items.classes[k], rows.get(k), data.palette[k % n],
      data.symbols[Math.floor(k / n) % data.symbols.length]]);
  });
  return found;
}
function map() {
  const size = items.drawn > 4000 ? 5 : items.drawn > 800 ? 6 : 9;
  const traces = groups().map(([name, rows, color, symbol]) => ({
    type: kind, mode: "markers", name: `${escaped(name)} (${rows.length})`,
    x: rows.map(r => items.x[r]), y: rows.map(r => items.y[r]), customdata: rows,
    hoverinfo: "none",
    marker: { color: themed(color), symbol, size, opacity: 0.85,
      line: { width: 0.5, color: css("--paper") } } }));
  const ring = (name, color, width, size) => ({ type: kind, mode: "markers", name, x: [], y: [],
    hoverinfo: "skip", showlegend: false,
    marker: { symbol: "circle-open", color: themed(color), size, line: { width } } });
  marks = traces.length;
  traces.push(ring("chosen", "#000000", 3, size + 12));
  data.side_colors.slice(0, items.sides.length).forEach((color, k) =>
    traces.push(ring("near", color, 2.5, size + 6 + 5 * k)));
  const axis = title => ({ title: { text: escaped(title) }, zeroline: false });
  const legend = narrow() ? { y: -0.22 } : { orientation: "v", x: 1.01, y: 1, yanchor: "top" };
  return Plotly.react(find("map"), traces,
    { ...layout({ xaxis: axis(items.axes[0]), yaxis: axis(items.axes[1]), legend }),
      dragmode: coarse ? false : "pan", hovermode: "closest", uirevision: "map" },
    { ...config, scrollZoom: !coarse, displayModeBar: true });
}
function mark() {
  if (chosen === null) return;
  const rows = [[chosen], ...items.sides.map(side => side.neighbors[chosen])]
    .map(each => each.filter(r => r < items.drawn));
  const places = rows.map((_, k) => marks + k);
  Plotly.restyle(find("map"), { x: rows.map(each => each.map(r => items.x[r])),
    y: rows.map(each => each.map(r => items.y[r])) }, places);
}
function hovered(event) {
  const point = event.points.find(each => each.customdata !== undefined);
  if (!point) return;
  const row = point.customdata, tip = find("tip");
  tip.replaceChildren(
    picture(row), element("b", "", items.ids[row]), element("span", "", told(row)));
  tip.hidden = false;
  const box = find("map").getBoundingClientRect();
  const x = event.event ? event.event.clientX - box.left : 0;
  const y = event.event ? event.event.clientY - box.top : 0;
  tip.style.left = `${Math.max(0, Math.min(x + 14, box.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
}
function asked(event) {
  event.preventDefault();
  const text = find("wanted").value.trim();
  let row = items.ids.indexOf(text);
  if (row < 0 && text)
    row = items.ids.findIndex((id, k) => `${id} ${items.texts[k]}`.includes(text));
  find("found").textContent = row < 0 ? "no such node is drawn" : "";
  if (row >= 0) choose(row, false);
}
function sheets() {
  const place = find("sheets");
  if (!place) return;
  for (const query of items.queries) {
    const row = element("div", "sheet");
    row.append(card(query));
    const both = element("div", "both");
    for (const side of items.sides) {
      both.append(element("h4", "", side.name), rowOf(side, query));
    }
    row.append(both);
    place.append(row);
  }
}

charts();
if (items) {
  sheets();
  kind = items.drawn > 1500 && webgl() ? "scattergl" : "scatter";
  map().then(drawn => {
    drawn.on("plotly_click", event => {
      const point = event.points.find(each => each.customdata !== undefined);
      if (point) choose(point.customdata, false);
      find("tip").hidden = true;
    });
    drawn.on("plotly_hover", hovered);
    drawn.on("plotly_unhover", () => { find("tip").hidden = true; });
    document.body.dataset.ready = kind;
  });
  find("color").addEventListener("change", () => map().then(mark));
  find("ask").addEventListener("submit", asked);
} else document.body.dataset.ready = "none";
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts();
  if (items) map().then(mark);
});
})();
"""
