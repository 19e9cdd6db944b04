// What the CDP is told, newest first. A line opens to the whole event.

import { html } from "./words.js";

const MOST = 40;

const list = document.getElementById("events");
const { language, timezone } = list.dataset;
const format = new Intl.DateTimeFormat(language, { timeStyle: "medium", timeZone: timezone, hourCycle: "h23" });
let count = 0;

function detail(event) {
  const data = event.data;
  const said = [];
  if (data.purpose !== undefined) said.push(`${data.purpose} ${data.change ?? ""}`.trim());
  if (data.evidence !== undefined) said.push(data.evidence);
  if (data.zone) said.push(data.zone);
  if (data.zones?.length) said.push(data.zones.map((each) => `${each.zone} ${each.dwell_s} s`).join(", "));
  if (data.duration_s !== undefined && data.duration_known) said.push(`${data.duration_s} s`);
  if (data.converted) said.push("converted");
  if (data.revision > 1) said.push(`revision ${data.revision}`);
  return said.join(" · ");
}

function line(event) {
  const item = html("li", "event");
  item.dataset.kind = event.type.split(".")[1];
  item.dataset.what = event.type.split(".")[2];
  const fold = html("details");
  const summary = html("summary");
  summary.append(
    html("time", "", format.format(Date.parse(event.recordedtime))),
    html("span", "event-name", event.data.event),
    html("span", "event-who", event.data.customer.id),
    html("span", "event-detail", detail(event)),
  );
  fold.append(summary);
  fold.addEventListener("toggle", () => {
    if (fold.open && fold.children.length === 1) fold.append(html("pre", "", JSON.stringify(event, null, 2)));
  });
  item.append(fold);
  return item;
}

export function drawEvents(events) {
  if (events.length === 0) return;
  for (const event of events) list.prepend(line(event));
  while (list.children.length > MOST) list.lastElementChild.remove();
  count += events.length;
  document.getElementById("no-events").hidden = true;
  document.getElementById("event-count").textContent = String(count);
}
