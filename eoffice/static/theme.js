// Before the first paint: scripts run; the system's colours, unless the person chose.
(() => {
  const root = document.documentElement;
  root.classList.remove("no-script");
  if (!root.dataset.bsTheme) {
    root.dataset.bsTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})();
