// One event: its text with what was removed struck through and the evidence marked, and everything known about it.

import { fill, h, web } from "./dom.js";
import * as words from "./words.js";

const EVIDENCE = { topic: words.topic, country: words.country };

export class EventView {
  /**
   * @param root   where it is shown
   * @param key    partition:offset on news.enriched
   * @param links  close(), href(key) of another event, filter(name, value)
   */
  constructor(root, key, links) {
    Object.assign(this, { root, key, links });
    this.asking = new AbortController();
    this.only = null;
    this.body = h("div", { class: "body" }, h("p", { class: "soft" }, "Reading …"));
    fill(root, h("article", { class: "event", "aria-labelledby": "event-title" },
      h("div", { class: "tools" },
        h("button", { type: "button", class: "quiet", onclick: links.close }, "← Close"),
        h("span", { class: "grow" }),
        h("span", { class: "mono soft", title: "Partition and offset on news.enriched" }, key)),
      this.body));
    root.scrollTop = 0;
    this.read();
  }

  close() {
    this.asking.abort();
  }

  async read() {
    const address = `/api/events/${this.key}`;
    const options = { signal: this.asking.signal };
    try {
      const [event, way] = [ask(address, options), ask(`${address}/way`, options)];
      way.catch(() => {}); // said below, where it is awaited
      this.draw(await event);
      this.drawWay(await way);
    } catch (error) {
      if (error.name === "AbortError") return;
      const target = this.later ?? this.body;
      fill(target, h("p", { class: "bad", role: "alert" }, error.message),
        h("button", { type: "button", onclick: () => { fill(this.body, "Reading …"); this.later = null; this.read(); } }, "Try again"));
    }
  }

  draw({ event, headers }) {
    this.event = event;
    document.title = `geowire: ${event.title}`;
    const language = event.language.code === "und" ? null : event.language.code;
    const link = web(event.url);
    this.text = h("div", { class: "text", lang: language, dir: "auto" }, this.spans(event.text_spans));
    const removed = event.removed.length > 0 && h("button", { type: "button", "aria-pressed": "true", class: "show-removed", onclick: () => this.toggleRemoved() }, `Removed (${event.removed.length})`);
    this.later = h("div", { class: "later" }, h("p", { class: "soft" }, "Reading raw item and versions …"));
    fill(this.body,
      h("header", {},
        h("p", { class: "kicker" }, event.source.publisher ?? event.source.feed ?? event.source.feed_id,
          event.reason !== "new" && h("span", { class: `chip ${event.reason === "withdrawn" ? "bad" : "warn"}` }, event.reason),
          event.backfill && h("span", { class: "chip" }, "from before the first poll")),
        h("h2", { id: "event-title", lang: language, dir: "auto" }, this.spans(event.title_spans)),
        h("p", { class: "soft facts" },
          event.published && h("span", {}, "published ", time(event.published)),
          h("span", {}, "fetched ", time(event.fetched)),
          h("span", {}, words.language(event.language.code)),
          event.authors.length > 0 && h("span", { dir: "auto" }, event.authors.join(", ")),
          link && h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, "Read at the source ↗"))),
      this.decisions(event),
      event.text.trim() || event.removed.length ? h("div", { class: "textbar" }, h("h3", {}, "Text"), removed) : null,
      this.text,
      !event.text.trim() && !event.removed.length && h("p", { class: "soft" }, "The event carries no text."),
      this.later,
      h("section", { class: "cards" }, coverage(event), rights(event), record(event, headers)));
    this.mark(null);
  }

  /** What was decided; a button marks in the text what spoke for it. */
  decisions(event) {
    this.buttons = [];
    const button = (kind, id, label, found, extra) => {
      const name = `${kind}/${id}`;
      const made = h("button", { type: "button", class: "chip decision", "data-topic": kind === "topic" ? id : null, "data-mark": name, "aria-pressed": "false", title: said(found), onclick: () => this.mark(this.only === name ? null : name) }, label, extra);
      this.buttons.push(made);
      return made;
    };
    const score = (value) => value !== null && value !== undefined && h("span", { class: "soft num" }, ` ${Math.round(value * 100)} %`);
    const about = event.countries.filter((country) => country.role === "about");
    const mentioned = event.countries.filter((country) => country.role !== "about");
    const countries = (list) => list.map((c) => button("country", c.code, words.country(c.code), c.evidence, h("span", { class: "soft num" }, ` ${c.mentions}`)));
    const rows = [
      ["Topics", event.topics === null
        ? h("span", {}, `not known: no topic knowledge of ${words.language(event.language.code)}`)
        : event.topics.length
          ? event.topics.map((t) => button("topic", t.id, words.topic(t.id) + (t.primary && event.topics.length > 1 ? ", first" : ""), t.evidence, score(t.score)))
          : h("span", {}, event.geopolitical.value ? "geopolitical, none of the topics" : "not geopolitical", score(event.geopolitical.score))],
      ["About", about.length > 0 && countries(about)],
      ["Mentioned", mentioned.length > 0 && countries(mentioned)],
      ["Pairs", event.pairs.length > 0 && event.pairs.map((p) => h("a", { class: "chip", href: this.links.filter("pair", [p.a, p.b].sort().join("-")), title: `named together in ${words.plural(p.sentences, "sentence", "sentences")}` }, `${words.country(p.a)} – ${words.country(p.b)}`))],
      ["Places", event.places.length > 0 && event.places.map((p) => button("place", p.id, p.name, p.evidence))],
      ["Actors", event.actors.length > 0 && event.actors.map((a) => button("actor", a.id, a.name, a.evidence))],
      ["Notice", event.notice && h("span", { class: "bad" }, event.notice.kind === "kill" ? "the publisher took it back" : "the publisher corrected it", h("span", { class: "soft mono" }, ` ${event.notice.rule}`))],
    ];
    return h("dl", { class: "decisions" }, rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  spans(spans) {
    return spans.map((span) => {
      if (span.removed) return h("del", { title: `removed: ${span.removed}, ${span.rule}` }, span.text);
      if (span.doubt) return h("span", { class: "doubt", title: `looked like it was to be removed, and was kept: ${span.doubt}` }, span.text);
      if (!span.marks) return span.text;
      const marked = h("mark", { "data-topic": span.marks.find((name) => name.startsWith("topic/"))?.slice(6), title: span.marks.map(named).join(", ") }, span.text);
      marked.marks = span.marks;
      return marked;
    });
  }

  /** Mark the evidence of one decision; null: of all topics. */
  mark(name) {
    this.only = name;
    for (const marked of this.body.querySelectorAll("mark")) {
      const shown = name ? marked.marks.includes(name) : marked.marks.some((one) => one.startsWith("topic/"));
      marked.classList.toggle("on", shown);
      const topic = (name?.startsWith("topic/") ? [name] : marked.marks).find((one) => one.startsWith("topic/"));
      if (topic && (!name || name.startsWith("topic/"))) marked.dataset.topic = topic.slice(6);
      else delete marked.dataset.topic;
    }
    for (const button of this.buttons) button.setAttribute("aria-pressed", button.dataset.mark === name);
  }

  toggleRemoved() {
    const hidden = this.text?.classList.toggle("clean");
    this.body.querySelector(".show-removed")?.setAttribute("aria-pressed", !hidden);
  }

  drawWay({ raw, way, versions, story }) {
    const link = (row, text) => row
      ? h("a", { href: this.links.href(`${row.p}:${row.o}`), dir: "auto", lang: row.l }, text ?? row.h)
      : h("span", { class: "soft" }, "its event is not kept any more");
    const first = way[0]?.time;
    fill(this.later,
      story && h("section", {},
        h("h3", {}, `Story: ${words.plural(story.size, "version", "versions")}`),
        h("ul", { class: "others" }, story.members.map((member) => h("li", {}, link(member.row),
          h("span", { class: "soft" }, [member.row?.s, words.ago(Date.parse(member.fetched))].filter(Boolean).join(" · ")))))),
      versions.length > 0 && h("section", {},
        h("h3", {}, "Other versions of this item"),
        h("ul", { class: "others" }, versions.map((row) => h("li", {}, link(row), h("span", { class: "soft" }, `${row.r} · ${words.moment(row.t)}`))))),
      h("section", {},
        h("h3", {}, "Way through the pipe"),
        h("ol", { class: "way" }, way.map((stop) => h("li", {}, h("b", {}, stop.stream), h("span", { class: "mono" }, `${stop.partition}:${stop.offset}`),
          h("time", { class: "soft num", datetime: new Date(stop.time).toISOString() }, words.moment(stop.time)),
          stop.time > first && h("span", { class: "soft num" }, `+${words.span(stop.time - first)}`))))),
      h("details", {}, h("summary", {}, "Raw item, as the feed said it"),
        raw ? h("pre", { tabindex: "0", dir: "auto" }, JSON.stringify(raw, null, 2)) : h("p", { class: "soft" }, "It is not kept any more.")));
  }
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The console cannot be reached.");
  }
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => null);
  throw new Error(said?.detail ?? `The console answered ${answer.status}.`);
}

