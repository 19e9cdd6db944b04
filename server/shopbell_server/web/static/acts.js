// What staff do with a row: take her, let go of her, serve her. The server decides, and the stream says
// what became of it.

import { say } from "./words.js";

const OUTCOMES = ["bought", "collected", "advised", "not_in_store", "no_help_wanted"];

const asking = new Map(); // of a row: what has to be answered before something is done
const waiting = new Set(); // rows of which the server was asked something

function button(visit, act, text, kind) {
  const element = document.createElement("button");
  element.type = "button";
  element.dataset.act = act;
  element.textContent = text;
  // Not `disabled`: that would take the focus from whoever pressed it by keyboard.
  if (waiting.has(visit)) element.setAttribute("aria-disabled", "true");
  if (kind) element.className = kind;
  return element;
}

function choices(row, me) {
  const make = (act, text, kind) => button(row.visit, act, text, kind);
  const question = asking.get(row.visit);
  const mine = row.taken !== null && row.taken.staff === me.staff;
  if (question === "served" && mine) {
    return [...OUTCOMES.map((each) => make(`served:${each}`, say(`outcome_${each}`))), make("back", say("back"), "plain")];
  }
  if (question === "mistake") return [make("not-this-person", say("mistake_sure"), "grave"), make("back", say("back"), "plain")];
  if (mine) {
    return [
      make("served", say("act_served"), "main"),
      make("take", say(row.taken.with_her ? "act_still" : "act_with")),
      make("handover", say("act_handover")),
      make("release", say("act_release")),
    ];
  }
  if (row.taken !== null) return me.role === "manager" ? [make("release", say("act_release"))] : [];
  if (row.served) return [];
  return [make("take", say("act_take"), "main"), make("mistake", say("act_mistake"), "plain")];
}

// Rows that may not be helped from here have no buttons: `taken` is not theirs to see.
export function acts(row, me) {
  if (row.asked === null) return null;
  const made = choices(row, me);
  if (made.length === 0) return null;
  const group = document.createElement("div");
  group.className = "acts";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", say("acts_of", { who: row.handle.words }));
  if (asking.get(row.visit) === "served") {
    const asked = document.createElement("span");
    asked.className = "asked";
    asked.textContent = say("what_came");
    group.append(asked);
  }
  group.append(...made);
  return group;
}

// Whatever else is drawn of a row depends on this too.
export function stands(visit) {
  return `${asking.get(visit) ?? ""} ${waiting.has(visit)}`;
}

export function forget(visit) {
  asking.delete(visit);
}

function key() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(visit, act, outcome) {
  const headers = { "content-type": "application/json", "Idempotency-Key": key() };
  const body = outcome === undefined ? undefined : JSON.stringify({ outcome });
  try {
    const answer = await fetch(`/v1/visits/${encodeURIComponent(visit)}/${act}`, { method: "POST", headers, body });
    if (answer.status === 401) location.assign("/board");
    return answer.ok ? "done" : answer.status === 409 ? "late" : answer.status === 404 ? "gone" : "failed";
  } catch {
    return "failed";
  }
}

// Does what a button says; `shown` draws again. Returns "done", "late", "gone" or "failed"; null: only a question.
export async function press(visit, pressed, shown) {
  if (waiting.has(visit)) return null;
  const [act, outcome] = pressed.split(":");
  if (act === "back") asking.delete(visit);
  if (act === "mistake" || (act === "served" && outcome === undefined)) asking.set(visit, act);
  if (act === "back" || (asking.has(visit) && asking.get(visit) === act && outcome === undefined)) {
    shown();
    return null;
  }
  waiting.add(visit);
  shown();
  const answered = await ask(visit, act, outcome);
  waiting.delete(visit);
  asking.delete(visit);
  shown();
  return answered;
}
