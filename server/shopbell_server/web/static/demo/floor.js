// The shop from above: metres are the units, the street is at the bottom.

import { say, svg } from "./words.js";

const root = document.getElementById("floor");
const people = new Map();
const scanners = new Map();
let layer = null;
let strangers = null;

function build(floor, heard) {
  const { width_m: width, depth_m: depth, street_m: street } = floor;
  root.setAttribute("viewBox", `-1.2 -0.6 ${width + 2.4} ${depth + street + 0.6}`);
  root.append(svg("rect", { class: "street", x: -1.2, y: depth, width: width + 2.4, height: street }));
  root.append(svg("text", { class: "street-name", x: width - 0.2, y: depth + street - 0.6, "text-anchor": "end" }, say("street")));
  root.append(svg("rect", { class: "room", x: 0, y: 0, width, height: depth }));
  for (const zone of floor.zones) {
    root.append(svg("polygon", { class: `zone zone-${zone.id}`, points: zone.outline.map((corner) => corner.join(",")).join(" ") }));
  }
  for (const [x, y, shelf, deep] of floor.shelves) {
    root.append(svg("rect", { class: "shelf", x, y, width: shelf, height: deep, rx: 0.15 }));
    for (let line = 1; line < 6; line += 1) {
      const at = y + (deep * line) / 6;
      root.append(svg("line", { class: "board-line", x1: x, x2: x + shelf, y1: at, y2: at }));
    }
  }
  const [doorX] = floor.door;
  const wall = `M${doorX - 1} ${depth}H0V0H${width}V${depth}H${doorX + 1}`;
  root.append(svg("path", { class: "wall", d: wall }));
  root.append(svg("text", { class: "place-name", x: doorX, y: depth + 0.75, "text-anchor": "middle" }, say("door")));
  const [tillX, tillY] = floor.till;
  root.append(svg("rect", { class: "till", x: tillX - 1.5, y: tillY + 0.5, width: 3, height: 0.7, rx: 0.2 }));
  root.append(svg("text", { class: "till-name", x: tillX, y: tillY + 1.02, "text-anchor": "middle" }, say("till")));
  for (const zone of floor.zones) {
    const [x, y] = labelPlace(zone);
    root.append(svg("text", { class: "zone-name", x, y }, zone.name));
  }
  for (const scanner of heard) {
    const group = svg("g", { class: "scanner", transform: `translate(${scanner.x} ${scanner.y})` });
    group.append(svg("circle", { class: "pulse", r: 1.6 }), svg("circle", { class: "hub", r: 0.42 }));
    group.append(svg("path", { class: "hub-sign", d: "M-.11 .2V-.2L.13 -.06 -.13 .08M-.11 -.2M-.11 .2 .13 .06 -.13 -.08" }));
    const label = svg("text", { class: "rate", x: 0.62, y: 0.17 });
    group.append(label);
    root.append(group);
    scanners.set(scanner.name, { group, label });
  }
  strangers = svg("g");
  layer = svg("g");
  root.append(strangers, layer);
}

function labelPlace(zone) {
  const top = Math.min(...zone.outline.map((corner) => corner[1]));
  const left = Math.min(...zone.outline.filter((corner) => corner[1] === top).map((corner) => corner[0]));
  return [left + 0.35, top + 0.85];
}

function person(one) {
  const group = svg("g", { class: "person" });
  group.append(svg("circle", { class: "wave", r: 0.55 }), svg("circle", { class: "ring", r: 0.72 }), svg("circle", { class: "body", r: 0.46 }));
  group.append(svg("text", { class: "initial", y: 0.17, "text-anchor": "middle" }, one.name.slice(0, 1)));
  group.append(svg("text", { class: "who", y: -0.72, "text-anchor": "middle" }, one.name));
  layer.append(group);
  return group;
}

export function drawFloor(state) {
  if (layer === null) build(state.floor, state.scanners);
  for (const scanner of state.scanners) {
    const { group, label } = scanners.get(scanner.name);
    label.textContent = say("per_s", { n: scanner.per_s });
    group.dataset.hearing = scanner.per_s > 0;
  }
  const here = new Set();
  let inside = 0;
  for (const one of state.people) {
    here.add(one.who);
    let group = people.get(one.who);
    if (group === undefined) {
      group = person(one);
      people.set(one.who, group);
    }
    group.dataset.state = one.state;
    group.dataset.doing = one.doing;
    group.dataset.followed = state.phone?.who === one.who;
    group.style.transform = `translate(${one.x}px, ${one.y}px)`;
    if (one.y < state.floor.depth_m) inside += 1;
  }
  for (const [who, group] of people) {
    if (!here.has(who)) {
      group.remove();
      people.delete(who);
    }
  }
  strangers.replaceChildren(
    ...state.strangers.map(([x, y]) => svg("path", { class: "stranger", d: `M${x} ${y - 0.34}l.34 .6h-.68Z` })),
  );
  document.getElementById("inside").textContent = say("inside", { n: inside });
}
