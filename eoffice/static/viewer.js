// Pages of a document: the page in sight, next and previous, zoom. Loaded by the viewer itself, also inside a preview.
window.eofficeViewer ??= (() => {
  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => [...scope.querySelectorAll(selector)];

  const ZOOMS = ["75", "100", "125", "150", "200", "300"];
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-page], [data-zoom-step]");
    const viewer = button?.closest("[data-viewer]");
    if (!viewer) return;
    if (button.dataset.zoomStep) {
      const at = ZOOMS.indexOf(viewer.dataset.zoom) + Number(button.dataset.zoomStep);
      viewer.dataset.zoom = ZOOMS[Math.min(Math.max(at, 0), ZOOMS.length - 1)];
    } else {
      const at = Number($("[data-page-now]", viewer).textContent) + Number(button.dataset.page);
      $(`[data-sheet="${at}"]`, viewer)?.scrollIntoView({ block: "start" });
    }
  });
  function watch(viewer) {
    const sheets = $$(".sheet", viewer), now = $("[data-page-now]", viewer), ratios = new Map();
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) ratios.set(entry.target, entry.intersectionRect.height);
      const best = sheets.reduce((a, b) => ((ratios.get(b) ?? 0) > (ratios.get(a) ?? 0) ? b : a), sheets[0]);
      if (now.textContent !== best.dataset.sheet) now.textContent = best.dataset.sheet;
    }, { threshold: [0, .25, .5, .75, 1] });
    sheets.forEach((sheet) => seen.observe(sheet));
  }

  const ready = () => $$("[data-viewer]:not([data-ready])").forEach((viewer) => { viewer.dataset.ready = ""; watch(viewer); });
  document.addEventListener("htmx:load", ready);
  ready();
  return true;
})();
