// Live: the newest events as they arrive, filters, and the event one opens.

import { EventView } from "./event.js";
import { fill, h, say } from "./dom.js";
import { Filters, queryOf } from "./filters.js";
import { VirtualList } from "./list.js";
import * as words from "./words.js";

export const title = "Live";

const MOST = 20_000;
const TOPICS = 3;
const COUNTRIES = 5;

export function open(root, app) {
  return new Live(root, app);
}

class Live {
  constructor(root, app) {
    this.app = app;
    this.query = null;
    this.paused = false;
    this.filters = new Filters((query) => app.go(this.href(query, this.event)));
    this.state = h("span", { class: "state" }, "connecting");
    this.pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.halt(!this.paused) }, "Pause");
    this.more = h("button", { type: "button", class: "only-narrow", "aria-expanded": "false", onclick: () => this.unfold() }, "Filters");
    this.count = h("span", { class: "soft num" });
    this.fresh = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.toTop() });
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Events" });
    this.empty = h("p", { class: "empty", hidden: true });
    this.pane = h("div", { class: "pane", hidden: true });
    root.append(
      h("div", { class: "live" },
        this.filters.element,
        h("section", { class: "events", "aria-labelledby": "live-title" },
          h("h1", { class: "unseen", id: "live-title" }, "Live"),
          h("div", { class: "bar" }, this.more, this.state, this.count, h("span", { class: "grow" }), this.pause),
          this.filters.active,
          h("div", { class: "holder" }, this.scroller, this.fresh, this.empty)),
        this.pane));
    this.frame = root.firstChild;
    this.list = new VirtualList(this.scroller, {
      label: "Events, the newest first",
      make: line,
      bind: (element, row) => this.bind(element, row),
      key: (row) => row.key,
      onnear: () => this.older(),
    });
    this.scroller.addEventListener("scroll", () => this.list.top < this.list.row / 2 && this.unseen(0), { passive: true });
    this.clear();
  }

  close() {
    this.source?.close();
    this.list.close();
  }

  clear() {
    this.rows = [];
    this.known = new Set();
    this.stories = new Map();
    this.waiting = [];
    this.before = null;
    this.complete = false;
    this.loading = true;
    this.unseen(0);
  }

  /** Show what an address says: the filter, and the event that is open. */
  address(url) {
    const query = queryOf(url.searchParams);
    if (query.toString() !== this.query?.toString()) {
      this.query = query;
      this.filters.show(query);
      this.connect();
    }
    const event = url.searchParams.get("event");
    if (event !== this.event) this.openEvent(event);
  }

  href(query, event) {
    const parameters = new URLSearchParams(query);
    if (event) parameters.set("event", event);
    const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return text ? `/?${text}` : "/";
  }

  connect() {
    this.source?.close();
    this.clear();
    this.list.set(this.rows);
    this.scroller.scrollTop = 0;
    this.status("connecting");
    const source = new EventSource(`/api/live?${this.query}`);
    this.source = source;
    source.onopen = () => this.status(this.paused ? "paused" : "live");
    source.onerror = () => {
      const gone = source.readyState === EventSource.CLOSED;
      this.status("off", gone ? "no longer let in: load the page again" : "console not reached, trying again");
    };
    source.addEventListener("rows", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("stories", (event) => this.told(JSON.parse(event.data)));
    source.addEventListener("upto", (event) => {
      this.loading = false;
      this.kept = JSON.parse(event.data).kept;
      this.redraw();
    });
    source.addEventListener("gap", (event) => say(`${JSON.parse(event.data).missed} events came too fast to be shown`));
    source.addEventListener("health", (event) => {
      const { problem } = JSON.parse(event.data);
      this.app.problem(problem && `${problem}. What is shown is from before; the console goes on as soon as Kafka answers.`);
      if (problem) this.status("off", "Kafka does not answer");
      else this.status(this.paused ? "paused" : "live");
    });
  }

  status(state, text = state) {
    this.state.dataset.state = state;
    this.state.textContent = text;
  }

  /** Take in events, the oldest first. */
  take(came) {
    const rows = came.filter((row) => {
      row.key = `${row.p}:${row.o}`;
      return !this.known.has(row.key) && this.known.add(row.key);
    });
    if (!rows.length) return;
    if (this.loading) {
      // The first answer comes in pieces, the newest first.
      this.rows = this.rows.concat(rows.reverse());
      this.redraw();
    } else if (this.paused) {
      this.waiting.push(...rows);
      this.halt(true);
    } else this.show(rows);
  }

  show(rows) {
    const now = performance.now();
    for (const row of rows) row.came = now;
    this.rows = rows.reverse().concat(this.rows);
    if (this.rows.length > MOST) {
      for (const row of this.rows.splice(MOST)) this.known.delete(row.key);
      this.complete = false;
      this.before = null;
    }
    const down = this.list.top > this.list.row / 2;
    this.list.set(this.rows, { added: rows.length });
    this.unseen(down ? this.news + rows.length : 0);
    this.summary();
  }

  redraw() {
    this.list.set(this.rows);
    this.summary();
  }

  summary() {
    this.count.textContent = this.loading && !this.rows.length ? "" : words.plural(this.rows.length, "event", "events");
    this.empty.hidden = this.loading || this.rows.length > 0;
    this.empty.textContent = this.query.size
      ? "No event of those in memory passes these filters."
      : "No event yet. They appear here as soon as the pipe has decided one.";
    this.filters.count(this.rows);
  }

  unseen(count) {
    this.news = count;
    this.fresh.hidden = !count;
    this.fresh.textContent = `${words.plural(count, "new event", "new events")} ↑`;
  }

  /** Take in which story items are in. */
  told(places) {
    for (const [item, place] of Object.entries(places)) {
      if (place) this.stories.set(item, place);
      else this.stories.delete(item);
    }
    this.list.later(true);
  }

  halt(paused) {
    this.paused = paused;
    this.pause.setAttribute("aria-pressed", paused);
    this.pause.textContent = !paused ? "Pause" : this.waiting.length ? `Go on (${words.number(this.waiting.length)} new)` : "Go on";
    this.status(paused ? "paused" : "live");
    if (!paused && this.waiting.length) this.show(this.waiting.splice(0));
  }

  toTop() {
    this.scroller.scrollTo({ top: 0, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    this.unseen(0);
  }

  /** Read what is before the oldest row, from Kafka. */
  async older() {
    if (this.complete || this.loading || this.reading || this.rows.length >= MOST) return;
    this.reading = true;
    const query = this.query;
    try {
      const before = this.before ?? this.oldest();
      const answer = await fetch(`/api/older?before=${before}&${query}`);
      if (!answer.ok || query !== this.query) return;
      const found = await answer.json();
      this.before = found.before;
      this.complete = found.before === null;
      for (const [item, place] of Object.entries(found.stories)) this.stories.set(item, place);
      const rows = found.rows.filter((row) => {
        row.key = `${row.p}:${row.o}`;
        return !this.known.has(row.key) && this.known.add(row.key);
      });
      this.rows = this.rows.concat(rows);
      this.redraw();
    } finally {
      this.reading = false;
    }
    if (query === this.query && !this.complete && this.rows.length * this.list.row < this.scroller.clientHeight * 2) this.older();
  }

  oldest() {
    const offsets = new Map();
    for (const row of this.rows) offsets.set(row.p, Math.min(offsets.get(row.p) ?? row.o, row.o));
    return [...offsets].map(([partition, offset]) => `${partition}:${offset}`).join(",");
  }

  bind(element, row) {
    const link = element.firstChild;
    const [when, head, lead, meta] = link.children;
    link.href = this.href(this.query, row.key);
    element.classList.toggle("chosen", row.key === this.event);
    element.classList.toggle("other", row.g === false);
    element.classList.toggle("fresh", row.came !== undefined && performance.now() - row.came < 2_500);
    if (row.key === this.event) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    fill(when, h("time", { datetime: new Date(row.t).toISOString(), title: words.moment(row.t) }, words.clock(row.t)),
      h("span", { title: words.language(row.l) }, row.l));
    head.textContent = row.h;
    lead.textContent = row.e;
    head.lang = lead.lang = row.l === "und" ? "" : row.l;
    const place = this.stories.get(row.i);
    fill(meta,
      row.r !== "new" && h("span", { class: `chip ${row.r === "withdrawn" ? "bad" : "warn"}` }, row.r),
      h("span", { class: "from" }, row.s),
      row.c.length > 0 && h("span", { class: "about", title: row.c.map(words.country).join(", ") },
        row.c.slice(0, COUNTRIES).join(" "), row.c.length > COUNTRIES && ` +${row.c.length - COUNTRIES}`),
      place && place[1] > 1 && h("span", { class: "chip", title: "Copies of one report" }, `${words.number(place[1])} versions`),
      row.k.slice(0, TOPICS).map((id) => h("span", { class: "chip", "data-topic": id }, words.topic(id))),
      row.k.length > TOPICS && h("span", { class: "soft" }, `+${row.k.length - TOPICS}`),
      row.g === null && h("span", { class: "soft" }, `topics not known in ${words.language(row.l)}`),
      row.x > 0 && h("span", { class: "cut", title: "Spans removed from the text" }, `${row.x} cut`));
  }

  openEvent(key) {
    const before = this.event;
    this.event = key;
    this.view?.close();
    this.view = null;
    this.pane.hidden = !key;
    this.frame.classList.toggle("split", Boolean(key));
    this.list.later(true);
    if (!key) {
      fill(this.pane);
      document.title = "geowire: Live";
      const index = this.rows.findIndex((row) => row.key === before);
      if (index >= 0) this.list.focus(index);
      return;
    }
    this.view = new EventView(this.pane, key, {
      close: () => this.app.go(this.href(this.query, null)),
      href: (other) => this.href(this.query, other),
      filter: (name, value) => `/?${name}=${encodeURIComponent(value)}`,
    });
  }

  step(by) {
    const key = document.activeElement?.closest?.(".row") ? this.focused() : this.event;
    const at = this.rows.findIndex((row) => row.key === key);
    const index = at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + by));
    if (!this.rows.length) return;
    if (this.event) this.app.go(this.href(this.query, this.rows[index].key), { replace: true });
    this.list.focus(index);
  }

  focused() {
    const href = document.activeElement.getAttribute("href");
    return href && new URL(href, location.href).searchParams.get("event");
  }

  unfold() {
    const shown = this.frame.classList.toggle("filtering");
    this.more.setAttribute("aria-expanded", shown);
    if (shown) this.filters.focus();
  }

  key(name) {
    const actions = {
      j: () => this.step(1),
      k: () => this.step(-1),
      p: () => this.halt(!this.paused),
      g: () => this.toTop(),
      f: () => this.unfold(),
      x: () => this.view?.toggleRemoved(),
      "/": () => {
        this.frame.classList.add("filtering");
        this.filters.focus();
      },
      Escape: () => this.event && this.app.go(this.href(this.query, null)),
    };
    if (!(name in actions)) return false;
    actions[name]();
    return true;
  }
}

function line() {
  return h("a", { class: "line" },
    h("span", { class: "when num" }),
    h("span", { class: "head", dir: "auto" }),
    h("span", { class: "lead", dir: "auto" }),
    h("span", { class: "meta" }));
}
