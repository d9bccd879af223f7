// Fields that need more than HTML: files checked before anything is sent, and type-ahead. Loaded by those fields.
window.eofficeFields ??= (() => {
  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => [...scope.querySelectorAll(selector)];

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

  // --- Type-ahead
  function choose(box, value) {
    const chosen = $("input[type=hidden]", box);
    chosen.value = value;
    // so that it is kept like what is typed; the field itself would look it up again
    chosen.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function take(option) {
    const box = option.closest("[data-typeahead]"), field = $("[role=combobox]", box);
    field.value = option.dataset.text;
    choose(box, option.dataset.value);
    close(field);
    field.focus();
    // the members of a group are the server's to name
    field.dispatchEvent(new CustomEvent(option.dataset.value.startsWith("g") ? "group" : "chosen", { bubbles: true, detail: option.dataset }));
  }
  function close(field) {
    document.getElementById(field.getAttribute("aria-controls")).replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-typeahead] [role=combobox]");
    if (!field) return;
    const options = $$("[role=option]", field.closest("[data-typeahead]"));
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (["ArrowDown", "ArrowUp"].includes(event.key) && options.length) {
      event.preventDefault();
      const next = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === next)));
      options[next].scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", options[next].id);
    } else if (event.key === "Enter" && at >= 0) { event.preventDefault(); take(options[at]); }
    else if (event.key === "Escape") close(field);
  }, true);
  document.addEventListener("htmx:configRequest", (event) => {
    const field = event.detail.elt;
    if (!field.matches("[data-typeahead] [role=combobox]")) return;
    event.detail.formData.delete(field.name);
    event.detail.formData.set("q", field.value);
    choose(field.parentElement, "");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const list = event.detail.target;
    const field = list.id && $(`[aria-controls="${list.id}"]`);
    if (field) field.setAttribute("aria-expanded", String(list.children.length > 0));
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest("[data-typeahead] [role=option]");
    if (option) take(option);
  });
  return true;
})();
