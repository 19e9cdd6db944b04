// The board: keeps the rows as the server says they are, and says so when it cannot.

import { forget, press, stands } from "./acts.js";
import { connect } from "./connection.js";
import { called, draw, grow, helping, zoneOf } from "./row.js";
import { clockOf, say } from "./words.js";

const LATE_MS = 7500; // one heartbeat and a half: something is wrong
const BLANK_MS = 15000; // names go; the handles that everybody may see stay

const list = document.getElementById("rows");
const clock = clockOf(list.dataset.language, list.dataset.timezone);
const offBoardMs = Number(list.dataset.offBoardS) * 1000;
const rows = new Map();
const me = { staff: list.dataset.staff, role: list.dataset.role };
const late = new Set(); // rows that a colleague was quicker to take
const STILL_MS = 20000; // whoever walked away from a row with the focus in it does not hold the list

let offsetMs = 0; // the server's clock, less this tablet's
let heardAt = null;
let openedAt = Date.now();
let held = false; // a finger is on the list
let waiting = false;
let usedAt = 0;

const serverNow = () => Date.now() + offsetMs;

// As the server has it (`turn`); of two that are alike whoever waits longer.
function byTurn(one, other) {
  const since = (row) => Date.parse(row.turn_since ?? row.since);
  return (one.turn ?? 3) - (other.turn ?? 3) || since(one) - since(other) || (one.visit < other.visit ? -1 : 1);
}

// Nothing moves that somebody is about to press, or has found by keyboard.
function inUse() {
  return list.contains(document.activeElement) && Date.now() - usedAt < STILL_MS;
}

// The order to show: while a row is in use those that are there stay where they are, and others come below.
function ordered() {
  const wanted = [...rows.values()].sort(byTurn);
  if (!inUse()) return wanted;
  waiting = true;
  const places = new Map([...list.children].map((item, place) => [item.dataset.visit, place]));
  const place = (row) => places.get(row.visit) ?? places.size;
  return wanted.sort((one, other) => place(one) - place(other));
}

function put(there, fresh) {
  if (there === undefined) return fresh;
  const active = document.activeElement;
  const focused = there.contains(active);
  there.replaceWith(fresh);
  if (!focused) return fresh;
  const same = fresh.querySelector(`[data-act="${active.dataset.act}"]`) ?? fresh.querySelector("[data-act]");
  // A row in which nothing can be done any more: the next Tab goes on from here.
  if (same === null) fresh.tabIndex = -1;
  (same ?? fresh).focus();
  return fresh;
}

// Redraws what differs and leaves the rest where it is, so that nothing moves without need.
function show(fresh = new Set()) {
  if (held) {
    waiting = true;
    return;
  }
  waiting = false;
  const wanted = ordered();
  const there = new Map([...list.children].map((item) => [item.dataset.visit, item]));
  for (const [visit, item] of there) if (!rows.has(visit)) item.remove();
  wanted.forEach((row, place) => {
    const text = JSON.stringify(row) + stands(row.visit);
    let item = there.get(row.visit);
    if (item === undefined || item.row !== text) {
      const drawn = draw(row, clock, me);
      drawn.row = text;
      if (fresh.has(row.visit)) drawn.classList.add("new");
      item = put(item, drawn);
    }
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  const count = rows.size;
  document.getElementById("count").textContent = say("here", { n: count });
  document.getElementById("empty").hidden = count > 0 || heardAt === null;
  grow(list, serverNow());
}

function tell(text) {
  document.getElementById("news").textContent = text;
}

function hear(name, data) {
  const wasBlank = list.classList.contains("blank");
  heardAt = Date.now();
  if (data.at !== undefined) offsetMs = Date.parse(data.at) - heardAt;
  const fresh = new Set();
  if (name === "snapshot") {
    rows.clear();
    for (const row of data.rows) rows.set(row.visit, row);
  } else if (name === "changed") {
    if (!rows.has(data.visit)) {
      fresh.add(data.visit);
      tell(say("came", { who: called(data), zone: zoneOf(data) }));
    }
    rows.set(data.visit, data);
    if (late.has(data.visit)) tellWhoWasFirst(data.visit);
  } else if (name === "gone" && rows.has(data.visit)) {
    tell(say("went", { who: called(rows.get(data.visit)) }));
    rows.delete(data.visit);
    forget(data.visit);
    late.delete(data.visit);
  }
  list.classList.remove("blank");
  state("live");
  // After a cut only a snapshot says who is here; what stood here before is not shown as if it were now.
  if (name !== "heartbeat" || wasBlank) show(fresh);
}

function state(now, text) {
  const pill = document.getElementById("state");
  if (pill.dataset.state !== now) {
    pill.dataset.state = now;
    pill.querySelector(".text").textContent = say(now);
  }
  const bar = document.getElementById("lost");
  bar.hidden = text === undefined;
  if (text !== undefined && bar.textContent !== text) bar.textContent = text;
}

// A lost connection: first say so, then hide names, then hide everybody who would be gone by now.
function look() {
  grow(list, serverNow());
  if (waiting && !held && !inUse()) show();
  const silentMs = Date.now() - (heardAt ?? openedAt);
  if (silentMs <= LATE_MS) return;
  const time = clock((heardAt ?? openedAt) + offsetMs);
  if (silentMs > Math.max(offBoardMs, BLANK_MS)) {
    rows.clear();
    show();
    document.getElementById("empty").hidden = true;
    document.getElementById("count").textContent = "";
    state("lost", say("outdated", { time }));
  } else if (silentMs > BLANK_MS) {
    blank();
    state("lost", say("blanked", { time }));
  } else {
    state("lost", say("lost_long", { time }));
  }
}

function blank() {
  if (list.classList.contains("blank")) return;
  for (const [visit, row] of rows) rows.set(visit, { ...row, first_name: null, language: null });
  held = false;
  tell("");
  show();
  list.classList.add("blank");
}

function tellWhoWasFirst(visit) {
  const row = rows.get(visit);
  if (row === undefined || row.taken === null || row.taken.staff === me.staff) return;
  late.delete(visit);
  notice(say("too_late", { who: called(row), now: helping(row, me) }));
}

function notice(text) {
  const bar = document.getElementById("notice");
  bar.textContent = text;
  bar.hidden = text === "";
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act]");
  const visit = button?.closest(".row").dataset.visit;
  if (visit === undefined) return;
  usedAt = Date.now();
  notice("");
  const answered = await press(visit, button.dataset.act, show);
  if (answered === "failed") notice(say("not_done"));
  if (answered === "late") {
    late.add(visit);
    tellWhoWasFirst(visit);
  }
  // A finger leaves the focus behind; a keyboard is still there.
  if (answered !== null && event.detail > 0) document.activeElement?.blur();
  if (waiting) show();
});

list.addEventListener("focusin", () => (usedAt = Date.now()));
list.addEventListener("keydown", () => (usedAt = Date.now()));
list.addEventListener("focusout", () => waiting && setTimeout(show, 300));

list.addEventListener("pointerdown", () => (held = true));
for (const ends of ["pointerup", "pointercancel", "pointerleave"]) {
  list.addEventListener(ends, () => {
    held = false;
    if (waiting) setTimeout(show, 300);
  });
}

// A tablet that slept shows nothing from before: its timers stood still, and so did the page.
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(look, 1000);
connect(`/v1/stores/${encodeURIComponent(list.dataset.store)}/stream`, hear);
