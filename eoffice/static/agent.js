// The token of this machine signs: our server prepares and finishes, the agent here asks the person and signs.
// The script carries messages between the two and can change none: they are signed by the server.
(() => {
  // What the person is told; `left`: tries that remain, `away`: nobody answered.
  class Told extends Error {
    constructor(text, { left = 0, away = false } = {}) { super(text); Object.assign(this, { left, away }); }
  }
  const seconds = (count) => new Promise((done) => setTimeout(done, 1000 * count));
  // How long to wait before each further try to reach the agent, which is perhaps only being started.
  const PAUSES = [1, 2, 4, 8];
  const post = (address, fields) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    return fetch(address, { method: "POST", body: data });
  };

  class Agent {
    constructor(panel) {
      this.panel = panel;
      this.words = panel.querySelector("[data-agent-words]").dataset;
      this.line = panel.querySelector("[data-agent-line]");
    }

    // In the click itself, or the browser takes it for an advertisement; it is led to the agent later.
    openWindow() { this.window = window.open("", "signing-agent", "popup,width=560,height=720"); }

    closeWindow() { if (this.window && !this.led) this.window.close(); }

    say(text) { this.line.textContent = text; this.line.hidden = !text; }

    show(path) {
      const address = `${this.panel.dataset.agent}${path}?lang=${document.documentElement.lang}`;
      this.led = true;
      if (this.window) this.window.location.href = address;
      // Nobody tells us when that window is closed: it can be opened again while it is waited for.
      const link = document.createElement("a"), { again, blocked } = this.words;
      Object.assign(link, { href: address, target: "_blank", rel: "noreferrer", textContent: this.window ? again : blocked });
      this.line.append(" ", link);
    }

    async call(path, body) {
      let answer;
      try {
        answer = await fetch(this.panel.dataset.agent + path, {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
          credentials: "omit", referrerPolicy: "no-referrer",
        });
      } catch { throw new Told(this.words.away, { away: true }); }
      const facts = await answer.json().catch(() => ({}));
      if (answer.ok) return facts;
      // words whose names are the errors' own
      const text = this.words[(facts.error ?? "").toLowerCase() + (facts.left ? "left" : "")] ?? this.words.cut;
      throw new Told(text.replace("#left", facts.left), { left: facts.left });
    }

    async ready() {
      for (const pause of PAUSES) {
        try { return await this.paired(); } catch (problem) { if (!problem.away) throw problem; }
        this.say(`${this.words.away} ${this.words.trying}`);
        await seconds(pause);
      }
      return this.paired();
    }

    async paired() {
      if (!(await this.call("/hello", {})).paired) throw new Told(this.words.notpaired);
    }

    // Until the person has answered in the agent's window.
    async ask(question, batch) {
      const asked = await this.call("/batch", question);
      this.batch = batch;
      this.say(this.words.asks);
      this.show(asked.window);
      let state = "asked";
      while (state === "asked") ({ state } = await this.call("/batch/state", { batch }));
      if (state !== "open") throw new Told(this.words[state] ?? this.words.over);
      this.say(this.words.signing);
    }

    async sign(want) { return (await this.call("/sign", want)).value; }

    // Both sides forget what is left of the batch.
    async end(csrf) {
      if (!this.batch) return;
      await this.call("/close", { batch: this.batch }).catch(() => {});
      await post(this.panel.dataset.giveUp, { csrf_token: csrf, batch: this.batch });
    }
  }

  // What our server says to one more round; a page in answer means that it refused.
  async function round(agent, form, fields) {
    const data = Object.fromEntries(new FormData(form));
    const answer = await post(form.action, { ...data, two_step: "1", ...fields });
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) return answer.json();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.querySelector("main [role=alert], main [role=status]:not(:empty), main .fault, main h1");
    throw new Told(told?.textContent.trim() || agent.words.cut);
  }

  async function signForm(form, panel, button) {
    const agent = new Agent(panel), csrf = form.elements.csrf_token.value;
    button?.setAttribute("aria-busy", "true");
    form.dataset.sent = "yes";
    agent.openWindow();
    let next = {};
    try {
      await agent.ready();
      next = await round(agent, form, {});
      agent.batch = next.batch;
      while (next.want) {
        if (next.ask) await agent.ask(next.ask, next.batch);
        next = await round(agent, form, { batch: next.batch, value: await agent.sign(next.want) });
      }
      location.assign(next.go);
    } catch (problem) {
      agent.say(problem instanceof Told ? problem.message : agent.words.cut);
      await agent.end(csrf).catch(() => {});
      delete form.dataset.sent;
      button?.removeAttribute("aria-busy");
    } finally { agent.closeWindow(); }
  }

  // Before the desk's own listener, which would let the form be sent as a whole.
  document.addEventListener("submit", (event) => {
    const form = event.target, panel = form.querySelector("[data-agent]");
    if (!panel || form.matches("[data-many]") || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    if (!form.dataset.sent) signForm(form, panel, event.submitter);
  }, true);

  // Pairing: the code is shown in the agent's window and typed here.
  const pairing = document.querySelector("form[data-agent]");
  pairing?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const agent = new Agent(pairing), field = pairing.elements.code, typed = pairing.querySelector("[data-code]");
    try {
      if (typed.hidden) {
        agent.openWindow();
        const { site, key } = pairing.dataset;
        agent.show((await agent.call("/pair", { name: site, key })).window);
        typed.hidden = false;
        field.focus();
        return;
      }
      await agent.call("/pair/code", { code: field.value });
      typed.hidden = true;
      agent.say(agent.words.paired);
    } catch (problem) {
      agent.say(problem instanceof Told ? problem.message : agent.words.cut);
      typed.hidden = !problem.left;
      if (problem.left) field.focus();
    } finally { field.value = ""; agent.closeWindow(); }
  });

  window.signingAgent = { Agent, Told };
})();
