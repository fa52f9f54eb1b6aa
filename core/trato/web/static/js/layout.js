/* The arranging of a form: a field is dragged by its grip to where it shall stand. */
(() => {
  "use strict";

  const root = () => document.getElementById("t-lay");
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* Where the pointer stands: the list, and the field before which something would come. */
  function target(x, y) {
    const under = document.elementFromPoint(x, y);
    const list = under?.closest(".t-lay-section")?.querySelector("[data-lay-section]");
    if (!list) return null;
    const before = all("[data-lay-field]", list).find((item) => {
      const box = item.getBoundingClientRect();
      return y < box.top + box.height / 2;
    });
    return { list, before };
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".t-lay [data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    const item = grip.closest("li");
    const scroller = grip.closest(".t-scroll");
    let at = null;
    const mark = (is) => (at?.before ?? at?.list)?.classList.toggle("is-here", is);
    item.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);

    const move = ({ clientX, clientY }) => {
      mark(false);
      at = target(clientX, clientY);
      mark(true);
      const edge = scroller.getBoundingClientRect();
      if (clientY < edge.top + 48) scroller.scrollBy(0, -16);
      else if (clientY > edge.bottom - 48) scroller.scrollBy(0, 16);
    };
    const end = (is) => {
      grip.removeEventListener("pointermove", move);
      grip.removeEventListener("pointerup", drop);
      grip.removeEventListener("pointercancel", leave);
      document.removeEventListener("keydown", escape);
      mark(false);
      item.classList.remove("is-dragged");
      const path = item.dataset.layField;
      const before = at?.before?.dataset.layField ?? "";
      if (!is || !at || before === path) return;
      const button = root().querySelector("[data-place]");
      button.value = `place:${path}:${at.list.dataset.laySection}:${before}`;
      button.click();
    };
    const drop = () => end(true);
    const leave = () => end(false);
    const escape = (pressed) => { if (pressed.key === "Escape") end(false); };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", drop);
    grip.addEventListener("pointercancel", leave);
    document.addEventListener("keydown", escape);
  });

  // What a condition asks depends on the field that it asks.
  document.addEventListener("change", (event) => {
    if (!event.target.matches('.t-lay-when select[name^="p_when_field_"]')) return;
    root().querySelector("[data-refresh]").click();
  });

  // What was arranged and not saved is told before the page is left, as what was typed is.
  const guard = () => {
    const form = root()?.querySelector("form[data-changed]");
    form?.dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("htmx:afterSettle", () => {
    guard();
    const panel = root()?.querySelector("[data-opens]");
    panel?.removeAttribute("data-opens");
    panel?.querySelector("select, input:not([type=hidden])")?.focus();
  });
  guard();
})();
