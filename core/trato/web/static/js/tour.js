/* The tour: rings the part that the step is about. Where it cannot be seen, as the navigation on a
   phone, what leads there is ringed. The steps themselves are forms and need no script. */
(() => {
  "use strict";

  const seen = (element) => element.checkVisibility({ visibilityProperty: true })
    && element.getBoundingClientRect().left >= 0;

  function ring() {
    document.querySelectorAll(".t-tour-now").forEach((old) => old.classList.remove("t-tour-now"));
    const tour = document.getElementById("t-tour");
    if (!tour || tour.hidden) return;
    const parts = [...document.querySelectorAll(`[data-tour="${tour.dataset.tourPart}"]`)];
    const part = parts.find(seen) || document.querySelector(".t-bar [href='#t-nav']");
    part?.classList.add("t-tour-now");
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    ring();
    // The button that was pressed is gone; without this the keyboard would start at the top.
    if (event.detail.requestConfig?.path.startsWith("/core/tour/")) {
      (document.querySelector("#t-tour:not([hidden])") || document.getElementById("t-main")).focus();
    }
  });
  ring();
})();
