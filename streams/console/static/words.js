// Names of topics, countries and languages, numbers and times, in the reader's language where the browser knows it.

const locale = ["en-GB", "en"];
const regions = new Intl.DisplayNames(locale, { type: "region" });
const tongues = new Intl.DisplayNames(locale, { type: "language" });
const counted = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const clocks = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const days = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

const TOPICS = {
  arms_control_nuclear: "Arms control, nuclear",
  cyber_espionage: "Cyber, espionage",
  defence_military: "Defence, military",
  migration_refugees: "Migration, refugees",
  protest_unrest: "Protest, unrest",
};

export function topic(id) {
  if (id in TOPICS) return TOPICS[id];
  const words = id.replace(/^x-/, "").replaceAll("_", " ").replaceAll("-", " ");
  return words[0].toUpperCase() + words.slice(1);
}

export function country(code) {
  if (code === "EU") return "European Union";
  if (code === "XK") return "Kosovo";
  try {
    return regions.of(code);
  } catch {
    return code;
  }
}

export function language(code) {
  if (code === "und" || !code) return "unknown";
  try {
    return tongues.of(code);
  } catch {
    return code;
  }
}

export const number = (value) => counted.format(value);
export const compact = (value) => (value < 10_000 ? counted.format(value) : short.format(value));
export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

/** A clock for today, a day for what is older. */
export function clock(milliseconds) {
  const age = Date.now() - milliseconds;
  return age < 20 * 3_600_000 ? clocks.format(milliseconds) : days.format(milliseconds);
}

export const moment = (milliseconds) => exact.format(milliseconds);

/** How long something took or takes: 120 ms, 3.4 s, 12 min, 5 h, 3 d. */
export function span(milliseconds) {
  const value = Math.abs(milliseconds);
  if (value < 1_000) return `${Math.round(value)} ms`;
  if (value < 10_000) return `${(value / 1_000).toFixed(1)} s`;
  if (value < 100_000) return `${Math.round(value / 1_000)} s`;
  if (value < 6_000_000) return `${Math.round(value / 60_000)} min`;
  if (value < 172_800_000) return `${Math.round(value / 3_600_000)} h`;
  return `${Math.round(value / 86_400_000)} d`;
}

export function ago(milliseconds) {
  const age = Date.now() - milliseconds;
  return age < -950 ? `in ${span(age)}` : age < 1_500 ? "now" : `${span(age)} ago`;
}
