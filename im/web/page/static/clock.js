// What is left of each life, counted here from the server's own now, so that a laptop whose clock is wrong shows the truth.
let offset = 0; // ms: the server's clock less this machine's monotonic one
let known = 0; // ms: the latest moment of the server's that was seen
const OLD = 25_000; // ms: two ticks and a little

export function serverNow() {
  return performance.now() + offset;
}

export function keepTime() {
  learn();
  document.addEventListener("htmx:after:swap", learn);
  setInterval(tick, 1000);
  tick();
}

function learn() {
  const told = Number(document.querySelector("#live [data-now], [data-now]")?.dataset.now);
  // a page that was under way for long must not set the clock back: what has been counted down stays counted down
  if (told > known) {
    const fresh = told - performance.now();
    offset = known === 0 ? fresh : Math.max(offset, fresh);
    known = told;
  }
  tick();
}

function tick() {
  const now = serverNow();
  for (const one of document.querySelectorAll("[data-left]")) {
    const left = Number(one.dataset.left) - now;
    const text = left > 0 ? span(left) : `${span(-left)} over`;
    if (one.textContent !== text) one.textContent = text;
  }
  for (const bar of document.querySelectorAll("progress[data-until]")) {
    const until = Number(bar.dataset.until);
    const from = Number(bar.dataset.from);
    bar.value = until > from ? Math.max(0, Math.min(1000, (1000 * (until - now)) / (until - from))) : 0;
  }
  document.querySelector(".as-of")?.classList.toggle("old", now - known > OLD);
}

// `2h 14m`, `59m`, `4m 12s`: the words of the command line
export function span(ms) {
  const total = Math.floor(ms / 1000);
  const parts = [["w", 604800], ["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  let rest = total;
  const told = [];
  for (const [letter, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || told.length) told.push([count, letter]);
  }
  const few = total >= 600 && total < 3600 ? 1 : 2;
  return told.slice(0, few).filter(([count]) => count).map(([count, letter]) => `${count}${letter}`).join(" ") || "0s";
}
