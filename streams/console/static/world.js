// World: a map of attention, who is named with whom, and what about.

import { fill, h } from "./dom.js";
import { Poll } from "./poll.js";
import * as words from "./words.js";

export const title = "World";

const EVERY = 5_000;
const PERIODS = { hour: "This hour", day: "24 hours", week: "7 days" };
const STEPS = 6;
const MATRIX = 12;
const LISTED = 14;

export function open(root, app) {
  return new World(root, app);
}

class World {
  constructor(root, app) {
    this.app = app;
    this.period = "day";
    this.topic = "all";
    this.shapes = new Map();
    this.periods = h("div", { class: "segments", role: "group", "aria-label": "Period" }, Object.entries(PERIODS).map(([value, label]) =>
      h("button", { type: "button", value, "aria-pressed": "false", onclick: () => this.change({ period: value === "day" ? null : value }) }, label)));
    this.select = h("select", { id: "world-topic", onchange: () => this.change({ topic: this.select.value === "all" ? null : this.select.value }) });
    this.total = h("span", { class: "soft num" });
    this.map = h("div", { class: "map" });
    this.tip = h("p", { class: "tip soft", "aria-hidden": "true" });
    this.countries = h("ol", { class: "ranks" });
    this.matrix = h("div", { class: "matrix" });
    this.topics = h("ol", { class: "topics" });
    root.append(h("div", { class: "page world" },
      h("div", { class: "worldbar" }, h("h1", {}, "World"), this.periods, h("label", { for: "world-topic", class: "unseen" }, "Topic"), this.select, this.total),
      h("div", { class: "upper" },
        h("section", { "aria-label": "Map" }, this.map, this.tip),
        h("section", { "aria-labelledby": "ranks-title" }, h("h2", { id: "ranks-title" }, "Countries"), this.countries)),
      h("div", { class: "lower" },
        h("section", { "aria-labelledby": "matrix-title" }, h("h2", { id: "matrix-title" }, "Named together"), this.matrix),
        h("section", { "aria-labelledby": "topics-title" }, h("h2", { id: "topics-title" }, "Topics, hour by hour"), this.topics))));
    this.poll = new Poll(app, EVERY, () => `/api/world?period=${this.period}&topic=${encodeURIComponent(this.topic)}`, (found) => this.take(found));
    this.outline().catch(() => (this.tip.textContent = "The map cannot be read."));
  }

  close() {
    this.poll.close();
  }

  address(url) {
    this.period = url.searchParams.get("period") in PERIODS ? url.searchParams.get("period") : "day";
    this.topic = url.searchParams.get("topic") || "all";
    for (const button of this.periods.children) button.setAttribute("aria-pressed", button.value === this.period);
    this.poll.ask();
  }

