// Signs the chosen documents one request after the other; the PIN is sent once and leaves the page with it.
(() => {
  const form = document.querySelector("form[data-many]");
  const words = form?.querySelector("[data-words]")?.dataset;
  if (!words) return;
  const $ = (selector, scope = form) => scope.querySelector(selector);
  const bodies = () => [...form.querySelectorAll("tbody[data-document]")];
  const say = (text) => { $("[data-refusal]").hidden = !text; $("[data-text]").textContent = text; };
  const post = (address, fields = {}) => {
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) data.append(name, one);
    return fetch(form.dataset.many + address, { method: "POST", body: data });
  };

  // One more round for one document: its row with the result, or what is wanted to go on.
  async function once(body, fields) {
    const answer = await post(`/${body.dataset.document}`, { seen: body.dataset.seen, ...fields });
    if (!answer.ok) throw new Error(answer.status);
    if (answer.status === 202) return answer.json();
    const made = document.createElement("template");
    made.innerHTML = `<table>${await answer.text()}</table>`;
    body.replaceWith(made.content.querySelector("tbody"));
    return { result: answer.headers.get("X-Result") };
  }

  async function signOne(body, how) {
    $("[data-state]", body).textContent = words.now;
    const fields = how.batch ? { two_step: "1", batch: how.batch } : {};
    let next = await once(body, fields);
    while (next.want) next = await once(body, { ...fields, value: await how.agent.sign(next.want) });
    return next.result;
  }

  // All are prepared, then the service signs them with one PIN, then each is finished by signOne.
  async function authorise(chosen, batch, pin) {
    let ready = 0;
    for (const body of chosen) {
      $("[data-state]", body).textContent = words.prepared;
      const { result } = await once(body, { two_step: "1", batch });
      if (!result) ready += 1;
    }
    return ready ? post("/authorise", { batch, pin }) : null;
  }

  async function signAll(chosen, how) {
    const line = $("[data-line]"), bar = $("progress");
    const count = { done: 0, refused: 0, all: chosen.length };
    const show = () => {
      bar.value = count.done; bar.max = count.all;
      line.textContent = line.dataset.line.replace(/#(\w+)/g, (_found, name) => count[name]);
    };
    $("[data-progress]").hidden = false;
    for (const body of bodies()) {
      if (!chosen.includes(body)) body.hidden = true;
      else if ($("[data-state]", body)) $("[data-state]", body).textContent = words.turn;
      $("input[type=checkbox]", body)?.toggleAttribute("disabled", true);
    }
    show();
    for (const body of chosen) {
      let result = "refused"; // one that could not even be prepared shows why already
      const state = $("[data-state]", body);
      if (state) try { result = await signOne(body, how); } catch { state.textContent = words.cut; }
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
    const again = (text) => { say(text); button.disabled = false; pin?.focus(); };
    const panel = $("[data-agent]"), agent = panel && new signingAgent.Agent(panel);
    const secret = pin?.value ?? "";
    if (pin) pin.value = "";
    agent?.openWindow();
    try {
      await agent?.ready();
      const remote = "remote" in form.dataset, ids = chosen.map((body) => body.dataset.document);
      const opened = await post("/open", remote ? {} : { pin: secret, document: ids });
      if (!opened.ok) { again(await opened.text()); return; }
      const how = opened.status === 204 ? {} : { ...await opened.json(), agent };
      if (how.ask) await agent.ask(how.ask, how.batch);
      if (remote) {
        const authorised = await authorise(chosen, how.batch, secret);
        if (authorised && !authorised.ok) { again(await authorised.text()); return; }
      }
      pin?.closest("div").setAttribute("hidden", "");
      await signAll(chosen.map((body) => $(`tbody[data-document="${body.dataset.document}"]`)), how);
      agent?.say("");
      await agent?.end(form.elements.csrf_token.value);
      if (!how.batch) await post("/close");
    } catch (problem) {
      if (agent) { agent.closeWindow(); await agent.end(form.elements.csrf_token.value).catch(() => {}); }
      again(problem instanceof signingAgent.Told ? problem.message : words.cut);
    }
  });
})();
