// The frame: pages by address, keys, light and dark, whether Kafka answers.

import { fill, h, say } from "./dom.js";
import * as feeds from "./feeds.js";
import * as live from "./live.js";
import * as pipe from "./pipe.js";
import * as world from "./world.js";

const PAGES = { "/": live, "/world": world, "/feeds": feeds, "/pipe": pipe };
const main = document.getElementById("main");
let page = null;
let shown = null;

/** Go to an address of the console. */
export function go(address, { replace = false } = {}) {
  const url = new URL(address, location.href);
  if (url.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", url);
  show();
}

async function show() {
  const path = location.pathname in PAGES ? location.pathname : "/";
  if (shown !== path) {
    page?.close?.();
    fill(main);
    document.getElementById("banner").hidden = true;
    shown = path;
    page = PAGES[path].open(main, { go, problem });
    for (const link of document.querySelectorAll(".top nav a")) {
      if (new URL(link.href).pathname === path) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `geowire: ${PAGES[path].title}`;
  }
  page.address(new URL(location.href));
}

/** Say on top of the page what is wrong; null: nothing is. */
export function problem(text) {
  const banner = document.getElementById("banner");
  if (banner.textContent === (text ?? "") && banner.hidden === !text) return;
  banner.textContent = text ?? "";
  banner.hidden = !text;
}

addEventListener("popstate", show);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(link.getAttribute("href"), location.href);
  if (url.origin !== location.origin || link.target || link.getAttribute("href").startsWith("#") || !(url.pathname in PAGES)) return;
  event.preventDefault();
  go(url.href);
});

const THEMES = ["", "light", "dark"];
function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", name);
}
theme(localStorage.getItem("theme") ?? "");
function nextTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const order = dark ? ["", "light", "dark"] : THEMES.toReversed();
  const name = order[(order.indexOf(document.documentElement.dataset.theme ?? "") + 1) % 3];
  theme(name);
  say(name || "as the system has it");
}
document.getElementById("theme").addEventListener("click", nextTheme);

const help = document.getElementById("help");
document.getElementById("keys").addEventListener("click", () => help.showModal());

addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || help.open) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const link = document.querySelectorAll(".top nav a")[Number(event.key) - 1];
  if (event.key === "?") help.showModal();
  else if (event.key === "t") nextTheme();
  else if (link) go(link.href);
  else if (!page?.key?.(event.key)) return;
  event.preventDefault();
});

show();
