// Pipe: the stages with their rates and lags, dead letters, replays.

import { fill, h } from "./dom.js";
import { Poll } from "./poll.js";
import * as words from "./words.js";

export const title = "Pipe";

const EVERY = 3_000;
const FLOW = [
  // area, kind, name, what it is
  ["feeds", "step", "poll", "asks the feeds"],
  ["raw", "stream", "news.raw"],
  ["dedupe", "step", "dedupe", "new, edited or a copy?"],
  ["unique", "stream", "news.unique"],
  ["enrich", "step", "enrich", "strip, classify, publish"],
  ["enriched", "stream", "news.enriched"],
  ["dup", "stream", "news.duplicates"],
  ["sig", "stream", "news.signatures"],
  ["cluster", "step", "cluster", "copies of one report"],
  ["stories", "stream", "news.stories"],
  ["letters", "stream", "news.dead-letter"],
];

export function open(root, app) {
  return new Pipe(root, app);
}

class Pipe {
  constructor(root, app) {
    this.app = app;
    this.diffs = new Map();
    this.words = {};
    this.attention = h("div", { class: "attention", role: "status" });
    this.nodes = new Map();
    const flow = h("ol", { class: "flow", "aria-label": "Stages" }, FLOW.map((node) => this.node(...node)));
    this.cards = h("div", { class: "figures" });
    this.letters = h("section", { "aria-labelledby": "letters-title" });
    this.replays = h("section", { "aria-labelledby": "replays-title" });
    this.streams = h("section", { "aria-labelledby": "streams-title" });
    root.append(h("div", { class: "page pipe" }, h("h1", {}, "Pipe"), this.attention, flow, this.cards, this.letters, this.replays, this.streams));
    this.poll = new Poll(app, EVERY, () => "/api/pipe", (found) => {
      this.draw(found);
      return found.status.problem && `Kafka does not answer: ${found.status.problem}`;
    });
    this.poll.ask();
  }

