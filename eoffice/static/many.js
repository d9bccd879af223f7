// Signs the chosen documents one request after the other; the PIN is sent once and leaves the page with it.
(() => {
  const form = document.querySelector("form[data-many]");
  // The reading room notes which draft was opened on this machine; the list says which were not.
  const page = document.querySelector("form[data-read]");
  if (page) localStorage.setItem(`read ${page.dataset.read}`, "1");
  const words = form?.querySelector("[data-words]")?.dataset;
  if (!words) return;
  const $ = (selector, scope = form) => scope.querySelector(selector);
  const bodies = () => [...form.querySelectorAll("tbody[data-document]")];
  const say = (text) => { $("[data-refusal]").hidden = !text; $("[data-text]").textContent = text; };
  const post = (address, fields = {}) => {
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return fetch(form.dataset.many + address, { method: "POST", body: data });
  };

  for (const body of bodies()) {
    if ($("input", body) && !localStorage.getItem(`read ${body.dataset.seen}`)) {
      const mark = document.createElement("b");
      mark.className = "due soon";
      mark.textContent = `${words.unread} · `;
      $("a", body).before(mark);
    }
  }

  async function signOne(body) {
    $("[data-state]", body).textContent = words.now;
    const answer = await post(`/${body.dataset.document}`, { seen: body.dataset.seen });
    if (!answer.ok) throw new Error(answer.status);
    const made = document.createElement("template");
    made.innerHTML = `<table>${await answer.text()}</table>`;
    body.replaceWith(made.content.querySelector("tbody"));
    return answer.headers.get("X-Result");
  }

  async function signAll(chosen) {
    const line = $("[data-line]"), bar = $("progress");
    const count = { done: 0, refused: 0, all: chosen.length };
    const show = () => {
      bar.value = count.done; bar.max = count.all;
      line.textContent = line.dataset.line.replace(/#(\w+)/g, (_found, name) => count[name]);
    };
    $("[data-progress]").hidden = false;
    for (const body of bodies()) {
      if (chosen.includes(body)) $("[data-state]", body).textContent = words.turn; else body.hidden = true;
      $("input[type=checkbox]", body)?.toggleAttribute("disabled", true);
    }
    show();
    for (const body of chosen) {
      let result = "refused";
      try { result = await signOne(body); } catch { $("[data-state]", body).textContent = words.cut; }
      if (result === "closed") { say($("tbody[data-document] .message .words")?.textContent ?? words.cut); break; }
      count.done += 1;
      if (result !== "signed") count.refused += 1;
      show();
    }
    $("[data-stay]").hidden = true;
  }

  // Before the desk's own listener, which would let the form be sent as a whole.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const chosen = bodies().filter((body) => $("input[type=checkbox]:checked", body));
    if (!chosen.length) { say(words.none); return; }
    const button = $("button[type=submit]"), pin = form.elements.pin;
    button.disabled = true;
    say("");
    try {
      const opened = await post("/open", { pin: pin.value });
      pin.value = "";
      if (!opened.ok) { say(await opened.text()); button.disabled = false; pin.focus(); return; }
      pin.closest("div").hidden = true;
      await signAll(chosen);
      await post("/close");
    } catch { say(words.cut); }
  });
})();
