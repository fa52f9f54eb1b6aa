/* Parts of a page that ask for themselves again (data-polls): not while nobody looks at the page,
   and not while the keyboard's focus is in the part, which would lose it. */
(() => {
  "use strict";

  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.target;
    if (!part.matches("[data-polls]")) return;
    if (document.hidden || part.contains(document.activeElement)) event.preventDefault();
  });
  // The keyboard may have come into the part while the answer was on its way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.target;
    if (part.matches("[data-polls]") && part.contains(document.activeElement)) event.detail.shouldSwap = false;
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const part of document.querySelectorAll("[data-polls]")) htmx.trigger(part, "again");
  });
})();
