// What the pages share that ask the gateway again every few seconds.

import { age } from "./row.js";

const API = document.body.dataset.api;
const PATIENCE_MS = 9000;

export const byId = (id) => document.getElementById(id);
export const chosen = () => decodeURIComponent(location.hash.slice(1));

export async function ask(path) {
  const answer = await fetch(`${API}/${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 401) location.assign("/login");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

export function sinceText(time) {
  return time ? age({ occurred_at: time }, Date.now()) : "–";
}

export async function tell(path, body = {}) {
  const sent = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`${API}/${path}`, { ...sent, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error((await answer.json()).detail);
}

// `refresh` is called again `everyMs` after it ended; the header tells whether it worked. Answers with what asks now,
// after what is under way: an older answer that comes late would hide a newer one.
export function keepAsking(refresh, everyMs) {
  let asked = Promise.resolve();
  let next = null;
  const begin = () => {
    next = null;
    return refresh().then(() => setState("live"), () => setState("reconnecting"));
  };
  const once = () => {
    if (!next) asked = next = asked.then(begin);
    return next;
  };
  const run = () => once().then(() => setTimeout(run, everyMs));
  window.addEventListener("hashchange", once);
  run();
  return once;
}

// A row that is replaced loses the keyboard's place: it is given back to the one of the same name.
export function replaceRows(body, rows, name) {
  const focused = document.activeElement.closest(`#${body.id} tr`)?.dataset[name];
  body.replaceChildren(...rows);
  body.querySelector(`tr[data-${name}="${CSS.escape(focused ?? "")}"] button`)?.focus();
}

// A click on a row chooses what it is named after, and a second one lets go of it.
export function chooseByClick(body, name) {
  body.addEventListener("click", (click) => {
    const row = click.target.closest("tr");
    if (row) location.hash = row.dataset[name] === chosen() ? "" : encodeURIComponent(row.dataset[name]);
  });
}

function setState(state) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = state;
}
