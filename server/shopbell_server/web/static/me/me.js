// The pass goes on by itself for ten minutes, with or without a network; "recognised now" is asked again and again.

const AHEAD_ENOUGH_MS = 8 * 60000; // fewer codes than that are left: fetch the next ten minutes
const TRY_AGAIN_MS = 20000;
const ASK_MS = 5000;

const query = location.search;
let offsetMs = 0; // the server's clock, less this phone's
let triedAt = Date.now();
let signedOut = false;

const pass = () => document.getElementById("pass");
const now = () => Date.now() + offsetMs;

function setClock() {
  if (pass().dataset.now) offsetMs = Number(pass().dataset.now) - Date.now();
}

// Shows the code of this half minute; returns for how long there are codes.
function show() {
  const box = pass();
  if (!box.dataset.now) return Infinity;
  const step = Number(box.dataset.step);
  const at = now();
  let until = 0;
  let shown = false;
  for (const item of box.querySelectorAll(".codes > li")) {
    const from = Number(item.dataset.from);
    const current = from <= at && at < from + step;
    item.hidden = !current;
    shown ||= current;
    until = Math.max(until, from + step);
    if (current) {
      const next = box.querySelector(".next");
      next.textContent = next.dataset.words.replace("{n}", Math.ceil((from + step - at) / 1000));
    }
  }
  if (!shown) box.querySelector(".next").textContent = "";
  box.querySelector(".old").hidden = shown || signedOut;
  box.querySelector(".ended").hidden = !signedOut;
  return until - at;
}

async function piece(path) {
  const answer = await fetch(path + query, { headers: { accept: "text/html" }, cache: "no-store" });
  if (answer.status === 401) signedOut = true;
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
}

async function renew() {
  if (signedOut || document.hidden || Date.now() - triedAt < TRY_AGAIN_MS) return;
  triedAt = Date.now();
  try {
    const fresh = await piece("/me/pass");
    pass().replaceWith(fresh);
    setClock();
  } catch {
    // No network, or signed out: the codes that are here go on until they are too old.
  }
  show();
}

let heardAt = now();
let asking = false;

async function ask() {
  if (signedOut || document.hidden || asking) return;
  asking = true;
  const lost = document.getElementById("here-lost");
  try {
    const fresh = await piece("/me/here");
    const old = document.getElementById("here");
    // Replaced only if it says something else: a screen reader speaks every change.
    if (old.textContent !== fresh.textContent) old.replaceWith(fresh);
    heardAt = now();
    lost.hidden = true;
  } catch {
    const clock = new Intl.DateTimeFormat(lost.dataset.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: lost.dataset.timezone });
    lost.textContent = lost.dataset.words.replace("{time}", clock.format(heardAt));
    lost.hidden = false;
  } finally {
    asking = false;
  }
}

function beat() {
  if (show() < AHEAD_ENOUGH_MS) renew();
}

setClock();
heardAt = now();
show();
setInterval(beat, 500);
setInterval(ask, ASK_MS);
document.addEventListener("visibilitychange", beat);
window.addEventListener("online", () => {
  triedAt = 0;
  beat();
});
// A page from the browser's memory shows what was; it is asked for again.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
