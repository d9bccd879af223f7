// Before the first paint: says that scripts run, and takes the system's colours when the person chose none.
(() => {
  const root = document.documentElement;
  root.classList.remove("no-script");
  if (!root.dataset.bsTheme) {
    root.dataset.bsTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})();
