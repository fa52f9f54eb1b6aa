/* Rows of a list: the menu of one, choosing by tapping on a phone, and the place one comes back to. */
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const desk = matchMedia("(width >= 768px)");
  const rows = () => all("#t-list [data-row]");

  // --- the menu of a row: one button, in the row under the pointer or with the focus ---

  const menu = document.getElementById("t-row-menu");
  const button = document.createElement("button");

  function offer(row) {
    if (!menu || !desk.matches || row === button.closest("[data-row]")) return;
    if (button.matches(":focus") || menu.matches(":popover-open")) return;
    const name = row.querySelector(".t-name > a").textContent;
    button.setAttribute("aria-label", menu.dataset.text.replace("#", name));
    row.lastElementChild.append(button);
  }

  if (menu) {
    button.type = "button";
    button.className = "t-row-more";
    button.popoverTargetElement = menu;
    for (const kind of ["mouseover", "focusin"]) {
      document.addEventListener(kind, (event) => {
        const row = event.target.closest?.("[data-row]");
        if (row) offer(row);
      });
    }
    // Opening gives the focus to what wants it, before a next key can come; "toggle" follows later.
    menu.querySelector("a, button").autofocus = true;
    // Before it opens: whose menu it is.
    menu.addEventListener("beforetoggle", (event) => {
      if (event.newState !== "open") return;
      const row = button.closest("[data-row]");
      const { pathname } = row.querySelector(".t-name > a");
      for (const link of all("a[data-to]", menu)) link.href = pathname + link.dataset.to;
      for (const act of all("button[data-to]", menu)) act.formAction = pathname + act.dataset.to;
      for (const input of all('input[name="id"]', menu)) input.value = pathname.split("/").at(-1);
    });
    menu.addEventListener("toggle", (event) => {
      if (event.newState !== "open") return;
      const at = button.getBoundingClientRect();
      menu.style.left = `${Math.max(8, at.right - menu.offsetWidth)}px`;
      menu.style.top = `${Math.min(at.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      const items = all("a, button", menu);
      const step = event.key === "ArrowDown" ? 1 : -1;
      items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
    });
  }

  // --- choosing on a phone: a card is chosen where it is tapped ---

  function choosing(on) {
    document.body.toggleAttribute("data-choosing", on);
    for (const toggle of all("[data-choosing-toggle]")) toggle.setAttribute("aria-pressed", String(on));
  }

  document.addEventListener("click", (event) => {
    const toggle = event.target.closest("[data-choosing-toggle]");
    if (toggle) {
      choosing(!document.body.hasAttribute("data-choosing"));
      toggle.closest("details").open = false;
      return;
    }
    if (desk.matches || !document.body.hasAttribute("data-choosing")) return;
    const box = event.target.closest("[data-row]")?.querySelector("[data-choose]");
    if (!box || event.target.closest("input, label")) return;
    event.preventDefault();
    event.stopPropagation();
    box.click();
  }, true);
  document.addEventListener("reset", (event) => {
    if (event.target.id === "t-bulk") choosing(false);
  });

  // --- the place: who comes back from a record finds the list as they left it ---

  // Numbers alone are kept: an address may say whom somebody searched for.
  const number = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) | 0, 7);
  const here = () => number(location.pathname + location.search);
  const inner = () => document.querySelector("#t-list > .t-scroll");
  let touched = -1;

  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) touched = rows().indexOf(row);
  }, true);
  addEventListener("pagehide", () => {
    const focused = document.activeElement?.closest("[data-row]");
    const row = focused ? rows().indexOf(focused) : touched;
    const place = [here(), rows().length, Math.round(inner()?.scrollTop || scrollY), row];
    sessionStorage.setItem("t-place", JSON.stringify(place));
  });

  // Which of how many: the record's page tells it beside the way to the next one.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-row] .t-name > a");
    const all = document.getElementById("t-count")?.textContent.trim();
    if (!link || !all) return;
    const place = rows().indexOf(link.closest("[data-row]")) + 1;
    sessionStorage.setItem("t-at", JSON.stringify([number(link.pathname), place, all]));
  });

  function isReturn() {
    const [{ type } = {}] = performance.getEntriesByType("navigation");
    if (type === "back_forward" || type === "reload") return true;
    if (!document.referrer.startsWith(location.origin)) return false;
    const { pathname } = new URL(document.referrer);
    // Back from one of its records, or after something was undone in it.
    return pathname.startsWith(`${location.pathname}/`) || (pathname === location.pathname && document.querySelector("#t-toasts [data-toast]"));
  }

  async function comeBack() {
    const kept = JSON.parse(sessionStorage.getItem("t-place") ?? "[]");
    sessionStorage.removeItem("t-place");
    const [list, many, top, row] = kept;
    if (list !== here() || !isReturn()) return;
    for (let step = 0; rows().length < many && step < 30; step++) {
      const more = document.getElementById("t-more");
      if (!more) break;
      const settled = new Promise((done) => document.addEventListener("htmx:afterSettle", done, { once: true }));
      htmx.trigger(more, "intersect");
      await settled;
    }
    rows()[row]?.querySelector(".t-name > a").focus({ preventScroll: true });
    inner()?.scrollTo(0, top);
    if (!desk.matches) scrollTo(0, top);
  }

  // Not before htmx has read the page.
  addEventListener("load", comeBack);
})();
