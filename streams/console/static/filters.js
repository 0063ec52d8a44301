// The filters of Live: what can be chosen is what the events at hand have; what is chosen stands in the address.

import { fill, h } from "./dom.js";
import * as words from "./words.js";

const LISTED = 8;
const NAMES = ["topic", "country", "pair", "language", "source", "geo", "q"];
const GEO = { "": "All events", true: "Geopolitical", false: "Other news", unknown: "Language without topics" };
const LABELS = {
  topic: words.topic,
  country: words.country,
  pair: (pair) => pair.split("-").map(words.country).join(" – "),
  language: words.language,
  source: (id) => id,
};

/** The filter in an address, in one order: the same filter is the same text. */
export function queryOf(parameters) {
  const query = new URLSearchParams();
  for (const name of NAMES) if (parameters.get(name)) query.set(name, parameters.get(name));
  return query;
}

export class Filters {
  /** @param changed called with the filter somebody chose */
  constructor(changed) {
    this.changed = changed;
    this.query = new URLSearchParams();
    this.sources = new Map();
    this.search = h("input", { type: "search", id: "search", placeholder: "Words in headline or text", autocomplete: "off", spellcheck: "false" });
    this.search.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.change("q", this.search.value.trim()), 300);
    });
    this.geo = h("select", { id: "geo", onchange: () => this.change("geo", this.geo.value) },
      Object.entries(GEO).map(([value, label]) => h("option", { value }, label)));
    this.facets = ["topic", "country", "language", "source"].map((name) => new Facet(name, this));
    this.element = h("aside", { class: "filters", "aria-label": "Filters" },
      h("label", { for: "search", class: "unseen" }, "Search"), this.search,
      h("label", { for: "geo", class: "unseen" }, "Kind"), this.geo,
      this.facets.map((facet) => facet.element));
    this.active = h("div", { class: "active", role: "group", "aria-label": "Active filters" });
  }

  focus() {
    this.search.focus();
    this.search.select();
  }

  chosen(name) {
    return (this.query.get(name) ?? "").split(",").filter(Boolean);
  }

  change(name, value) {
    const query = new URLSearchParams(this.query);
    if (value) query.set(name, value);
    else query.delete(name);
    this.changed(queryOf(query));
  }

  toggle(name, value) {
    const chosen = this.chosen(name);
    this.change(name, (chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]).join(","));
  }

  /** Show the filter of an address. */
  show(query) {
    this.query = query;
    if (document.activeElement !== this.search) this.search.value = query.get("q") ?? "";
    this.geo.value = query.get("geo") ?? "";
    const chips = ["topic", "country", "pair", "language", "source"].flatMap((name) => this.chosen(name).map((value) =>
      h("button", { type: "button", class: "chip", "data-topic": name === "topic" ? value : null, onclick: () => this.toggle(name, value), "aria-label": `Remove filter ${this.label(name, value)}` },
        this.label(name, value), h("span", { "aria-hidden": "true" }, " ×"))));
    if (query.get("q")) chips.push(h("button", { type: "button", class: "chip", onclick: () => { this.search.value = ""; this.change("q", ""); }, "aria-label": "Remove search" }, `“${query.get("q")}”`, h("span", { "aria-hidden": "true" }, " ×")));
    if (chips.length) chips.push(h("button", { type: "button", class: "chip", onclick: () => this.changed(new URLSearchParams()) }, "Clear all"));
    fill(this.active, chips);
    for (const facet of this.facets) facet.draw();
  }

  label(name, value) {
    return name === "source" ? this.sources.get(value) ?? value : LABELS[name](value);
  }

  /** Count what the events at hand have, at most twice a second. */
  count(rows) {
    this.rows = rows;
    this.counting ??= setTimeout(() => {
      this.counting = null;
      const [topics, countries, languages, sources] = [new Map(), new Map(), new Map(), new Map()];
      const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
      for (const row of this.rows) {
        for (const id of row.k) add(topics, id);
        for (const code of row.c) add(countries, code);
        add(languages, row.l);
        add(sources, row.f);
        this.sources.set(row.f, row.s);
      }
      [topics, countries, languages, sources].forEach((counts, index) => this.facets[index].count(counts));
    }, 500);
  }
}

class Facet {
  constructor(name, filters) {
    Object.assign(this, { name, filters, counts: new Map(), all: false });
    this.list = h("ul");
    this.more = h("button", { type: "button", class: "quiet more", onclick: () => { this.all = !this.all; this.draw(); } });
    const title = { topic: "Topics", country: "Countries", language: "Languages", source: "Sources" }[name];
    this.element = h("fieldset", { class: "facet" }, h("legend", {}, title), this.list, this.more);
  }

  count(counts) {
    // What was there before and is filtered out now can still be chosen.
    for (const value of this.counts.keys()) if (!counts.has(value)) counts.set(value, 0);
    this.counts = counts;
    this.draw();
  }

  draw() {
    const chosen = this.filters.chosen(this.name);
    for (const value of chosen) if (!this.counts.has(value)) this.counts.set(value, 0);
    const options = [...this.counts].sort((a, b) => chosen.includes(b[0]) - chosen.includes(a[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const shown = this.all ? options : options.slice(0, Math.max(LISTED, chosen.length));
    const focused = this.list.contains(document.activeElement) ? document.activeElement.value : null;
    fill(this.list, shown.map(([value, count]) => {
      const box = h("input", { type: "checkbox", value, checked: chosen.includes(value), onchange: () => this.filters.toggle(this.name, value) });
      return h("li", {}, h("label", {}, box,
        this.name === "topic" && h("span", { class: "dot", "data-topic": value, "aria-hidden": "true" }),
        h("span", { class: "name" }, this.filters.label(this.name, value)), h("span", { class: "soft num" }, words.compact(count))));
    }));
    if (focused !== null) [...this.list.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
    this.more.hidden = options.length <= LISTED;
    this.more.textContent = this.all ? "Fewer" : `All ${options.length}`;
    this.element.hidden = options.length === 0;
  }
}
