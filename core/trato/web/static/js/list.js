/* What a list does beyond links and forms: its columns are put in order without a request each. */
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // --- columns ---

  function offerSearch(form) {
    const input = form.querySelector("[data-columns-search]");
    input.hidden = false;
    // On a touch screen the keyboard would hide the menu.
    if (matchMedia("(hover: hover)").matches) input.focus();
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const form = event.target.querySelector?.("[data-columns]");
    if (form) offerSearch(form);
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-columns-search]")) return;
    const wanted = plain(event.target.value.trim());
    for (const item of all("li", event.target.form)) {
      item.hidden = !plain(item.dataset.name).includes(wanted);
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('[data-columns] button[name="move"]');
    if (!button) return;
    event.preventDefault();
    const item = button.closest("li");
    const up = button.value.startsWith("up:");
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    // The first column names the record and stays where it is.
    if (!other || other.querySelector("input:disabled")) return;
    if (up) other.before(item);
    else other.after(item);
    button.focus();
  });
})();
