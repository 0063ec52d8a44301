// Feeds: how each is, when it is polled next and why.

import { fill, h, web } from "./dom.js";
import { VirtualList } from "./list.js";
import { Poll } from "./poll.js";
import * as words from "./words.js";

export const title = "Feeds";

const EVERY = 5_000;
const STATES = { ok: "Well", failing: "Failing", blocked: "Blocked", gone: "Gone", stale: "Nothing new", new: "Not polled yet", paused: "Paused" };
const GRAVE = ["gone", "blocked", "failing", "stale", "new", "paused", "ok"];
const LOOK = { ok: "good", failing: "bad", blocked: "bad", gone: "bad", stale: "warn", new: "", paused: "" };
const ORDERS = {
  state: ["Trouble first", (a, b) => GRAVE.indexOf(a.state) - GRAVE.indexOf(b.state) || b.failures - a.failures],
  next: ["Next poll", (a, b) => (a.next ?? Infinity) - (b.next ?? Infinity)],
  busy: ["Busiest", (a, b) => (b.a_day ?? -1) - (a.a_day ?? -1)],
  losses: ["Most losses", (a, b) => b.losses - a.losses],
  name: ["Name", () => 0],
};

export function open(root, app) {
  return new Feeds(root, app);
}

class Feeds {
  constructor(root, app) {
    this.app = app;
    this.feeds = null;
    this.parameters = new URLSearchParams();
    this.search = h("input", { type: "search", id: "feed-search", placeholder: "Name or address", spellcheck: "false", autocomplete: "off" });
    this.search.addEventListener("input", () => this.change("q", this.search.value.trim()));
    this.order = h("select", { id: "order", onchange: () => this.change("order", this.order.value) },
      Object.entries(ORDERS).map(([value, [label]]) => h("option", { value: value === "state" ? "" : value }, label)));
    this.states = h("div", { class: "states", role: "group", "aria-label": "State" });
    this.scroller = h("div", { class: "scroller feedlist", tabindex: "0", role: "region", "aria-label": "Feeds" });
    this.empty = h("p", { class: "empty", hidden: true });
    this.pane = h("div", { class: "pane", hidden: true });
    root.append(h("div", { class: "live feeds" },
      h("section", { class: "events", "aria-labelledby": "feeds-title" },
        h("h1", { class: "unseen", id: "feeds-title" }, "Feeds"),
        h("div", { class: "bar" }, this.states, h("span", { class: "grow" }),
          h("label", { for: "feed-search", class: "unseen" }, "Search"), this.search,
          h("label", { for: "order", class: "unseen" }, "Order"), this.order),
        h("div", { class: "holder" }, this.scroller, this.empty)),
      this.pane));
    this.frame = root.firstChild;
    this.list = new VirtualList(this.scroller, { label: "Feeds", make: line, bind: (element, feed) => this.bind(element, feed), key: (feed) => feed.id });
    this.poll = new Poll(app, EVERY, () => "/api/feeds", ({ feeds }) => {
      this.feeds = feeds;
      this.show();
    });
    this.poll.ask();
  }

  close() {
    this.poll.close();
    this.list.close();
  }

  address(url) {
    this.parameters = url.searchParams;
    if (document.activeElement !== this.search) this.search.value = this.parameters.get("q") ?? "";
    this.order.value = this.parameters.get("order") ?? "";
    this.show();
    const feed = this.parameters.get("feed");
    if (feed !== this.feed) this.openFeed(feed);
  }

  href(changes) {
    const parameters = new URLSearchParams(this.parameters);
    for (const [name, value] of Object.entries(changes)) {
      if (value) parameters.set(name, value);
      else parameters.delete(name);
    }
    return `/feeds${parameters.size ? `?${parameters}` : ""}`;
  }

  change(name, value) {
    this.app.go(this.href({ [name]: value }), { replace: name === "q" });
  }