  node(area, kind, name, about) {
    const parts = { big: h("b", { class: "num" }, "–"), small: h("span", { class: "soft num" }), spark: h("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" }) };
    this.nodes.set(name, parts);
    return h("li", { class: `node ${kind}`, "data-area": area },
      h("span", { class: "name" }, name), parts.big, parts.small, about && h("span", { class: "soft about" }, about), kind === "stream" && parts.spark);
  }

  address() {}

  close() {
    this.poll.close();
  }

  draw(found) {
    const { status, rates, lag, series, latency } = found;
    const lines = status.attention.map((line) => h("p", { class: "chip bad" }, line));
    fill(this.attention, lines.length ? lines : h("p", { class: "chip good" }, "All is well"), status.notes.map((line) => h("p", { class: "chip warn" }, line)));
    const kept = new Map(status.streams.map((stream) => [stream.name, stream]));
    for (const [, kind, name] of FLOW) {
      const parts = this.nodes.get(name);
      if (kind === "stream") {
        const stream = kept.get(name);
        parts.big.textContent = rates[name] === undefined || rates[name] === null ? "–" : `${rate(rates[name])} / min`;
        parts.small.textContent = stream?.records === null || stream === undefined ? "missing" : `${words.compact(stream.records)} kept`;
        spark(parts.spark, series[name] ?? []);
      } else if (name === "poll") {
        parts.big.textContent = status.feeds ? words.plural(status.feeds.total, "feed", "feeds") : "–";
        parts.small.textContent = status.feeds ? `${status.feeds.failing.length} failing` : "";
      } else {
        parts.big.textContent = lag[name] === undefined ? "–" : `${words.compact(lag[name])} to do`;
        parts.big.classList.toggle("warn", lag[name] > 0);
      }
    }
    const day = Object.values(status.letters?.day ?? {}).reduce((a, b) => a + b, 0);
    fill(this.cards,
      figure("From fetch to event", latency ? words.span(latency.median) : "–", latency ? `95 % within ${words.span(latency.p95)}, last 5 minutes` : "no event in the last 5 minutes"),
      figure("Events", rates["news.enriched"] === undefined || rates["news.enriched"] === null ? "–" : rate(rates["news.enriched"]), "in the last minute"),
      figure("Dead letters", words.number(day), "in the last 24 hours", day > 0),
      figure("Workers", words.number(status.workers.length), status.workers.length ? [...new Set(status.workers.map((w) => w.host))].join(", ") : "none in the group", !status.workers.length),
      figure("Pollers", words.number(status.pollers.length), status.feeds?.next_due ? `${status.feeds.next_due <= Date.now() ? "a poll is due" : `next poll ${words.ago(status.feeds.next_due)}`}` : "", !status.pollers.length),
      figure("Generation", status.generation ? words.number(status.generation.generation) : "–", status.generation ? `knowledge ${status.generation.knowledge}` : "no worker has run yet"));
    this.drawLetters(status, found.letters);
    this.last = found.replays;
    this.drawReplays(found.replays);
    this.drawStreams(status);
  }

  drawLetters(status, letters) {
    const kept = Object.entries(status.letters?.kept ?? {});
    fill(this.letters, h("h2", { id: "letters-title" }, "Dead letters"),
      kept.length === 0 && letters.length === 0
        ? h("p", { class: "soft" }, "None: every record was processed.")
        : [h("p", {}, kept.map(([code, count]) => h("span", { class: "chip bad" }, `${code} ${words.number(count)}`))),
          table(["When", "Step", "What", "Record", "Letter"], letters.slice(0, 12).map((letter) => [
            words.clock(letter.time), letter.stage, h("span", {}, h("b", {}, letter.code), " ", letter.message.slice(0, 200)),
            h("span", { class: "mono" }, `${letter.stream} ${letter.partition}:${letter.offset}`), h("span", { class: "mono" }, letter.at)])),
          h("p", { class: "soft" }, "In the terminal: ", h("code", {}, "geowire dlq show"), ", ", h("code", {}, "dlq retry"), ".")]);
  }

  drawReplays(replays) {
    const text = JSON.stringify(replays) + JSON.stringify([...this.diffs]);
    if (text === this.drawn) return;
    this.drawn = text;
    fill(this.replays, h("h2", { id: "replays-title" }, "Replays"),
      replays.length === 0
        ? h("p", { class: "soft" }, "None. New knowledge is tried on what is kept with ", h("code", {}, "geowire replay plan"), ".")
        : h("div", { class: "replays" }, replays.map((one) => this.replay(one))));
  }

  replay({ replay, steps, written, runners }) {
    const found = this.diffs.get(replay.id);
    const ended = replay.state === "promoted" || replay.state === "aborted";
    return h("article", { class: "card", "aria-label": `Replay ${replay.id}` },
      h("p", { class: "kicker" }, replay.id, h("span", { class: `chip ${{ promoted: "good", aborted: "" }[replay.state] ?? "warn"}` }, replay.state),
        runners > 0 && h("span", { class: "chip" }, words.plural(runners, "process", "processes"))),
      h("p", { class: "soft" }, `from ${replay.source}, knowledge ${replay.knowledge}, begun ${words.moment(Date.parse(replay.created))} by ${replay.by}`, replay.note && `: ${replay.note}`),
      steps.map((step) => h("div", { class: "progress" },
        h("span", {}, step.step), h("progress", { max: Math.max(1, step.total), value: step.done, "aria-label": `${step.step} of ${replay.id}` }),
        h("span", { class: "soft num" }, `${words.number(step.done)} of ${words.number(step.total)}`))),
      h("p", { class: "soft" }, Object.entries(written).map(([name, count]) => `${name} ${words.number(count)}`).join(", ")),
      !ended && h("button", { type: "button", disabled: found?.total !== undefined, onclick: () => this.compare(replay.id) },
        found?.total !== undefined ? `Comparing, ${found.done} of ${found.total} partitions` : "Compare with what stands"),
      found?.problem && h("p", { class: "bad", role: "alert" }, found.problem),
      found?.diff && difference(found.diff));
  }

  /** Have a replay compared: a POST with the word that only this page has. */
  async compare(id) {
    const note = (found) => {
      this.diffs.set(id, found);
      if (this.last) this.drawReplays(this.last);
    };
    try {
      const { word } = await (await fetch("/api/session")).json();
      const address = `/api/replays/${encodeURIComponent(id)}/diff`;
      const begun = await fetch(address, { method: "POST", headers: { "X-Geowire-Word": word } });
      if (!begun.ok) throw new Error((await begun.json()).detail);
      for (;;) {
        const answer = await fetch(address);
        const found = await answer.json();
        if (!answer.ok) throw new Error(found.detail);
        note(found);
        if (found.diff || this.poll.closed) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    } catch (error) {
      note({ problem: error.message });
    }
  }

  drawStreams(status) {
    fill(this.streams, h("h2", { id: "streams-title" }, "Streams"),
      table(["Stream", "Records", "Oldest", "Newest"], status.streams.map((stream) => [
        h("span", { class: "mono" }, stream.name),
        stream.records === null ? h("span", { class: "bad" }, "missing") : `${stream.compacted && stream.records ? "≤ " : ""}${words.number(stream.records)}`,
        stream.oldest === null ? "" : words.ago(stream.oldest), stream.newest === null ? "" : words.ago(stream.newest)])));
  }
}

