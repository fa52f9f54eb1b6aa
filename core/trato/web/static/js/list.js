/* What a list does beyond links and forms: its columns are put in order without a request each,
   and rows are chosen to do something with many of them. */
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
    const name = event.target.querySelector?.('[data-view-form] input[name="name"]');
    if (name && matchMedia("(hover: hover)").matches) name.focus();
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

  // A column is dragged by its grip, with mouse, pen or finger; the first stays where it is.
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip) return;
    event.preventDefault();
    const item = grip.closest("li");
    const items = () => all("li:not(:has(input:disabled))", item.parentElement);
    item.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);
    // The others move around the one that is dragged: moved itself, it would lose the pointer.
    const move = ({ clientY }) => {
      const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
      for (;;) {
        const order = items();
        const at = order.indexOf(item);
        if (order[at + 1] && clientY > middle(order[at + 1])) item.before(order[at + 1]);
        else if (order[at - 1] && clientY < middle(order[at - 1])) item.after(order[at - 1]);
        else break;
      }
      item.scrollIntoView({ block: "nearest" });
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", move);
      item.classList.remove("is-dragged");
    }, { once: true });
  });

  // --- views: the chosen one is in sight, also where their row scrolls ---

  function showView() {
    const tab = document.querySelector(".t-views-tabs [aria-current]");
    const row = tab?.closest("ul");
    if (!row) return;
    const [at, within] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
    if (at.left < within.left || at.right > within.right) row.scrollLeft += at.left - within.left - 40;
  }

  // --- selection: the bar itself shows by style; here are the count, ranges and the key ---

  const boxes = () => all("[data-choose]");
  let last = null;

  function count() {
    const chosen = document.querySelector("[data-chosen]");
    if (!chosen) return;
    const every = document.querySelector("[data-choose-all]")?.checked;
    const many = boxes().filter((box) => box.checked).length;
    chosen.textContent = chosen.dataset.text.replace("#", every ? chosen.dataset.total : many);
    const page = document.querySelector("[data-choose-page]");
    page.checked = many > 0 && many === boxes().length;
    page.indeterminate = many > 0 && !page.checked;
  }

  function chooseRows(rows, on) {
    for (const box of rows) box.checked = on;
    count();
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-choose]")) return;
    const rows = boxes();
    const from = rows.indexOf(last);
    if (event.shiftKey && from >= 0) {
      const to = rows.indexOf(box);
      chooseRows(rows.slice(Math.min(from, to), Math.max(from, to) + 1), box.checked);
    }
    last = box;
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-choose-page], [data-choose-all]")) chooseRows(boxes(), box.checked);
    else if (box.matches("[data-choose]")) {
      // One less than all is no longer all.
      const every = document.querySelector("[data-choose-all]");
      if (every && !box.checked) every.checked = false;
      count();
    }
  });

  document.addEventListener("reset", (event) => {
    if (event.target.id === "t-bulk") setTimeout(count);
  });

  document.addEventListener("htmx:afterSettle", () => {
    showView();
    if (document.querySelector("[data-choose-all]")?.checked) chooseRows(boxes(), true);
    else count();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    const focused = document.activeElement;
    if (focused?.matches('input:not([type="checkbox"]), textarea, select')) return;
    focused?.closest("[data-row]")?.querySelector("[data-choose]")?.click();
  });

  // --- what was typed while the page still came is searched for too ---

  // Not before htmx has read the page.
  addEventListener("load", () => {
    const search = document.getElementById("t-search");
    if (search && search.value !== search.defaultValue) htmx.trigger(search.form, "submit");
  });

  showView();
  count();
})();