  change(changes) {
    const parameters = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) parameters.set(name, value);
      else parameters.delete(name);
    }
    this.app.go(`/world${parameters.size ? `?${parameters}` : ""}`);
  }

  /** Where a click leads: to the events it counts. */
  live(name, value) {
    return `/?${name}=${encodeURIComponent(value)}${this.topic === "all" ? "" : `&topic=${encodeURIComponent(this.topic)}`}`;
  }

  /** Draw the outlines once; counts only change their classes. */
  async outline() {
    const { size, countries, dots } = await (await fetch("/static/world.json")).json();
    const svg = h("svg", { viewBox: `-4 -4 ${size[0] + 8} ${size[1] + 8}`, role: "img", "aria-label": "World map, the darker the more items; the list beside it says the same" });
    const add = (code, shape) => {
      const known = this.shapes.get(code);
      if (known) known.push(shape);
      else this.shapes.set(code, [shape]);
      shape.addEventListener("click", () => this.app.go(this.live("country", code)));
      shape.addEventListener("pointerenter", () => this.say(code));
      svg.append(shape);
    };
    for (const [code, d] of Object.entries(countries)) add(code, h("path", { d, "data-code": code }));
    for (const [code, [cx, cy]] of Object.entries(dots)) add(code, h("circle", { cx, cy, r: 3, "data-code": code, class: "small" }));
    svg.addEventListener("pointerleave", () => this.say(null));
    fill(this.map, svg);
    if (this.found) this.colour();
  }

  say(code) {
    this.tip.textContent = code ? `${words.country(code)}: ${words.plural(this.found?.countries[code] ?? 0, "item", "items")}` : "The map counts items about a country; a click shows them in Live.";
  }

  take(found) {
    const text = JSON.stringify(found);
    if (text !== this.text) this.draw(found);
    this.text = text;
  }

  draw(found) {
    this.found = found;
    const topics = Object.keys(found.topics).filter((name) => name !== "all");
    if (this.topic !== "all" && !topics.includes(this.topic)) topics.push(this.topic);
    fill(this.select, h("option", { value: "all" }, "All topics"), topics.sort().map((name) => h("option", { value: name }, words.topic(name))));
    this.select.value = this.topic;
    this.total.textContent = words.plural(found.items, "item", "items");
    this.colour();
    this.say(null);
    const ranked = Object.entries(found.countries).slice(0, LISTED);
    const top = ranked[0]?.[1] ?? 1;
    fill(this.countries, ranked.length ? ranked.map(([code, count]) => {
      const bar = h("span", { class: "fill", "aria-hidden": "true" });
      bar.style.width = `${(100 * count) / top}%`;
      return h("li", {}, h("a", { href: this.live("country", code) }, bar, h("span", { class: "name" }, words.country(code)), h("span", { class: "num" }, words.number(count))));
    }) : h("li", { class: "soft" }, "Nothing was counted in this period yet."));
    this.drawMatrix(found);
    this.drawTopics(found);
  }

  colour() {
    const counts = this.found.countries;
    const top = Math.log1p(Math.max(4, ...[...this.shapes.keys()].map((code) => counts[code] ?? 0)));
    for (const [code, shapes] of this.shapes) {
      const step = counts[code] ? Math.max(1, Math.ceil((STEPS * Math.log1p(counts[code])) / top)) : 0;
      for (const shape of shapes) shape.dataset.step = step;
    }
  }

  drawMatrix({ pairs }) {
    const weight = new Map();
    for (const [pair, count] of Object.entries(pairs)) for (const code of pair.split("-")) weight.set(code, (weight.get(code) ?? 0) + count);
    const codes = [...weight].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MATRIX).map(([code]) => code);
    if (codes.length < 2) {
      fill(this.matrix, h("p", { class: "soft" }, "No two countries were named in one sentence in this period."));
      return;
    }
    const top = Math.log1p(Math.max(3, ...Object.values(pairs)));
    const cell = (a, b) => {
      if (a === b) return h("td", { class: "self" });
      const pair = [a, b].sort().join("-");
      const count = pairs[pair];
      if (!count) return h("td", {});
      return h("td", { "data-step": Math.max(1, Math.ceil((STEPS * Math.log1p(count)) / top)) },
        h("a", { href: this.live("pair", pair), title: `${words.country(a)} – ${words.country(b)}: ${count}`, "aria-label": `${words.country(a)} and ${words.country(b)}, ${words.plural(count, "item", "items")}` }, words.compact(count)));
    };
    fill(this.matrix, h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Pairs of countries" }, h("table", {},
      h("thead", {}, h("tr", {}, h("td", {}), codes.map((code) => h("th", { scope: "col", title: words.country(code) }, code)))),
      h("tbody", {}, codes.map((a) => h("tr", {}, h("th", { scope: "row" }, words.country(a)), codes.map((b) => cell(a, b))))))));
  }

  drawTopics({ series, topics, hours }) {
    const names = Object.keys(series).filter((name) => name !== "all").sort((a, b) => (topics[b] ?? 0) - (topics[a] ?? 0) || (a < b ? -1 : 1));
    const top = Math.max(1, ...names.flatMap((name) => series[name]));
    const from = words.moment(Date.parse(`${hours[0]}:00:00Z`));
    fill(this.topics, names.length ? names.map((name) => h("li", {}, h("a", { href: `/?topic=${encodeURIComponent(name)}`, "data-topic": name },
      h("span", { class: "name" }, h("span", { class: "dot", "aria-hidden": "true" }), words.topic(name)),
      curve(series[name], top, `${words.topic(name)} since ${from}`),
      h("span", { class: "num" }, words.number(topics[name] ?? 0))))) : h("li", { class: "soft" }, "No topic yet."));
  }
}

function curve(values, top, label) {
  const step = 200 / values.length;
  const bars = values.map((value, index) => value > 0 && h("rect", { x: (index * step).toFixed(2), width: Math.max(0.8, step - (values.length > 50 ? 0.2 : 1.2)).toFixed(2), y: (29 - (27 * value) / top).toFixed(2), height: ((27 * value) / top).toFixed(2) }));
  return h("svg", { class: "curve", viewBox: "0 0 200 30", preserveAspectRatio: "none", role: "img", "aria-label": label }, h("line", { x1: 0, x2: 200, y1: 29.5, y2: 29.5 }), bars);
}
