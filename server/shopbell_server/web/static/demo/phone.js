// One phone: its pass, what it puts on the air byte by byte, how it is heard, what she allows.

import { html, say, svg } from "./words.js";

const root = document.getElementById("phone");
const PURPOSES = ["recognise_in_store", "show_to_staff", "greet_by_name", "share_with_cdp", "show_purchases", "show_browsing", "messages"];
const WEAK_DBM = -95;
const STRONG_DBM = -40;

let shown = "";

function code(rows) {
  const size = rows.length + 4;
  const path = rows.flatMap((row, y) => [...row].map((dark, x) => (dark === "1" ? `M${x + 2} ${y + 2}h1v1h-1Z` : "")));
  const drawing = svg("svg", { class: "code", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": say("pass") });
  drawing.append(svg("rect", { class: "paper", width: size, height: size, rx: 1.5 }), svg("path", { class: "ink", d: path.join("") }));
  return drawing;
}

const PLATFORMS = { android: "Android", ios: "iPhone", fob: "Fob" };

function frame(one) {
  const box = html("div", "frame");
  box.append(html("p", "frame-name", one.frame));
  const bytes = html("p", "bytes");
  for (const field of one.fields) {
    const part = html("span", "field");
    part.dataset.field = field.name;
    part.title = field.name;
    part.textContent = field.hex;
    bytes.append(part);
  }
  const names = html("p", "names");
  for (const field of one.fields) {
    if (["flags", "header", "version"].includes(field.name)) continue;
    const name = html("span", "field-name", field.name);
    name.dataset.field = field.name;
    names.append(name);
  }
  box.append(bytes, names);
  return box;
}

function level(one) {
  const line = html("div", "level");
  const share = one.rssi_dbm === null ? 0 : Math.min(1, Math.max(0.04, (one.rssi_dbm - WEAK_DBM) / (STRONG_DBM - WEAK_DBM)));
  const bar = svg("svg", { class: "level-bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { class: "level-all", width: 100, height: 6, rx: 3 }), svg("rect", { class: "level-now", width: 100 * share, height: 6, rx: 3 }));
  line.append(html("span", "level-name", one.scanner), bar, html("span", "level-dbm", one.rssi_dbm === null ? say("not_heard") : `${one.rssi_dbm} dBm`));
  return line;
}

function part(title, ...children) {
  const section = html("section", "part");
  section.append(html("h3", "", title), ...children);
  return section;
}

export function drawPhone(phone, zones) {
  const text = JSON.stringify(phone);
  if (text === shown) return;
  shown = text;
  if (phone === null) {
    root.replaceChildren(html("p", "quiet nothing", say("nobody")));
    return;
  }
  const screen = html("div", "screen");
  const head = html("div", "phone-head");
  const name = html("p", "phone-name");
  name.append(html("bdi", "", phone.name), html("span", "platform", PLATFORMS[phone.platform]));
  const chip = html("p", "chip", say(phone.state));
  chip.dataset.state = phone.state;
  const zone = zones.find((each) => each.id === phone.zone);
  head.append(name, chip, html("p", "doing", zone === undefined ? say(phone.doing) : `${say(phone.doing)} · ${zone.name}`));
  screen.append(head);
  const pass = html("div", "pass");
  pass.dataset.showing = phone.doing === "checking_in";
  const left = svg("svg", { class: "pass-left", viewBox: "0 0 30 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  left.append(svg("rect", { class: "pass-left-all", width: 30, height: 1 }), svg("rect", { class: "pass-left-now", width: phone.pass_left_s, height: 1 }));
  pass.append(code(phone.pass_rows), left, html("p", "quiet", say("pass_left", { n: phone.pass_left_s })));
  screen.append(pass);
  const switches = html("ul", "switches");
  for (const purpose of PURPOSES) {
    const item = html("li", "", say(purpose));
    item.dataset.on = phone.purposes.includes(purpose);
    switches.append(item);
  }
  screen.append(part(phone.purposes.length ? say("allows") : say("allows_nothing"), switches));
  root.replaceChildren(screen, part(
    phone.frames.length ? say("on_air", { n: Math.round(phone.interval_ms) }) : say("nothing_on_air"),
    ...phone.frames.map(frame),
  ), part(say("heard_at"), ...phone.levels.map(level)));
}
