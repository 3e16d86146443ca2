// @ts-check
/**
 * What happens on the server, as it happens: one connection per browser however many tabs are open. A browser opens six
 * connections to a server at most, and an event stream holds one. The tab that holds a lock has the connection and
 * tells the others; when it goes, another one gets the lock.
 */

/** @typedef {{traces?: string[], rejected?: number, dropped?: number, connected?: boolean}} News */

/** @type {Set<(news: News) => void>} */
const listeners = new Set();
const CHANNEL = "xray-local";
/** @type {BroadcastChannel | undefined} */
let channel;
let connected = false;

/** @param {News} news */
function tell(news) {
  if (news.connected !== undefined) connected = news.connected;
  for (const listener of listeners) listener(news);
}

function open() {
  const events = new EventSource("/xray-local/events");
  /** @param {News} news */
  const spread = (news) => {
    tell(news);
    channel?.postMessage(news);
  };
  events.onopen = () => spread({ connected: true });
  events.onerror = () => spread({ connected: false });
  events.onmessage = (event) => spread(JSON.parse(event.data));
  channel?.addEventListener("message", (event) => {
    if (event.data === "anyone?") channel?.postMessage({ connected });
  });
}

function start() {
  if ("BroadcastChannel" in globalThis) {
    channel = new BroadcastChannel(CHANNEL);
    channel.addEventListener("message", (event) => {
      if (event.data !== "anyone?") tell(event.data);
    });
    channel.postMessage("anyone?");
  }
  // Locks need a secure context, which a name in the local network is not: there each tab has a connection.
  if (navigator.locks) navigator.locks.request(CHANNEL, () => new Promise(open));
  else open();
}

/** Hear of changes; what comes back ends that. @param {(news: News) => void} listener */
export function listen(listener) {
  if (listeners.size === 0 && channel === undefined) start();
  listeners.add(listener);
  if (connected) listener({ connected });
  return () => listeners.delete(listener);
}
