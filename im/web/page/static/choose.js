// Rows that were chosen stay chosen while the table is drawn anew.
const chosen = new Set();

export function watchChoices() {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-all]")) {
      for (const one of boxes()) set(one, box.checked);
    } else if (box.matches('input[name="id"]')) set(box, box.checked);
    else return;
    show();
  });
  document.addEventListener("htmx:after:swap", () => {
    const there = new Set();
    for (const one of boxes()) {
      there.add(one.value);
      one.checked = chosen.has(one.value);
    }
    for (const id of chosen) if (!there.has(id)) chosen.delete(id);
    show();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bulk]");
    if (!button || !window.htmx) return;
    event.preventDefault();
    const query = new URLSearchParams([...chosen].map((id) => ["id", id]));
    // the header says of itself where the answer goes for whatever has hx-target, and not for this (htmx 4.0.1)
    const headers = { "HX-Target": "div#dialog-content" };
    window.htmx.ajax("GET", `/change/${button.dataset.bulk}?${query}`, { target: "#dialog-content", source: button, headers });
  });
}

export function toggle(row) {
  const box = row.querySelector('input[name="id"]');
  if (box) box.click();
}

function boxes() {
  return document.querySelectorAll('.instances input[name="id"]');
}

function set(box, on) {
  box.checked = on;
  if (on) chosen.add(box.value);
  else chosen.delete(box.value);
}

function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  bar.classList.toggle("open", chosen.size > 0);
  document.getElementById("chosen").textContent = chosen.size === 1 ? "1 chosen:" : `${chosen.size} chosen:`;
}
