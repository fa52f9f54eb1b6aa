/* A file that was chosen or dropped is told by name and size; one too large is refused at once. */
(() => {
  "use strict";

  const size = (bytes) => {
    const [value, unit] = bytes < 1e6 ? [Math.max(bytes / 1e3, 0.1), "kilobyte"] : [bytes / 1e6, "megabyte"];
    const digits = value < 10 ? 1 : 0;
    return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: digits }).format(value);
  };

  function tell(box) {
    const input = box.querySelector("input");
    const told = box.querySelector(".t-file-told");
    const wrong = box.parentElement.querySelector("[data-file-wrong]");
    const [file] = input.files;
    const most = Number(box.dataset.most);
    const isHeavy = Boolean(file && most && file.size > most);
    wrong.hidden = !isHeavy;
    box.parentElement.classList.toggle("has-error", isHeavy);
    input.toggleAttribute("aria-invalid", isHeavy);
    if (isHeavy) {
      wrong.lastElementChild.textContent = box.dataset.heavy.replace("#", size(file.size)).replace("#", size(most));
      input.value = "";
    }
    const chosen = input.files[0];
    box.classList.toggle("has-file", Boolean(chosen));
    box.querySelector("[data-file-word]").textContent = chosen ? box.dataset.other : box.dataset.choose;
    if (!chosen) {
      told.textContent = box.dataset.none;
      return;
    }
    const name = document.createElement("b");
    name.className = "t-clip";
    name.textContent = chosen.name;
    const weight = document.createElement("small");
    weight.textContent = size(chosen.size);
    told.replaceChildren(name, weight);
  }

  for (const box of document.querySelectorAll("[data-file]")) {
    const input = box.querySelector("input");
    // The browser's own word for "no file" would show under the pointer.
    input.title = "";
    input.addEventListener("change", () => tell(box));
    for (const kind of ["dragenter", "dragover"]) box.addEventListener(kind, () => box.classList.add("is-over"));
    for (const kind of ["dragleave", "drop", "dragend"]) box.addEventListener(kind, () => box.classList.remove("is-over"));
    // Back from the next page the browser may have kept the choice.
    if (input.files.length) tell(box);
  }
})();
