// Draws what a report counts day by day; its sums stand in a table for whoever does not see the drawing.
(() => {
  const drawn = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // A day is a day wherever the browser stands: midnight in UTC, shown in UTC.
  const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => `${two(at.getUTCDate())}/${two(at.getUTCMonth() + 1)}`;
  const whole = (at) => `${day(at)}/${at.getUTCFullYear()}`;
  const numbers = new Intl.NumberFormat(document.documentElement.lang);

  function draw(place) {
    const { days, came, went, words } = Object.fromEntries(
      Object.entries(place.dataset).filter(([, value]) => value).map(([name, value]) => [name, JSON.parse(value)]));
    const axis = { stroke: colour("--ink-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") },
      font: `12px ${getComputedStyle(place).fontFamily}` };
    const line = (label, stroke) => ({
      label, stroke, width: 2, points: { show: days.length < 40, size: 6 }, value: (_, number) => number === null ? "-" : numbers.format(number),
    });
    drawn.get(place)?.destroy();
    drawn.set(place, new uPlot({
      width: Math.max(place.clientWidth, 240), height: 240, tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
      scales: { y: { range: (_, least, most) => [0, Math.max(most * 1.1, 4)] } },
      series: [
        { label: words[0], value: (_, at) => at === null ? "-" : whole(new Date(at * 1e3)) },
        line(words[1], colour("--accent")), line(words[2], colour("--warn")),
      ],
      axes: [
        { ...axis, space: 60, incrs: [1, 2, 7, 14, 28, 91, 182, 365].map((count) => count * 86400),
          values: (_, found) => found.map((at) => day(new Date(at * 1e3))) },
        { ...axis, size: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5],
          values: (_, found) => found.map((number) => numbers.format(number)) },
      ],
    }, [days.map(seconds), came, went], place));
  }

  function all() {
    for (const place of drawn.keys()) if (!place.isConnected) { drawn.get(place).destroy(); drawn.delete(place); }
    for (const place of document.querySelectorAll("[data-chart]")) if (!drawn.has(place)) { draw(place); width.observe(place); }
  }
  const width = new ResizeObserver((changed) => {
    for (const { target } of changed) drawn.get(target)?.setSize({ width: Math.max(target.clientWidth, 240), height: 240 });
  });

  new MutationObserver(() => [...drawn.keys()].forEach(draw))
    .observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  document.addEventListener("htmx:load", all);
  all();
})();
