// Over plain HTML: makes a working page quicker, nothing depends on it.
(() => {
  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const on = (name, act) => document.addEventListener(name, act);
  const words = () => $("#words")?.dataset ?? {};
  const say = (text) => { const live = $("#live"); if (live && text) live.textContent = text; };
  const make = (name) => document.createElement(name);
  const tab = sessionStorage;
  const shown = (element) => element.getClientRects().length > 0;

  // --- Keys: data-key is "/", "r", "g i", "Enter", "Ctrl+S"; rows have data-row
  const rows = () => $$("[data-row]").filter(shown);
  const current = () => $("[data-row].current");
  const previewed = (row) => row.hasAttribute("hx-get") && $("#preview") && shown($("#preview"));
  let pending = "";

  function choose(row) {
    if (!row) return;
    for (const other of $$("[data-row].current")) { other.classList.remove("current"); other.removeAttribute("aria-current"); }
    row.classList.add("current");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
    if (previewed(row)) window.htmx?.trigger(row, "preview");
  }
  function step(by) {
    const all = rows();
    choose(all[Math.min(Math.max(all.indexOf(current()) + by, 0), all.length - 1)]);
  }
  function open(row = current()) { if (row?.dataset.row) location.assign(row.dataset.row); }
  function act(element) {
    if (element.matches("input:not([type=checkbox]), textarea, select")) { element.focus(); element.select?.(); }
    else element.click();
  }
  const bound = (key) => {
    const all = $$("[data-key]").filter((element) => element.dataset.key === key);
    return all.find(shown) ?? (key.startsWith("g ") && all[0]);
  };

  on("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      const save = $("[data-key='Ctrl+S']", typing?.form ?? undefined) ?? bound("Ctrl+S");
      if (save) { event.preventDefault(); act(save); }
      return;
    }
    if (event.ctrlKey || event.metaKey || $("dialog[open]")) return;
    if (typing) { if (event.key === "Escape") event.target.blur(); return; }
    const key = pending ? `${pending} ${event.key}` : event.key;
    pending = "";
    if (key === "g") { pending = "g"; setTimeout(() => pending = "", 1500); return; }
    const element = bound(key);
    const onControl = event.target.closest("a, button, summary, input");
    if (key === "Enter" && onControl) return;
    if (element) { event.preventDefault(); act(element); return; }
    const deeds = { j: () => step(1), k: () => step(-1), o: () => open(), Enter: () => open(),
      x: () => $("input[type=checkbox]", current() ?? make("i"))?.click() };
    if (deeds[key] && rows().length) { event.preventDefault(); deeds[key](); }
  });

  function named(element) {
    const copy = element.cloneNode(true);
    $$("kbd", copy).forEach((cap) => cap.remove());
    return copy.textContent.trim();
  }
  function showKeys() {
    const list = $("#keys dl");
    const pairs = $$("[data-key]").map((element) => [element.dataset.key,
      element.getAttribute("aria-label") || element.title || named(element)]);
    if (rows().length) pairs.push(["j k", words().down], ["o", words().open]);
    list.replaceChildren(...pairs.flatMap(([key, text]) => {
      const term = make("dt"), meaning = make("dd"), cap = make("kbd");
      cap.textContent = key; term.append(cap); meaning.textContent = text; return [term, meaning];
    }));
    $("#keys").showModal();
  }

  on("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (hit("[data-show-keys]")) showKeys();
    else if (hit("[data-back]")) history.back();
    else if (hit("[data-forget]")) { tab.removeItem(draftKey(event.target.form)); location = location.href; }
    else if (hit("[data-theme-switch]")) {
      const root = document.documentElement.dataset, theme = root.bsTheme === "dark" ? "light" : "dark";
      root.bsTheme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    } else if (hit("[data-reveal]")) {
      const button = hit("[data-reveal]"), field = document.getElementById(button.dataset.reveal);
      field.type = field.type === "password" ? "text" : "password";
      button.setAttribute("aria-pressed", field.type === "text");
    } else if (hit("[data-phrase]")) {
      const field = document.getElementById(hit("[data-phrase]").dataset.phrase);
      field.value = `${field.value} ${hit("[data-phrase]").textContent}`.trim();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    } else if (hit("[data-row]") && !hit("a, button, input, label, summary")) {
      if (previewed(hit("[data-row]"))) choose(hit("[data-row]"));
      else open(hit("[data-row]"));
    }
  });
  on("change", (event) => {
    const all = event.target.closest("[data-check-all]");
    if (all) for (const box of $$("tbody input[type=checkbox]", all.closest("table"))) box.checked = all.checked;
  });

  // --- Forms: nothing typed is lost, or sent twice
  for (const cut of ["htmx:sendError", "htmx:timeout"]) on(cut, () => say(words().lost));

  // One draft for each person and thing.
  const person = document.body.dataset.person || "";
  const about = (form) => ["source", "reply_to", "replaces", "corrects"].map((name) => form.elements[name]?.value || "").join(" ");
  let here = location.pathname;
  const draftKey = (form) => `draft ${here} ${person} ${form.id || form.getAttribute("action") || ""} ${about(form)}`;
  const kept = (form) => $$("input, textarea, select", form).filter((field) => field.name && field.name !== "csrf_token"
    && !["password", "file"].includes(field.type) && !field.closest("[data-no-draft]"));
  // Rows may go.
  const mark = (field) => field.name + $$(`[name="${field.name}"]`, field.form).indexOf(field);
  const value = (field) => ["checkbox", "radio"].includes(field.type) ? field.checked : field.value;
  const untouched = (field) => field.type === "hidden" ? "" : field.options
    ? ($("[selected]", field) || field.options[0])?.value
    : typeof value(field) === "boolean" ? field.defaultChecked : field.defaultValue;
  const drafted = "form[data-draft]";
  function restore(form) {
    const values = JSON.parse(tab.getItem(draftKey(form)));
    if (!values || $("[aria-invalid=true]", form)) return;
    let changed = false;
    kept(form).forEach((field) => {
      const old = values[mark(field)];
      if (old === undefined) return;
      changed ||= value(field) !== old;
      field[typeof old === "boolean" ? "checked" : "value"] = old;
    });
    if (!changed || $(".restored", form)) return;
    form.prepend($("#words").content.cloneNode(true));
    say($(".restored", form).firstChild.data);
  }
  on("input", (event) => {
    const form = event.target.form;
    if (!form?.matches(drafted)) return;
    const values = JSON.parse(tab.getItem(draftKey(form)) || "{}");
    kept(form).forEach((field) => {
      const name = mark(field);
      if (name in values || value(field) !== untouched(field)) values[name] = value(field);
    });
    tab.setItem(draftKey(form), JSON.stringify(values));
  });
  on("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post]") || event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    // Once the form is read: a disabled button is not sent.
    setTimeout(() => event.submitter?.setAttribute("aria-busy", "true"));
    if (form.matches(drafted)) tab.setItem("sent", draftKey(form));
  });
  // A draft has done its work when the answer says so, or leads on without an error.
  const sent = tab.getItem("sent"), at = `draft ${here} `, refused = $("[aria-invalid=true], .fault");
  const [way] = performance.getEntriesByType("navigation");
  if (sent && person && ($("#flashes .say-ok") || way.redirectCount && !refused && !sent.startsWith(at)))
    for (const key of [sent, sent.replace(/^draft \S+ /, at)]) tab.removeItem(key);
  // A refused form comes back elsewhere; its draft stays.
  else if (sent && refused) here = sent.split(" ")[1];
  tab.removeItem("sent");
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of $$("form[data-sent]")) {
      delete form.dataset.sent;
      $$("[aria-busy]", form).forEach((button) => button.removeAttribute("aria-busy"));
    }
  });
  on("htmx:load", () => $$(drafted).forEach(restore));
})();
