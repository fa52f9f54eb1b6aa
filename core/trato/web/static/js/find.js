/* Ctrl+K: the box opens, arrows walk through what fits, Enter goes there. */
(() => {
  "use strict";

  const box = document.querySelector("[data-finder]");
  if (!box || !box.showModal) return;
  const field = box.querySelector("input");

  function open(event) {
    event.preventDefault();
    if (!box.open) box.showModal();
    field.select();
    field.dispatchEvent(new Event("t-open"));
  }

  for (const link of document.querySelectorAll("[data-find-open]")) {
    link.addEventListener("click", open);
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      open(event);
    }
  });

  // A click beside the box lands on the dialog itself.
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  box.addEventListener("keydown", (event) => {
    const items = [...box.querySelectorAll("[data-find-item]")];
    if (!items.length) return;
    const at = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown") {
      event.preventDefault();
      items[Math.min(at + 1, items.length - 1)].focus();
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      if (at <= 0) field.focus();
      else items[at - 1].focus();
    } else if (event.key === "Enter" && document.activeElement === field) {
      event.preventDefault();
      items[0].click();
    }
  });
})();
