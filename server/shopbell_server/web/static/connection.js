// The live connection: says what comes, and since when nothing did.
//
// The server says something every 5 s. A stream that is silent for longer is dead, whatever the browser
// thinks (Wi-Fi that went away closes nothing), so it is opened anew.

const SILENT_MS = 12000;
const AGAIN_MS = 2000;

export function connect(path, hear) {
  let source = null;
  let heardAt = Date.now();

  function open() {
    source?.close();
    heardAt = Date.now();
    source = new EventSource(path);
    for (const name of ["snapshot", "changed", "gone", "heartbeat"]) {
      source.addEventListener(name, (event) => {
        heardAt = Date.now();
        hear(name, JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      // The browser comes back by itself after a cut, but not after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(reopen, AGAIN_MS);
    });
  }

  async function reopen() {
    try {
      const answer = await fetch(path.replace(/stream$/, "present"), { headers: { accept: "application/json" } });
      if (answer.status === 401 || answer.status === 404) {
        location.assign("/board");
        return;
      }
    } catch {
      // Not reachable: opening the stream finds out when it is again.
    }
    open();
  }

  setInterval(() => {
    if (Date.now() - heardAt > SILENT_MS) open();
  }, 1000);
  window.addEventListener("online", open);
  open();
}
