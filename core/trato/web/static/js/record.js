/* A record's page: people named with @ while one writes a note, and which entries are shown. */
(() => {
  "use strict";

  // --- mentions: "@lu" offers people; the name is typed out, the server knows whose it is ---

  const typed = (area) => /(?:^|[^\p{L}\d@])@([\p{L}'.-]*(?: [\p{L}'.-]*){0,2})$/u.exec(area.value.slice(0, area.selectionStart));

  let asked = 0;

  async function offer(area) {
    const list = area.form.querySelector("[role=listbox]");
    const found = typed(area);
    const mine = ++asked;
    if (!found) return close(area, list);
    const answer = await fetch(`/core/members?q=${encodeURIComponent(found[1])}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || mine !== asked || !typed(area)) return;
    list.innerHTML = await answer.text();
    const options = [...list.querySelectorAll("[data-id]")];
    if (!options.length) return close(area, list);
    list.id ||= "t-people";
    list.hidden = false;
    area.setAttribute("aria-controls", list.id);
    mark(area, list, options[0]);
  }

  function close(area, list) {
    list.hidden = true;
    area.removeAttribute("aria-activedescendant");
  }

  function mark(area, list, option) {
    list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    option.setAttribute("aria-selected", "true");
    area.setAttribute("aria-activedescendant", option.id);
  }

  function pick(area, list, option) {
    const end = area.selectionStart;
    const start = end - typed(area)[1].length - 1;
    // Two who bear one name are told apart by the id.
    const shared = option.querySelector("small");
    const name = shared ? `@[${option.dataset.label}](${option.dataset.id})` : `@${option.dataset.label}`;
    area.setRangeText(`${name} `, start, end, "end");
    close(area, list);
    area.focus();
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-mentions] textarea")) offer(event.target);
  });
  document.addEventListener("keydown", (event) => {
    const area = event.target;
    if (!area.matches?.("[data-mentions] textarea")) return;
    const list = area.form.querySelector("[role=listbox]");
    if (list.hidden) return;
    const options = [...list.querySelectorAll("[data-id]")];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(area, list, options[(at + step + options.length) % options.length]);
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") {
      pick(area, list, options[at]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close(area, list);
    } else {
      return;
    }
    event.preventDefault();
  }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("[data-mentions] [data-id]");
    if (!option) return;
    event.preventDefault();
    const form = option.closest("form");
    pick(form.querySelector("textarea"), form.querySelector("[role=listbox]"), option);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches("[data-mentions] textarea")) close(event.target, event.target.form.querySelector("[role=listbox]"));
  });

  // --- to the next and the previous record of the list ---

  document.addEventListener("keydown", (event) => {
    if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    document.querySelector(`[data-beside="${event.key}"]`)?.click();
  });

  // Which of how many it is: the list said so when it was left, and each step counts.
  const number = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) | 0, 7);
  const [record, place, all] = JSON.parse(sessionStorage.getItem("t-at") ?? "[]");
  const told = document.querySelector("[data-at]");
  if (told && record === number(location.pathname)) {
    told.textContent = told.dataset.at.replace("#", place).replace("#", all);
    told.hidden = false;
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-beside]");
      if (!link) return;
      const next = place + (link.dataset.beside === "j" ? 1 : -1);
      sessionStorage.setItem("t-at", JSON.stringify([number(link.pathname), next, all]));
    });
  }

  // --- the kind of entries that is shown ---

  document.addEventListener("htmx:afterRequest", (event) => {
    const link = event.target.closest?.("[data-kind]");
    if (!link || !event.detail.successful) return;
    for (const other of link.parentElement.children) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });

  // --- panels: one that fails says so in its place ---

  function fail(event) {
    const panel = event.target.closest?.("[data-panel]");
    if (!panel) return;
    event.stopPropagation();
    panel.removeAttribute("aria-busy");
    panel.querySelector(".t-card-shape").hidden = true;
    panel.querySelector("[data-failed]").hidden = false;
  }
  // Before the page's own listeners, which would tell it once more in a toast.
  addEventListener("htmx:responseError", fail, true);
  addEventListener("htmx:sendError", fail, true);

  document.addEventListener("click", (event) => {
    const panel = event.target.closest("[data-retry]")?.closest("[data-panel]");
    if (!panel) return;
    panel.querySelector("[data-failed]").hidden = true;
    panel.querySelector(".t-card-shape").hidden = false;
    panel.setAttribute("aria-busy", "true");
    htmx.trigger(panel, "t-retry");
  });

  // --- drafts: what is typed goes to the server every few seconds, nothing stays in the browser ---

  const drafting = document.querySelector("form[data-draft]");
  if (drafting) {
    let isChanged = false;
    let sending = null;

    const send = async () => {
      if (!isChanged || sending) return;
      isChanged = false;
      sending = new AbortController();
      try {
        const answer = await fetch(drafting.dataset.draft, { method: "POST", body: new FormData(drafting), signal: sending.signal });
        if (!answer.ok) isChanged = true;
      } catch {
        // No connection: it is sent again with the next change, or when the page is left.
        isChanged = true;
      }
      sending = null;
    };

    drafting.addEventListener("input", () => { isChanged = true; });
    const timer = setInterval(send, 3000);
    drafting.addEventListener("submit", () => {
      clearInterval(timer);
      isChanged = false;
      sending?.abort();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden" || !isChanged) return;
      isChanged = false;
      navigator.sendBeacon(drafting.dataset.draft, new FormData(drafting));
    });
  }
})();
