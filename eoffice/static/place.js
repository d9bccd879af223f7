// Puts a box on the page where a signature or the number line will stand: dragged on the page, or by the numbers beside
// it. The number line stays on its page: whoever may not choose one has no field for it to be seen.
(() => {
  const place = document.querySelector("details[data-place]");
  const viewer = document.querySelector("[data-viewer]");
  if (!place || !viewer) return;
  const MM = 72 / 25.4, SVG = "http://www.w3.org/2000/svg";
  const input = (name) => place.querySelector(`[name="${name}"]`);
  const value = (name) => Number(input(name).value.replace(",", ".")) * (name === "page" ? 1 : MM);
  const elsewhere = (sheet) => input("page").type === "hidden" && sheet.dataset.sheet !== input("page").value;
  const write = (name, points) => { input(name).value = name === "page" ? points : Math.max(0, points / MM).toFixed(1); };
  const box = document.createElementNS(SVG, "g");
  box.classList.add("placing");
  box.append(document.createElementNS(SVG, "rect"));

  function drawing(sheet) {
    let svg = sheet.querySelector("svg.marks");
    if (!svg) {
      const image = sheet.querySelector("img");
      svg = document.createElementNS(SVG, "svg");
      svg.classList.add("marks");
      svg.setAttribute("viewBox", `0 0 ${image.getAttribute("width")} ${image.getAttribute("height")}`);
      svg.setAttribute("aria-hidden", "true");
      sheet.append(svg);
    }
    return svg;
  }
  function draw() {
    viewer.classList.toggle("placing-on", place.open);
    const sheet = viewer.querySelector(`[data-sheet="${input("page").value}"]`);
    if (!place.open || !sheet) { box.remove(); return; }
    const sides = { x: "left", y: "top", width: "width", height: "height" };
    for (const [side, name] of Object.entries(sides)) box.firstChild.setAttribute(side, value(name));
    drawing(sheet).append(box);
  }
  // The point under the pointer, in points from the left and top edge of the page.
  function point(sheet, event) {
    const view = drawing(sheet).viewBox.baseVal, area = sheet.querySelector("img").getBoundingClientRect();
    return { x: (event.clientX - area.left) / area.width * view.width, y: (event.clientY - area.top) / area.height * view.height, view };
  }
  function centre(sheet, event, grip) {
    const at = point(sheet, event);
    const within = (wanted, room) => Math.min(Math.max(0, wanted), Math.max(0, room));
    write("page", sheet.dataset.sheet);
    write("left", within(at.x - grip.x, at.view.width - value("width")));
    write("top", within(at.y - grip.y, at.view.height - value("height")));
    draw();
  }

  let held = null;
  viewer.addEventListener("pointerdown", (event) => {
    const sheet = event.target.closest(".sheet");
    if (!place.open || !sheet || event.button || elsewhere(sheet)) return;
    event.preventDefault();
    const at = point(sheet, event), x = at.x - value("left"), y = at.y - value("top");
    const inside = sheet.dataset.sheet === input("page").value && x >= 0 && y >= 0 && x <= value("width") && y <= value("height");
    held = { sheet, grip: inside ? { x, y } : { x: value("width") / 2, y: value("height") / 2 } };
    sheet.setPointerCapture(event.pointerId);
    centre(sheet, event, held.grip);
  });
  viewer.addEventListener("pointermove", (event) => { if (held) centre(held.sheet, event, held.grip); });
  for (const end of ["pointerup", "pointercancel"]) viewer.addEventListener(end, () => { held = null; });
  place.addEventListener("toggle", draw);
  place.addEventListener("input", draw);
  draw();
})();