  show() {
    if (!this.feeds) return;
    const words_ = (this.parameters.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const state = this.parameters.get("state");
    const found = this.feeds.filter((feed) => words_.every((word) => `${feed.id} ${feed.title} ${feed.url}`.toLowerCase().includes(word)));
    const counts = Map.groupBy ? Map.groupBy(found, (feed) => feed.state) : new Map();
    fill(this.states, [["", `All ${words.number(found.length)}`], ...GRAVE.toReversed().filter((name) => counts.has(name)).map((name) => [name, `${STATES[name]} ${words.number(counts.get(name).length)}`])]
      .map(([value, label]) => h("button", { type: "button", class: `chip ${LOOK[value] ?? ""}`, "aria-pressed": (state ?? "") === value, onclick: () => this.change("state", value) }, label)));
    const rows = state ? found.filter((feed) => feed.state === state) : found;
    rows.sort(ORDERS[this.parameters.get("order") || "state"]?.[1] ?? (() => 0));
    this.rows = rows;
    this.list.set(rows);
    this.empty.hidden = rows.length > 0;
    this.empty.textContent = this.feeds.length ? "No feed is like that." : "No feed yet: geowire feeds add ADDRESS";
  }

  bind(element, feed) {
    const link = element.firstChild;
    const [name, state, last, next, about] = link.children;
    link.href = this.href({ feed: feed.id });
    element.classList.toggle("chosen", feed.id === this.feed);
    fill(name, h("b", { dir: "auto" }, feed.title), h("span", { class: "soft" }, feed.id));
    fill(state, h("span", { class: `chip ${LOOK[feed.state]}` }, STATES[feed.state]),
      h("span", { class: feed.problem ? "bad problem" : "soft" }, feed.problem ?? (feed.status ? `HTTP ${feed.status}` : "")));
    fill(last, h("span", { class: "soft label" }, "polled "), feed.polled ? words.ago(feed.polled) : "never");
    fill(next, h("span", {}, h("span", { class: "soft label" }, "next "), when(feed)), h("span", { class: "soft why" }, feed.why ?? ""));
    fill(about,
      h("span", {}, feed.a_day === null ? "" : `${feed.a_day < 10 ? feed.a_day.toFixed(1) : words.compact(Math.round(feed.a_day))} a day`),
      h("span", { class: "soft" }, feed.window ? `page holds ${words.span(feed.window * 1000)}` : ""),
      feed.losses > 0 && h("span", { class: "chip bad" }, words.plural(feed.losses, "loss", "losses")));
  }

  async openFeed(id) {
    const before = this.feed;
    this.feed = id;
    this.pane.hidden = !id;
    this.frame.classList.toggle("split", Boolean(id));
    this.list.later(true);
    if (!id) {
      fill(this.pane);
      const index = this.rows?.findIndex((feed) => feed.id === before) ?? -1;
      if (index >= 0) this.list.focus(index);
      return;
    }
    const body = h("div", { class: "body" }, h("p", { class: "soft" }, "Reading …"));
    fill(this.pane, h("article", { class: "event", "aria-labelledby": "feed-title" },
      h("div", { class: "tools" }, h("button", { type: "button", class: "quiet", onclick: () => this.app.go(this.href({ feed: null })) }, "← Close")), body));
    try {
      const answer = await fetch(`/api/feeds/${encodeURIComponent(id)}`);
      const feed = await answer.json();
      if (this.feed !== id) return;
      if (!answer.ok) throw new Error(feed.detail);
      fill(body, detail(feed));
    } catch (error) {
      fill(body, h("p", { class: "bad", role: "alert" }, error.message));
    }
  }

  key(name) {
    if (name === "/") this.search.focus();
    else if (name === "Escape" && this.feed) this.app.go(this.href({ feed: null }));
    else if ((name === "j" || name === "k") && this.rows?.length) {
      const focused = document.activeElement?.closest?.(".row")?.querySelector("a")?.href;
      const key = focused ? new URL(focused).searchParams.get("feed") : this.feed;
      const at = this.rows.findIndex((feed) => feed.id === key);
      const index = at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + (name === "j" ? 1 : -1)));
      if (this.feed) this.app.go(this.href({ feed: this.rows[index].id }), { replace: true });
      this.list.focus(index);
    } else return false;
    return true;
  }
}

function line() {
  return h("a", { class: "line feed" }, ["name", "how", "last num", "next num", "pace num"].map((name) => h("span", { class: name })));
}

function when(feed) {
  if (feed.state === "paused") return "not while paused";
  if (feed.next === null) return feed.polled ? "never" : "as soon as a poller runs";
  return feed.next <= Date.now() ? "now" : words.ago(feed.next);
}

function detail(feed) {
  const link = web(feed.url);
  return [
    h("p", { class: "kicker" }, feed.id, h("span", { class: `chip ${LOOK[feed.state]}` }, STATES[feed.state])),
    h("h2", { id: "feed-title", dir: "auto" }, feed.title),
    h("p", { class: "soft facts" }, link ? h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, feed.url) : feed.url,
      h("a", { href: `/?source=${encodeURIComponent(feed.id)}` }, "Its events in Live")),
    h("h3", {}, "When, and why"),
    h("ul", { class: "lines" }, feed.lines.map((text) => h("li", {}, text))),
    h("h3", {}, "What was said of it"),
    feed.events.length
      ? h("ol", { class: "way" }, feed.events.map((event) => h("li", {}, h("b", {}, event.event.replaceAll("-", " ")), h("time", { class: "soft num", datetime: event.at }, words.moment(Date.parse(event.at))), h("span", {}, event.message))))
      : h("p", { class: "soft" }, "Nothing: no loss, no move, no block."),
    h("p", { class: "soft" }, `Text from the ${feed.content === "page" ? "article's own page" : "feed"}.`),
  ];
}
