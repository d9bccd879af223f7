// File fields: size and kind are said before anything is sent; files may be dropped.
window.eofficeUpload ??= (() => {
  const $ = (selector, scope = document) => scope.querySelector(selector);

  function check(field) {
    const wanted = field.accept.split(",").map((kind) => kind.trim().toLowerCase()).filter((kind) => kind.startsWith("."));
    const limit = Number(field.dataset.limitMb || 0) * 1024 * 1024;
    const files = [...field.files];
    const large = limit && files.find((file) => file.size > limit);
    const wrong = wanted.length && files.find((file) => !wanted.some((kind) => file.name.toLowerCase().endsWith(kind)));
    const fault = large ? `${large.name}: ${field.dataset.tooLarge}` : wrong ? `${wrong.name}: ${field.dataset.wrongKind}` : "";
    field.setCustomValidity(fault);
    const size = (bytes) => `${(bytes / 1024 / (bytes < 1048576 ? 1 : 1024)).toLocaleString("vi", { maximumFractionDigits: 1 })} ${bytes < 1048576 ? "kB" : "MB"}`;
    $(`#${CSS.escape(field.id)}-files`).textContent = fault || files.map((file) => `${file.name} (${size(file.size)})`).join(", ");
  }
  document.addEventListener("change", (event) => { if (event.target.matches("[data-drop] input[type=file]")) check(event.target); });
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    const field = $("input[type=file]", drop);
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return true;
})();
