/* What pages do beyond links and forms. Everything works, plainer, without this file.
   The policy forbids inline script and eval: behaviour hangs on data- attributes. */
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = document.body.dataset;

  function remember(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // --- htmx: token, what a reference search sends, answers that are no answer ---

  document.addEventListener("htmx:configRequest", (event) => {
    const { headers, parameters, elt, verb } = event.detail;
    if (verb !== "get") {
      headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf-token"]').content;
    }
    if (elt.closest("[data-ref]")) parameters.q = elt.value;
  });

  // The session ended: the answer is the sign-in page, which belongs into the whole window.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.responseURL.includes("/login")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload();
    else toast(words.textFailed);
  });
  document.addEventListener("htmx:sendError", () => toast(words.textOffline));

  // --- toasts: one at a time, long enough to read, never gone while one looks at it ---

  function toast(text, undoUrl) {
    const box = document.getElementById("t-toasts");
    const item = document.createElement("div");
    item.className = "t-toast";
    item.dataset.toast = "";
    const line = document.createElement("span");
    line.className = "t-grow";
    line.textContent = text;
    item.append(line);
    if (undoUrl) {
      const form = document.createElement("form");
      form.method = "post";
      form.action = undoUrl;
      const token = document.createElement("input");
      token.type = "hidden";
      token.name = "csrf_token";
      token.value = document.querySelector('meta[name="csrf-token"]').content;
      const undo = document.createElement("button");
      undo.className = "t-toast-undo";
      undo.textContent = words.textUndo;
      form.append(token, undo);
      item.append(form);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.toastClose = "";
    close.setAttribute("aria-label", words.textClose);
    close.textContent = "×";
    item.append(close);
    box.replaceChildren(item);
    expire(item);
  }

  function expire(item) {
    const seconds = item.querySelector("form") ? 15 : 7;
    const tick = () => {
      if (item.matches(":hover, :focus-within")) setTimeout(tick, 2000);
      else item.remove();
    };
    setTimeout(tick, seconds * 1000);
  }

  all("[data-toast]").forEach(expire);
  // A server may answer an htmx request with HX-Trigger: {"trato:toast": {"text": …, "undo": …}}.
  document.addEventListener("trato:toast", (event) => toast(event.detail.text, event.detail.undo));

  // --- clicks ---

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;

    for (const menu of all("details[data-pop][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }

    const theme = target.closest("[data-theme-choice]");
    if (theme) chooseTheme(theme.dataset.themeChoice);

    if (target.closest("[data-nav-toggle]")) toggleNavigation();

    if (target.closest("[data-nav-close]") && location.hash === "#t-nav") {
      event.preventDefault();
      history.back();
    }

    target.closest("[data-toast-close]")?.closest("[data-toast]").remove();

    const copy = target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(() => {
        copy.querySelector("span").textContent = copy.dataset.done;
      });
    }

    const opens = target.closest("[data-dialog]");
    if (opens) document.getElementById(opens.dataset.dialog).showModal();

    openRow(event, target);
  });

  // A row opens where one clicks it, unless one clicked something in it or marked text to copy.
  let opening = 0;

  const isEdited = (cell) => Boolean(cell?.closest("table").tHead.rows[0].cells[cell.cellIndex].dataset.edits);

  function openRow(event, target) {
    clearTimeout(opening);
    const row = target.closest("[data-row]");
    if (!row || event.detail > 1 || target.closest("a, button, input, label, summary")) return;
    if (String(getSelection())) return;
    const link = row.querySelector("a");
    if (event.ctrlKey || event.metaKey) open(link.href, "_blank", "noopener");
    // In a cell that is edited in place a second click may follow, which does that; anywhere else
    // nobody has to wait.
    else if (isEdited(target.closest("[data-cells] td"))) opening = setTimeout(() => link.click(), 250);
    else link.click();
  }

  // --- appearance and navigation, kept in cookies so that the server draws them right at once ---

  function chooseTheme(choice) {
    remember("trato_theme", choice);
    if (choice === "system") delete document.documentElement.dataset.bsTheme;
    else document.documentElement.dataset.bsTheme = choice;
    for (const button of all("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  }

  function toggleNavigation() {
    const app = document.querySelector(".t-app");
    const narrow = document.getElementById("t-nav").offsetWidth < 100;
    app.dataset.nav = narrow ? "open" : "closed";
    remember("trato_nav", app.dataset.nav);
  }

  all("[data-theme-switch], [data-nav-toggle]").forEach((part) => { part.hidden = false; });
  if (navigator.clipboard) all("[data-copy]").forEach((part) => { part.hidden = false; });

  // --- keyboard ---

  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    const focused = document.activeElement ?? document.body;
    if (event.key === "Escape") return closeSomething(event, focused);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = focused.closest("form");
      form?.requestSubmit(form.querySelector("[data-submit]"));
      return;
    }
    if (typing(focused) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;

    if (event.key === "j" || event.key === "k") return moveRow(event, focused);
    if (event.key === "?") return document.getElementById("t-keys")?.showModal();
    if (["PageDown", "PageUp", "Home", "End"].includes(event.key) && focused === document.body) {
      // The sheet scrolls, not the page; it takes the key once it has the focus.
      document.querySelector(".t-scroll")?.focus({ preventScroll: true });
      return;
    }
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("input")) wanted.select();
    else wanted.click();
    wanted.focus();
  });

  function closeSomething(event, focused) {
    const menu = focused.closest("details[data-pop][open]") ?? document.querySelector("details[data-pop][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (location.hash === "#t-nav") {
      history.back();
    } else if (focused.matches('[data-key="/"]')) {
      focused.blur();
    }
  }

  function moveRow(event, focused) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(focused.closest("[data-row]"));
    const next = Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
    event.preventDefault();
    const link = rows[next].querySelector("a");
    link.focus({ focusVisible: true });
    rows[next].scrollIntoView({ block: "nearest" });
  }

  // --- a long menu of fields: typing keeps those whose name fits ---

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-narrow-input]")) return;
    const wanted = plain(event.target.value.trim());
    for (const part of all("details", event.target.closest("[data-narrow]"))) {
      part.hidden = !plain(part.querySelector("summary").textContent).includes(wanted);
    }
  });
  function offerNarrowing(menu) {
    const input = menu.querySelector(":scope > [data-narrow-input]");
    if (!input) return;
    input.hidden = false;
    // On a touch screen the keyboard would hide the menu.
    if (matchMedia("(hover: hover)").matches) input.focus();
  }

  document.addEventListener("toggle", (event) => {
    const menu = event.target.querySelector(":scope > [data-narrow]");
    if (menu && event.target.open) offerNarrowing(menu);
  }, true);
  // A menu is fetched when it is opened for the first time.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.target.matches("[data-narrow]")) return;
    offerNarrowing(event.target);
    all("[data-ref]", event.target).forEach(setUpReference);
  });

  // --- forms: nothing lost, nothing sent twice ---

  const changed = new Set();

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) changed.add(form);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    changed.delete(form);
    const button = form.matches("[data-busy]") && form.querySelector("[data-submit]");
    if (!button) return;
    if (button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      return;
    }
    button.setAttribute("aria-disabled", "true");
    button.dataset.text = button.textContent;
    button.textContent = form.dataset.busy;
  });

  // A form that htmx has sent is gone from the page, with its answer in its place.
  addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });

  // Back from the next page: the browser shows this one as it was left, with the button still busy.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const button of all('[data-submit][aria-disabled="true"]')) {
      button.removeAttribute("aria-disabled");
      button.textContent = button.dataset.text;
    }
  });

  // --- references: an input that offers records while one types ---

  function setUpReference(box) {
    const input = box.querySelector("input");
    const list = box.querySelector("[role=listbox]");
    if (input.readOnly) return;

    // From here on the id travels in a hidden field; text that was not chosen travels as it is.
    const value = document.createElement("input");
    value.type = "hidden";
    value.name = input.name;
    value.value = input.dataset.id || input.value;
    input.removeAttribute("name");
    input.after(value);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");

    // The answer to a key may come after one has chosen or left: it must not open the list again,
    // over what follows, where Enter would choose once more.
    let isAsked = false;
    const options = () => all("[data-id], [data-create]", list);
    const active = () => list.querySelector('[aria-selected="true"]');

    function show(open) {
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (open) list.scrollIntoView({ block: "nearest" });
      else {
        isAsked = false;
        mark(null);
      }
    }

    function mark(option) {
      active()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) input.setAttribute("aria-activedescendant", option.id);
      else input.removeAttribute("aria-activedescendant");
    }

    function pick(option) {
      if (option.dataset.create) {
        show(false);
        input.dispatchEvent(new CustomEvent("trato:create", { bubbles: true, detail: { url: option.dataset.create } }));
        return;
      }
      input.value = option.dataset.label;
      value.value = option.dataset.id;
      show(false);
      value.dispatchEvent(new Event("input", { bubbles: true }));
    }

    input.addEventListener("input", () => {
      isAsked = true;
      value.value = input.value.trim();
    });
    input.addEventListener("blur", () => show(false));
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[data-id], [data-create]");
      if (option) pick(option);
    });
    list.addEventListener("htmx:afterSwap", () => {
      if (!isAsked || document.activeElement !== input) return;
      show(true);
      mark(options()[0] ?? null);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) {
          isAsked = true;
          return htmx.trigger(input, "t-open");
        }
        const items = options();
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark(items[(items.indexOf(active()) + step + items.length) % items.length] ?? null);
      } else if (event.key === "Enter" && !event.ctrlKey && !list.hidden && active()) {
        event.preventDefault();
        pick(active());
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        show(false);
      }
    });
  }

  all("[data-ref]").forEach(setUpReference);
  // Fields that a script put into the page.
  document.addEventListener("trato:fields", (event) => all("[data-ref]", event.target).forEach(setUpReference));
})();