function time(text) {
  return h("time", { datetime: text, title: words.ago(Date.parse(text)) }, words.moment(Date.parse(text)));
}

function named(name) {
  const [kind, id] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
  return EVIDENCE[kind]?.(id) ?? id;
}

function said(evidence) {
  return [...new Set(evidence.map((one) => `“${one.text}”`))].slice(0, 12).join(", ");
}

function card(title, entries) {
  return h("section", { class: "card" }, h("h3", {}, title),
    h("dl", {}, entries.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}

function coverage({ coverage: found, language }) {
  const known = { proven: "yes, with measured accuracy", experimental: "yes, not measured yet", none: "no" };
  return card("Coverage", [
    ["Language known", known[found.language]],
    ["Read", { headline: "the headline only", summary: "headline and summary", full: "the feed's whole text", page: "the article's own page" }[found.text]],
    ["Cut off", found.truncated ? "yes, at 200 kB" : null],
    ["Language sure", language.confidence === null ? null : `${Math.round(language.confidence * 100)} %`],
  ]);
}

function rights({ rights: found }) {
  const reserved = { true: "reserved", false: "not reserved" }[found.tdm_reserved] ?? "not looked up";
  return card("Rights", [
    ["Stated in", found.statement ? found.basis : null],
    ["Statement", found.statement ?? "none"],
    ["Text and data mining", reserved],
  ]);
}

function record(event, headers) {
  const code = (text) => h("span", { class: "mono" }, text);
  return card("Record", [
    ["Item", code(event.item_id)],
    ["Event", code(event.id)],
    ["Generation", `${event.generation}, geowire ${event.pipeline.version}`],
    ["Knowledge", code(event.pipeline.knowledge)],
    ["Trace", headers.traceparent ? code(headers.traceparent.split("-")[1]) : null],
    ["Removed by", [...new Set(event.removed.map((one) => one.rule))].join(", ")],
  ]);
}
