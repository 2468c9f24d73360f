// What asks before it does something is asked in a dialog; its answer is told below, and the page beneath is brought up to date.
import { refresh } from "./stream.js";

let opener = null;

export function watchDialogs() {
  const dialog = document.getElementById("dialog");
  if (!dialog) return;
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (source?.getAttribute("hx-target") === "#dialog-content" && !dialog.contains(source)) opener = source;
  });
  document.addEventListener("htmx:after:swap", () => {
    const content = document.getElementById("dialog-content");
    const done = content.querySelector("[data-done]");
    if (done) return finish(dialog, done);
    if (content.childElementCount && !dialog.open) dialog.showModal();
    if (dialog.open) (content.querySelector("[autofocus]") ?? content.querySelector("h2"))?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-dismiss]")) return;
    event.preventDefault(); // the page beneath stays as it is, its filter too
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (document.querySelector("#dialog-content [data-stored]")) refresh();
    document.getElementById("dialog-content").replaceChildren();
    // the row may have been drawn anew meanwhile
    const again = opener?.isConnected ? opener : document.querySelector(`[href="${CSS.escape(opener?.getAttribute("href") ?? "")}"]`);
    (again ?? document.getElementById("main"))?.focus();
  });
  document.addEventListener("htmx:error", () => say("The server does not answer. Nothing is known to have been stored: look again in a moment."));
}

function finish(dialog, done) {
  if (done.querySelectorAll("li").length > 3) {
    if (!dialog.open) dialog.showModal();
    done.querySelector("h2")?.focus();
  } else {
    say(done.dataset.done);
    dialog.close();
  }
  refresh(true);
}

let clearing = 0;
export function say(text) {
  const place = document.getElementById("said");
  if (!place) return;
  place.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { place.textContent = ""; }, 9000);
}
