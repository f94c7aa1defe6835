"use strict";
// Whatever the server sends is text of others: it is set with textContent and
// never as markup. The page's policy (Trusted Types) would refuse markup anyway.
(() => {
  const every = 1000; // ms between two looks at the server
  const patience = 5000; // ms until an answer counts as missing
  const lingering = 10000; // ms for which an ended request stays in view

  const at = (id) => document.getElementById(id);
  const list = at("requests"), person = at("person"), trouble = at("trouble");
  const cards = new Map(); // request id to {element, ends, state, endedAt}
  let generation = 0; // of the chosen person: answers for the former are dropped
  let timer = 0;

  const announce = (text) => { at("announce").textContent = text; };
  const pending = () => [...cards.values()].filter((c) => c.state !== "ended");

  function clock(ms) {
    const s = Math.max(0, Math.ceil(ms / 1000));
    return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  }

  function fill(root, selector, text) {
    const element = root.querySelector(selector);
    element.textContent = text;
    element.hidden = text === "";
    return element;
  }

  // Text of others stays in its own reading direction (Unicode UAX #9, FSI and PDI).
  const apart = (text) => "\u2068" + text + "\u2069";

  function add(r) {
    const element = at("card").content.firstElementChild.cloneNode(true);
    const asks = r.purpose ? "asks " + apart(r.purpose) : "asks for your approval";
    const card = { element, ends: performance.now() + r.left_ms, state: "open", endedAt: 0 };
    element.dataset.id = r.id;
    fill(element, ".person", r.person);
    fill(element, ".asker", r.asker);
    fill(element, ".asks", asks);
    fill(element, ".code", r.code).classList.toggle("long", r.code.length > 12);
    // Without a label in the message, the client here is not the one who asks.
    fill(element, ".instruction", "Approve only if " + (r.through ? apart(r.asker) + " shows you this code" : "whoever asks you shows this code"));
    fill(element, ".advice", r.code ? "You did not expect this, or the code differs? Decline." : "You did not expect this? Decline.");
    element.querySelector(".compare").hidden = r.code === "";
    fill(element, ".message", r.message);
    fill(element, ".through bdi", r.through);
    element.querySelector(".through").hidden = r.through === "";
    fill(element, ".reads dd", r.reads);
    element.querySelector(".reads").hidden = r.reads === "";
    for (const [name, decision] of [["decline", "deny"], ["approve", "approve"]]) {
      const button = element.querySelector("." + name);
      // A list of buttons called "Approve" says nothing to a screen reader.
      button.setAttribute("aria-label", button.textContent + ": " + r.asker + (r.code ? ", code " + r.code : ""));
      button.addEventListener("click", () => decide(r.id, decision));
    }
    cards.set(r.id, card);
    list.append(element); // at the end: nothing moves under a finger
    announce("New request for " + r.person + ". " + r.asker + " " + asks + ". " + (r.code ? "Code " + r.code + "." : r.message));
  }

  function end(card, text) {
    card.state = "ended";
    card.endedAt = performance.now();
    card.element.classList.add("ended");
    for (const b of card.element.querySelectorAll("button")) b.disabled = true;
    fill(card.element, ".outcome", text);
    fill(card.element, ".left", "–");
    announce(text);
  }

  async function decide(id, decision) {
    const card = cards.get(id);
    if (!card || card.state !== "open") return;
    card.state = "sent";
    const buttons = card.element.querySelectorAll("button");
    for (const b of buttons) b.disabled = true;
    let problem = "The identity provider does not answer. Try again.";
    try {
      const answer = await fetch("/approvals/" + encodeURIComponent(id), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ decision }),
        signal: AbortSignal.timeout(patience),
      });
      if (answer.ok) {
        end(card, decision === "approve" ? "You approved this request." : "You declined this request.");
        at("main").focus({ preventScroll: true });
        restart(); // and drop an answer from before the decision
        return;
      }
      if (answer.status === 404 || answer.status === 409 || answer.status === 410) {
        end(card, answer.status === 409 ? "This request was decided elsewhere." : "The time for this request is up.");
        return;
      }
      problem = "The identity provider did not take the decision. Try again.";
    } catch { /* the network; the sentence above fits */ }
    card.state = "open";
    for (const b of buttons) b.disabled = false;
    fill(card.element, ".outcome", problem);
    announce(problem);
  }

  function show(state) {
    const seen = new Set();
    for (const r of state.requests) {
      seen.add(r.id);
      const card = cards.get(r.id);
      if (card) card.ends = performance.now() + r.left_ms;
      else add(r);
    }
    for (const [id, card] of cards) {
      if (card.state === "open" && !seen.has(id)) {
        const up = card.ends - performance.now() < every;
        end(card, up ? "The time for this request is up." : "This request was decided elsewhere.");
      }
    }
    const more = at("more");
    more.hidden = state.more === 0;
    more.textContent = state.more + " more are waiting; they appear as these are decided.";
  }

  // Ended requests go only from the end of the list, where nothing moves up.
  function tidy() {
    const now = performance.now();
    for (let last = list.lastElementChild; last; last = list.lastElementChild) {
      const card = cards.get(last.dataset.id);
      if (card.state !== "ended" || now - card.endedAt < lingering) break;
      last.remove();
      cards.delete(last.dataset.id);
    }
    const open = pending();
    for (const card of open) fill(card.element, ".left", clock(card.ends - now));
    at("empty").hidden = cards.size > 0 || !trouble.hidden;
    const title = "Phone · for development";
    document.title = open.length ? "(" + open.length + ") " + title : title;
  }

  async function refresh() {
    const mine = generation;
    try {
      const answer = await fetch("/phone.json?person=" + encodeURIComponent(person.value), {
        cache: "no-store", signal: AbortSignal.timeout(patience),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      if (mine !== generation) return;
      trouble.hidden = true;
      show(state);
    } catch {
      if (mine !== generation) return;
      if (trouble.hidden) trouble.textContent = "The identity provider does not answer. This page keeps trying.";
      trouble.hidden = false;
    }
    tidy();
    refreshSoon(every);
  }

  function refreshSoon(ms) {
    clearTimeout(timer);
    timer = setTimeout(refresh, ms);
  }

  function restart() {
    generation++;
    refreshSoon(0);
  }

  person.addEventListener("change", () => {
    cards.clear();
    list.replaceChildren();
    history.replaceState(null, "", person.value ? "/?person=" + encodeURIComponent(person.value) : "/");
    restart();
  });
  // Browsers slow the timers of hidden pages; look at once when it is seen again.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) restart(); });
  restart();
})();
