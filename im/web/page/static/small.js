// Copying, and menus that close when one looks elsewhere.
import { say } from "./dialog.js";

export function watchCopies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
      say(`Copied: ${button.dataset.copy}`);
    } catch {
      say(`Your browser does not let this page copy. It is: ${button.dataset.copy}`);
    }
  });
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
