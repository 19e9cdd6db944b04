// The demo page: asks for the simulated shop twice a second and draws it. The board beside it is the board.

import { drawEvents } from "./events.js";
import { drawFloor } from "./floor.js";
import { drawPhone } from "./phone.js";

const PAUSE_MS = 500;
const AGAIN_MS = 2000;

let position = 0;

async function look() {
  let pause = PAUSE_MS;
  try {
    const answer = await fetch(`/demo/state?after=${position}`, { headers: { accept: "application/json" } });
    if (answer.status === 401) {
      location.assign("/login?next=/demo");
      return;
    }
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const state = await answer.json();
    position = state.position;
    drawEvents(state.events);
    if (state.floor !== null) {
      drawFloor(state.floor);
      drawPhone(state.floor.phone, state.floor.floor.zones);
    }
  } catch {
    // Not reachable for a moment; the board beside says so.
    pause = AGAIN_MS;
  }
  setTimeout(look, pause);
}

look();