const rate = (perSecond) => words.compact(Math.round(perSecond * 60));

function figure(name, value, about, attention = false) {
  return h("div", { class: "figure" }, h("span", { class: "soft" }, name), h("b", { class: `num ${attention ? "bad" : ""}` }, value), h("span", { class: "soft" }, about));
}

export function table(heads, rows) {
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": heads.join(", ") },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

function spark(svg, values) {
  const top = Math.max(...values, 0.1);
  const points = values.map((value, index) => `${(100 * index) / Math.max(1, values.length - 1)},${19 - (17 * value) / top}`);
  fill(svg, points.length > 1 && h("polyline", { points: points.join(" ") }));
}

function difference(diff) {
  const named = (counts) => Object.entries(counts).slice(0, 10).map(([name, count]) => h("span", { class: "chip" }, `${name.length === 2 ? words.country(name) : words.topic(name)} ${words.number(count)}`));
  const look = (said) => said && [said.topics === null ? "no decision" : said.topics.map(words.topic).join(", ") || (said.geopolitical ? "geopolitical" : "not geopolitical"), said.countries.join(" ")].filter(Boolean).join(" · ");
  return h("div", { class: "diff" },
    h("p", {}, h("b", {}, `${words.number(diff.changed)} changed`), ` of ${words.number(diff.compared)} compared`,
      ["added", "gone", "refused"].filter((name) => diff[name]).map((name) => `, ${words.number(diff[name])} ${name}`)),
    Object.keys(diff.gained).length > 0 && h("p", {}, h("span", { class: "soft" }, "gained "), named(diff.gained)),
    Object.keys(diff.lost).length > 0 && h("p", {}, h("span", { class: "soft" }, "lost "), named(diff.lost)),
    diff.examples.slice(0, 12).map((one) => h("div", { class: "example" },
      h("p", {}, h("span", { class: "chip" }, one.what.join(", ")), " ", h("span", { class: "serif", dir: "auto", lang: one.language }, one.title)),
      one.old && look(one.old) !== look(one.new) && h("p", {}, h("del", {}, look(one.old))),
      one.new && look(one.old) !== look(one.new) && h("p", {}, h("ins", {}, look(one.new))),
      one.text && h("p", { class: "mono", dir: "auto" }, one.text))));
}
