/* The form of a record: tabs, fields that come and go, rows of children, records made on the way. */
(() => {
  "use strict";

  const form = document.querySelector("form.t-form");
  if (!form) return;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- tabs: links to parts of the page become tabs with the keys of tabs ---

  const bar = form.querySelector("[data-tabs]");
  const tabs = bar ? all("a", bar) : [];
  const panel = (tab) => document.getElementById(tab.hash.slice(1));

  function choose(tab, keep = true) {
    for (const other of tabs) {
      const isChosen = other === tab;
      other.setAttribute("aria-selected", String(isChosen));
      other.tabIndex = isChosen ? 0 : -1;
      panel(other).classList.toggle("is-active", isChosen);
    }
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (!keep) return;
    const address = new URL(location);
    address.searchParams.set("tab", tab.hash.replace("#tab-", ""));
    history.replaceState(history.state, "", address);
  }

  if (bar) {
    bar.setAttribute("role", "tablist");
    for (const tab of tabs) {
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", tab.hash.slice(1));
      panel(tab).setAttribute("role", "tabpanel");
      panel(tab).setAttribute("aria-labelledby", tab.id);
    }
    choose(tabs.find((tab) => "active" in tab.dataset) ?? tabs[0], false);
    bar.addEventListener("click", (event) => {
      const tab = event.target.closest("a");
      if (!tab) return;
      event.preventDefault();
      choose(tab);
    });
    bar.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      const tab = tabs[(to + tabs.length) % tabs.length];
      choose(tab);
      tab.focus();
    });
  }

  // A link to a field opens the tab on which it stands.
  form.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#f-"]');
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const tab = tabs.find((one) => panel(one).contains(field));
    if (tab) choose(tab);
    field.focus();
  });

  // --- fields that are shown or demanded by what others hold ---

  const ruled = all("[data-show], [data-require]", form);

  function held(path) {
    const parts = all(`[name="${CSS.escape(path)}"]`, form);
    if (!parts.length) return null;
    const last = parts[parts.length - 1];
    if (last.type === "checkbox") return all(`[name="${CSS.escape(path)}"]:checked`, form).map((box) => box.value);
    return last.value && last.value !== "false" ? [last.value] : [];
  }

  // What the form does not hold stays as the server drew it.
  function judge(rules, before) {
    let isKnown = true;
    const holds = JSON.parse(rules).some((rule) => Object.entries(rule).every(([path, wanted]) => {
      const values = held(path);
      if (values === null) { isKnown = false; return false; }
      return wanted.some((one) => (typeof one === "boolean" ? Boolean(values.length) === one : values.includes(one)));
    }));
    return holds || (isKnown ? false : before);
  }

  function follow() {
    for (const field of ruled) {
      const { show, require } = field.dataset;
      if (show) field.toggleAttribute("data-off", !judge(show, !field.hasAttribute("data-off")));
      const mark = field.querySelector("[data-obligatory]");
      if (!require || !mark) continue;
      mark.hidden = !judge(require, !mark.hidden);
      const input = field.querySelector("input:not([type=hidden]), select, textarea");
      if (mark.hidden) input?.removeAttribute("aria-required");
      else input?.setAttribute("aria-required", "true");
    }
    for (const section of all(".t-form-section:has([data-show])", form)) {
      section.toggleAttribute("data-off", all(".t-field", section).every((field) => field.hasAttribute("data-off")));
    }
  }
  if (ruled.length) {
    form.addEventListener("input", follow);
    form.addEventListener("change", follow);
  }

  // --- rows of children ---

  let made = 0;

  function addRow(block) {
    const template = block.querySelector("template[data-template]");
    made += 1;
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replaceAll("nNEW", `n${made}`);
    const row = holder.firstElementChild;
    block.querySelector("[data-rows]").append(row);
    htmx.process(row);
    row.dispatchEvent(new Event("trato:fields", { bubbles: true }));
    block.querySelector("[data-none]").hidden = true;
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }

  // New rows of a form that came back keep their numbers.
  for (const row of all("[data-kid]", form)) {
    const number = /__n(\d+)__$/.exec(row.id);
    if (number) made = Math.max(made, Number(number[1]));
  }
  for (const button of all("[data-add]", form)) button.hidden = false;

  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    if (add) addRow(add.closest("[data-kids]"));
    const keep = event.target.closest("[data-keep]");
    if (keep) {
      const box = keep.closest("[data-kid]").querySelector("[data-remove]");
      box.checked = false;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    }
  });
  form.addEventListener("change", (event) => {
    const box = event.target.closest("[data-remove]");
    if (!box?.checked) return;
    const row = box.closest("[data-kid]");
    if (!/__n\d+__$/.test(row.id)) return;
    // A row that was never saved is simply gone.
    const block = row.closest("[data-kids]");
    row.remove();
    block.querySelector("[data-none]").hidden = Boolean(block.querySelector("[data-rows] > [data-kid]"));
    block.querySelector("[data-add]")?.focus();
    // The draft is to forget it too.
    block.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // --- two people changed one field: which value stays ---

  function overrule(radio) {
    const input = form.querySelector(`#f-${CSS.escape(radio.name.replace("choose:", "").replaceAll(".", "-"))}`);
    const field = input?.closest(".t-field");
    const isTheirs = radio.value === "theirs";
    field?.classList.toggle("is-overruled", isTheirs);
    if (field) field.inert = isTheirs;
  }
  form.addEventListener("change", (event) => {
    if (event.target.matches('[name^="choose:"]')) overrule(event.target);
  });
  all('[name^="choose:"]:checked', form).forEach(overrule);

  // --- a record that is missing is made on the way, in a dialog over the form ---

  let waiting = null;

  async function openShort(input, url) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (!answer.ok) {
      document.dispatchEvent(new CustomEvent("trato:toast", { detail: { text: document.body.dataset.textFailed } }));
      return;
    }
    waiting = input;
    const dialog = document.createElement("dialog");
    dialog.className = "t-dialog t-short";
    dialog.addEventListener("close", () => {
      dialog.remove();
      waiting?.focus();
      waiting = null;
    });
    document.body.append(dialog);
    fill(dialog, await answer.text());
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  }

  function fill(dialog, html) {
    dialog.innerHTML = html;
    dialog.setAttribute("aria-labelledby", "t-short-title");
    htmx.process(dialog);
    dialog.dispatchEvent(new Event("trato:fields", { bubbles: true }));
    dialog.querySelector("[autofocus]")?.focus();
  }

  function take(id, label) {
    const box = waiting.closest("[data-ref]");
    waiting.value = label;
    const value = box.querySelector("input[type=hidden]");
    value.value = id;
    value.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("dialog.t-short").close();
  }

  form.addEventListener("trato:create", (event) => openShort(event.target, event.detail.url));

  document.addEventListener("submit", async (event) => {
    const short = event.target.closest("dialog.t-short form");
    if (!short) return;
    event.preventDefault();
    event.stopPropagation();
    const body = new FormData(short);
    if (event.submitter?.name) body.append(event.submitter.name, event.submitter.value);
    const answer = await fetch(short.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (answer.status === 201) {
      const record = await answer.json();
      take(record.id, record.label);
    } else if (answer.status === 422) {
      fill(short.closest("dialog"), await answer.text());
    } else {
      document.dispatchEvent(new CustomEvent("trato:toast", { detail: { text: document.body.dataset.textFailed } }));
    }
  }, true);
  document.addEventListener("click", (event) => {
    const dialog = event.target.closest("dialog.t-short");
    if (!dialog) return;
    if (event.target.closest("[data-leave]")) dialog.close();
    const found = event.target.closest("[data-use]");
    if (found) take(found.dataset.use, found.dataset.label);
  });
})();
