// The server rings when something has changed; the page then asks for itself again, with its own filter, and is morphed.
const SOON = 300; // ms: many browsers do not come at the same instant
const ONCE = 1000; // ms between two of our own
let source = null;
let asked = 0;
let waiting = 0;
let under = false;
let isDown = false;
let since = 0; // ms: the moment of the last ring
let fresh = false; // our own change is to be seen: nothing that was drawn for others before it

export function follow() {
  if (!document.getElementById("live")) return;
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  document.addEventListener("htmx:config:request", (event) => {
    if (!isLive(event)) return;
    if (!fresh) event.detail.ctx.request.headers["IM-Since"] = String(Math.max(since, shown()));
    fresh = false;
  });
  document.addEventListener("htmx:before:request", (event) => { if (isLive(event)) under = true; });
  document.addEventListener("htmx:finally:request", (event) => { if (isLive(event)) under = false; });
  document.addEventListener("htmx:before:swap", (event) => {
    if (!isLive(event) || !menuInUse()) return;
    event.preventDefault(); // it was asked for before the menu was opened, and would close it under the hand
    refresh();
  });
  document.addEventListener("htmx:after:swap", () => down(isDown)); // what the server draws knows nothing of it
  // what a stream does not tell: that time goes by, for a page whose numbers are of the moment
  setInterval(() => { if (!document.hidden) refresh(); }, 10_000);
  if (!document.hidden) open();
}

// What has changed is shown soon; `own`: it was changed from here.
export function refresh(own = false) {
  fresh ||= own;
  if (waiting) return;
  const after = Math.max(Math.random() * SOON, asked + ONCE - performance.now());
  waiting = setTimeout(ask, after);
}

function ask() {
  waiting = 0;
  if (menuInUse() || under) return refresh();
  asked = performance.now();
  const live = document.querySelector("#live, #still"); // the second is asked for again after a change of ours alone
  if (live && window.htmx) window.htmx.trigger(live, "im:refresh");
}

function open() {
  if (source) return;
  // of a list, only what it shows is rung for
  const here = document.getElementById("live").getAttribute("hx-get") ?? "";
  source = new EventSource(`/api/v1/events/stream?page=${encodeURIComponent(here)}`);
  let lost = false;
  source.addEventListener("open", () => {
    down(false);
    if (lost) refresh(); // nothing is replayed
    lost = false;
  });
  source.addEventListener("changed", (event) => {
    since = Math.max(since, Date.parse(JSON.parse(event.data).at) + 1); // it has whole milliseconds
    refresh();
  });
  source.addEventListener("error", () => {
    lost = true;
    down(true);
    if (source?.readyState === EventSource.CLOSED) { // refused: the server is not asked in a hurry
      source = null;
      setTimeout(() => { if (!document.hidden) open(); }, 15_000);
    }
  });
  refresh();
}

function close() {
  source?.close();
  source = null;
}

function down(is) {
  isDown = is;
  for (const told of document.querySelectorAll(".stale")) told.hidden = !is;
}

// What is on the page already; what comes next is later than that.
function shown() {
  return Number(document.querySelector("#live [data-now]")?.dataset.now ?? 0) + 1;
}

function menuInUse() {
  return document.querySelector("details.menu[open]:focus-within") !== null;
}

function isLive(event) {
  return ["live", "still"].includes(event.detail.ctx?.sourceElement?.id);
}
