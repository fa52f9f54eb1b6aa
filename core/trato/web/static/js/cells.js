/* Cells that are edited where they stand: a double click, Enter, F2 or e opens the form of the
   field over its cell. Enter saves, Tab saves and goes on, Esc leaves. Cards of a phone have none:
   there the record opens. */
(() => {
  "use strict";

  const desk = matchMedia("(width >= 768px)");
  const headers = { "HX-Request": "true" };
  // The open form: {box, cell, row, before, isSending}.
  let open = null;

  const headOf = (cell) => cell.closest("table").tHead?.rows[0].cells[cell.cellIndex];
  const cellOf = (node) => node?.closest?.("[data-row] > :is(td, th)");
  const fieldOf = (cell) => desk.matches && headOf(cell)?.dataset.edits;
  // Why the cell of a field that can be edited elsewhere is not: another system rules it here.
  const lockOf = (cell) => JSON.parse(cell.parentElement.dataset.locked || "{}")[fieldOf(cell)];
  const edits = (cell) => !lockOf(cell) && fieldOf(cell);
  const say = (text, undo) => document.dispatchEvent(new CustomEvent("trato:toast", { detail: { text, undo } }));

  // --- the table as a grid: arrows move from cell to cell ---

  function setUp() {
    const table = document.querySelector(".t-table");
    if (!table?.querySelector("[data-edits]")) return;
    table.toggleAttribute("data-cells", desk.matches);
    for (const [name, value] of [["role", "grid"], ["aria-readonly", "true"]]) {
      if (desk.matches) table.setAttribute(name, value);
      else table.removeAttribute(name);
    }
  }

  function focusCell(cell) {
    const goal = cell.matches(".t-name") ? cell.querySelector("a") : cell;
    if (goal === cell) cell.tabIndex = -1;
    if (edits(cell)) cell.setAttribute("aria-readonly", "false");
    goal.focus({ focusVisible: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function neighbour(cell, key) {
    if (key === "ArrowRight") return cell.nextElementSibling;
    if (key === "ArrowLeft") return cell.previousElementSibling;
    let row = cell.parentElement;
    do row = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    while (row && !row.matches("[data-row]"));
    return row?.cells[cell.cellIndex];
  }

  document.addEventListener("keydown", (event) => {
    const focused = document.activeElement;
    const cell = cellOf(focused);
    if (!cell || !desk.matches || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key.startsWith("Arrow")) {
      if (focused.matches("input")) return;
      const next = neighbour(cell, event.key);
      if (!next) return;
      event.preventDefault();
      focusCell(next);
    } else if (event.key === "F2" || event.key === "e" || (event.key === "Enter" && focused === cell)) {
      const wanted = fieldOf(cell) ? cell : [...cell.parentElement.cells].find(edits);
      if (!wanted) return;
      event.preventDefault();
      begin(wanted);
    }
  });

  document.addEventListener("dblclick", (event) => {
    const cell = cellOf(event.target);
    if (!cell || !fieldOf(cell) || event.target.closest("a, button, input, label")) return;
    getSelection().removeAllRanges();
    begin(cell);
  });

  function begin(cell) {
    if (lockOf(cell)) say(lockOf(cell));
    else edit(cell);
  }

  // A pencil in the cell under the pointer says that it can be edited, and does it; a lock says why
  // it cannot.
  const pencil = document.createElement("button");
  pencil.type = "button";
  pencil.tabIndex = -1;
  pencil.className = "t-pencil";
  pencil.setAttribute("aria-hidden", "true");
  pencil.addEventListener("click", () => begin(cellOf(pencil)));
  document.addEventListener("mouseover", (event) => {
    const cell = cellOf(event.target);
    if (!cell || pencil.parentElement === cell) return;
    // What does not fit is told whole.
    if (cell.scrollWidth > cell.clientWidth) cell.title = cell.textContent.trim();
    pencil.classList.toggle("is-locked", Boolean(lockOf(cell)));
    pencil.title = lockOf(cell) || "";
    if (fieldOf(cell)) cell.append(pencil);
    else pencil.remove();
  });

  // --- the form over a cell ---

  const written = (form) => new URLSearchParams(new FormData(form)).toString();
  const signedOut = (answer) => answer.redirected && new URL(answer.url).pathname === "/login";

  function addressOf(cell) {
    const { pathname } = cell.parentElement.querySelector(".t-name > a");
    return `${pathname}/cell/${encodeURIComponent(headOf(cell).dataset.edits)}${location.search}`;
  }

  async function edit(cell) {
    if (open) leave();
    const row = cell.parentElement;
    const answer = await ask(addressOf(cell));
    if (!answer || !cell.isConnected) return;
    const box = document.createElement("div");
    box.className = "t-cell-box";
    box.popover = "manual";
    document.getElementById("t-list").append(box);
    row.classList.add("is-edited");
    open = { box, cell, row };
    box.addEventListener("keydown", press);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      send(0);
    });
    fill(await answer.text());
    open.before = written(box.firstElementChild);
  }

  /** Ask the server; what it refuses is told in its words. */
  async function ask(url, options = {}) {
    let answer;
    try {
      answer = await fetch(url, { headers, ...options });
    } catch {
      say(document.body.dataset.textOffline);
      return null;
    }
    if (signedOut(answer)) location.reload();
    else if (answer.ok || answer.headers.get("Content-Type").startsWith("text/html") && [409, 422].includes(answer.status)) return answer;
    else say(answer.headers.get("Content-Type").startsWith("text/plain") ? await answer.text() : document.body.dataset.textFailed);
    return null;
  }

  function fill(html) {
    const { box } = open;
    box.innerHTML = html;
    box.showPopover();
    htmx.process(box);
    box.dispatchEvent(new CustomEvent("trato:fields", { bubbles: true }));
    place();
    const input = box.querySelector("[autofocus]");
    input?.focus();
    if (input?.matches('[type="text"], [type="tel"], [type="email"], [type="url"]')) input.select();
  }

  function place() {
    const { box, cell } = open;
    const at = cell.getBoundingClientRect();
    box.style.left = "0";
    box.style.minWidth = `${Math.max(at.width, 260)}px`;
    box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${Math.max(8, Math.min(at.top, innerHeight - box.offsetHeight - 8))}px`;
  }
  document.addEventListener("scroll", (event) => {
    if (open && event.target.contains?.(open.cell)) place();
  }, true);
  addEventListener("resize", () => { if (open) place(); });

  function leave() {
    const { box, cell, row } = open;
    const isStale = box.querySelector(".t-cell-conflict");
    open = null;
    box.remove();
    row.classList.remove("is-edited");
    if (!cell.isConnected) return;
    focusCell(cell);
    if (isStale) showNow(cell, row);
  }

  /** Show what others wrote, whose value was left to them. */
  async function showNow(cell, row) {
    const answer = await ask(addressOf(cell), { headers: { ...headers, "HX-Target": "t-row" } });
    if (!answer || !row.isConnected) return;
    const { cellIndex } = cell;
    const fresh = renew(row, await answer.text());
    if (fresh && document.activeElement === document.body) focusCell(fresh.cells[cellIndex]);
  }

  function press(event) {
    const { target } = event;
    if (event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && !target.matches("textarea, button")) {
      event.preventDefault();
      send(0);
    } else if (event.key === "Tab" && target.matches("input, select, textarea")) {
      const controls = [...open.box.querySelectorAll("input:not([type=hidden]), select, textarea")];
      if (target !== controls.at(event.shiftKey ? 0 : -1)) return;
      event.preventDefault();
      send(event.shiftKey ? -1 : 1);
    }
  }

  document.addEventListener("click", (event) => {
    if (open && event.target.closest("[data-cell-leave]")) leave();
  });

  /** Put the row as the server writes it in the place of a row; null where it is gone. */
  function renew(row, html) {
    const holder = document.createElement("tbody");
    holder.innerHTML = html;
    const fresh = holder.querySelector("tr");
    if (!fresh) {
      row.remove();
      return null;
    }
    const box = fresh.querySelector("[data-choose]");
    if (box) box.checked = row.querySelector("[data-choose]")?.checked;
    row.replaceWith(fresh);
    htmx.process(fresh);
    return fresh;
  }
  // Whoever goes on elsewhere has meant what they typed; an untouched form just goes.
  document.addEventListener("pointerdown", (event) => {
    if (open && !open.box.contains(event.target) && !event.target.closest("#t-toasts")) send(0);
  });

  /** Save; `step` tells which of the row's cells is edited next: 1 the one behind, -1 before. */
  async function send(step) {
    const { box, cell, row, isSending } = open;
    if (isSending) return;
    const form = box.firstElementChild;
    const isChanged = written(form) !== open.before || form.querySelector(".t-cell-conflict");
    const { cellIndex } = cell;
    if (!isChanged) {
      leave();
      return goOn(row, cellIndex, step);
    }
    open.isSending = true;
    const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
    if (!open || open.box !== box) return;
    open.isSending = false;
    if (!answer) return;
    const html = await answer.text();
    if (!answer.ok) return fill(html);
    const focusedElsewhere = !box.contains(document.activeElement) && document.activeElement !== document.body;
    open = null;
    box.remove();
    const isSummed = headOf(cell).dataset.total !== undefined;
    const fresh = renew(row, html);
    const told = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}")["trato:toast"];
    if (told) say(told.text, told.undo);
    if (isSummed) document.dispatchEvent(new CustomEvent("trato:totals"));
    if (fresh && !focusedElsewhere) goOn(fresh, cellIndex, step);
  }

  function goOn(row, cellIndex, step) {
    focusCell(row.cells[cellIndex]);
    if (!step) return;
    let next = row.cells[cellIndex + step];
    while (next && !edits(next)) next = row.cells[next.cellIndex + step];
    if (next) edit(next);
  }

  document.addEventListener("htmx:afterSettle", setUp);
  desk.addEventListener("change", setUp);
  setUp();
})();
