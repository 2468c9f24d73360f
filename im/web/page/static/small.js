// Copying, and menus that close when one looks elsewhere.
import { say } from "./dialog.js";

export function watchCopies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copyFrom ?? "");
    const text = from?.textContent ?? button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
      say(button.dataset.copied ?? `Copied: ${text}`); // a secret stands nowhere else
    } catch {
      if (from) getSelection().selectAllChildren(from);
      say(from ? "Your browser does not let this page copy. It is selected: copy it yourself." : `Your browser does not let this page copy. It is: ${text}`);
    }
  });
  // what is shown once is not shown again by going back to a page that the browser has kept
  addEventListener("pagehide", () => { for (const one of document.querySelectorAll("[data-once]")) one.remove(); });
}

export function watchMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target) || event.target.closest(".sheet a, .sheet [data-copy]")) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const preset = event.target.closest("[data-preset]");
    if (!preset) return;
    const field = document.getElementById(preset.dataset.for);
    field.value = preset.dataset.preset;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
