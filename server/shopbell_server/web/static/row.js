// One row of the board. Everything that came from outside is set as text, never as markup.

import { acts } from "./acts.js";
import { age, say, spoken } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
  circle: ["circle", { cx: 50, cy: 50, r: 42 }, 62],
  square: ["rect", { x: 11, y: 11, width: 78, height: 78, rx: 6 }, 62],
  diamond: ["path", { d: "M50 6 94 50 50 94 6 50Z" }, 62],
  triangle: ["path", { d: "M50 9 95 89H5Z" }, 78],
  star: ["path", { d: "M50 5 63 33 94 37 71 59 77 91 50 75 23 91 29 59 6 37 37 33Z" }, 64],
};

const SIGNS = {
  hint: "M9.100 9a3 3 0 1 1 4.200 3.200c-.9.5-1.300 1-1.300 2M12 18h.01",
  signal: "M8.500 15.500a5 5 0 0 1 0-7M15.500 8.500a5 5 0 0 1 0 7M5.600 18.400a9 9 0 0 1 0-12.800M18.400 5.600a9 9 0 0 1 0 12.800M12 12h.01",
  pass: "M4.500 12.500 10 18 20 6.500",
  place: "M12 21c-4-4.600-6.500-8-6.500-11a6.500 6.500 0 0 1 13 0c0 3-2.500 6.400-6.500 11ZM12 12.400a2.400 2.400 0 1 0 0-4.800 2.400 2.400 0 0 0 0 4.800Z",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.500 2",
  words: "M4 5h16v11H10l-4.500 4v-4H4Z",
  hand: "M8 13V5.500a1.500 1.500 0 0 1 3 0V11m0-6.500a1.500 1.500 0 0 1 3 0V11m0-4.500a1.500 1.500 0 0 1 3 0V14a7 7 0 0 1-7 7c-3 0-4-1.500-6.500-5.500a1.600 1.600 0 0 1 2.500-2L8 15",
  door: "M13 4h6v16h-6M4 12h10M10.500 8.500 14 12l-3.500 3.500",
};

const SIGN_OF = { hint: "hint", signal: "signal", fresh: "signal", pass: "pass", confirmed: "pass" };

function html(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function sign(name) {
  const drawing = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  drawing.append(svg("path", { d: SIGNS[name] }));
  return drawing;
}

function token(handle) {
  const [tag, attributes, baseline] = SHAPES[handle.shape];
  const drawing = svg("svg", { viewBox: "0 0 100 100", class: "token", "data-colour": handle.colour, "aria-hidden": "true" });
  drawing.append(svg(tag, { ...attributes, class: "shape" }));
  const number = svg("text", { x: 50, y: baseline });
  number.textContent = handle.number;
  drawing.append(number);
  return drawing;
}

function fact(name, ...parts) {
  const element = html("span", `fact ${name}`);
  element.append(sign({ zone: "place", since: "clock", language: "words", left: "door", reason: "pass", help: "hand" }[name]), ...parts);
  return element;
}

function named(row) {
  const name = html("p", "name");
  if (row.first_name === null) {
    name.append(html("span", "alone", row.handle.words));
  } else {
    // A name may be written in the other direction; it must not turn the line around it.
    name.append(html("bdi", "", row.first_name), " ", html("span", "handle", row.handle.words));
  }
  return name;
}

// Why she may want help, by what other channels said of her.
function reason(row, clock) {
  const text = html("span", "", row.reason_word);
  if (row.reason !== null) text.append(": ", html("bdi", "", row.reason));
  if (row.reason_due !== null) text.append(`, ${clock(Date.parse(row.reason_due))}`);
  return fact("reason", text);
}

// What a row is called when it is read out.
export function called(row) {
  return row.first_name ?? row.handle.words;
}

export function zoneOf(row) {
  return row.zone === null ? say("zone_unknown") : row.zone.name;
}

// Who helps her, in words: null where nothing is to be said of it.
export function helping(row, me) {
  if (row.taken !== null) {
    const mine = row.taken.staff === me.staff;
    const by = row.taken.name ?? say("a_colleague");
    return say(`${row.taken.with_her ? "with" : "taken"}_by${mine ? "_me" : ""}`, { by });
  }
  if (row.asked) return say("asks");
  return row.served ? say("was_served") : null;
}

export function draw(row, clock, me) {
  const item = html("li", "row");
  item.dataset.visit = row.visit;
  item.dataset.place = row.place;
  item.dataset.help = row.taken !== null ? "taken" : row.asked ? "asked" : row.served ? "served" : "";
  const left = row.place === "left_maybe";

  const badge = html("span", "badge");
  badge.dataset.evidence = row.evidence;
  badge.dataset.place = row.place;
  badge.append(sign(left ? "door" : SIGN_OF[row.evidence]), html("span", "", left ? say("left_maybe") : row.word));

  const since = Date.parse(row.since);
  const old = html("span", "age");
  old.dataset.since = since;
  const facts = html("p", "facts");
  facts.append(fact("zone", html("span", "", zoneOf(row))));
  if (left) {
    facts.append(fact("left", html("span", "", say("left_since", { time: clock(Date.parse(row.unseen_since)) }))));
  } else {
    facts.append(fact("since", html("span", "", say("since", { time: clock(since) })), old));
  }
  if (row.deaf_since !== null) facts.append(fact("since", html("span", "", say("deaf_since", { time: clock(Date.parse(row.deaf_since)) }))));
  if (row.reason_kind !== null) facts.append(reason(row, clock));
  // Only what is out of the ordinary is worth a glance.
  if (row.language !== null && !row.language.toLowerCase().startsWith(document.documentElement.lang)) facts.append(fact("language", html("span", "", spoken(row.language))));

  const helps = helping(row, me);
  if (helps !== null) facts.prepend(fact("help", html("span", "", helps)));
  const buttons = acts(row, me);
  if (buttons !== null) item.classList.add("acting");

  item.append(token(row.handle), named(row), html("p", "how", row.recognised), facts, badge);
  if (buttons !== null) item.append(buttons);
  return item;
}

export function grow(list, now) {
  for (const old of list.querySelectorAll(".age")) {
    const text = `· ${age(now - Number(old.dataset.since))}`;
    if (old.textContent !== text) old.textContent = text;
  }
}
