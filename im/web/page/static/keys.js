// One hand on the keyboard: the row that is meant is marked, and moves with j and k.
import { toggle } from "./choose.js";

export function watchKeys() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) document.getElementById("keys").showModal();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open]")) return;
    const does = KEYS[event.key];
    if (does && does() !== false) event.preventDefault();
  });
}

const KEYS = {
  "/": () => focus(document.getElementById("q")),
  "?": () => document.getElementById("keys")?.showModal(),
  c: () => { location.href = "/create"; },
  j: () => move(1),
  k: () => move(-1),
  x: () => { const row = here(); return row ? toggle(row) : false; },
  e: () => press("extend"),
  s: () => press("stop") !== false || press("start"),
  Enter: () => {
    // what has the focus does what it does
    if (document.activeElement?.matches("a, button, summary, input") && !document.activeElement.closest("th.name")) return false;
    const name = here()?.querySelector("th a");
    return name ? name.click() : false;
  },
};

function rows() {
  return [...document.querySelectorAll(".instances tbody tr")];
}

function here() {
  return document.activeElement?.closest?.(".instances tbody tr") ?? null;
}

function move(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(here());
  const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))];
  return focus(next.querySelector("th a"));
}

function press(verb) {
  const button = (here() ?? document.querySelector(".head"))?.querySelector(`[data-verb="${verb}"]`);
  return button ? button.click() : false;
}

function focus(one) {
  if (!one) return false;
  one.focus();
  one.scrollIntoView({ block: "nearest" });
}
