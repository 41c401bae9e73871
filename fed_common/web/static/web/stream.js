// The live page: history first, then the stream; the table is touched at most once a frame.

import { age, newRow, searchText } from "./row.js";

const API = document.body.dataset.api;
const DEMO_VIM = document.body.dataset.demoVim;
const KEPT = 2000;
const SHOWN = 200;
const RATE_SECONDS = 10;
const RETRY_MS = 3000;
const WATCH_MS = 10_000;

const byId = (id) => document.getElementById(id);
const [filter, table, pause, connection] = ["filter", "events", "pause", "connection"].map(byId);
const kindBox = filter.elements.kind;
const vimBox = filter.elements.vim;
const textBox = filter.elements.text;

const kept = []; // every event the page remembers, oldest first
const eventOf = new WeakMap(); // row -> event
const listed = new Set(); // the VIMs that can be chosen
const arrivals = []; // when live events came in, for the rate
let fresh = []; // arrived since the last frame
let last = 0; // the highest sequence seen
let shownUpTo = Infinity; // paused: the sequence behind which nothing is shown
let vims = null; // how many are registered, once known
let frameAsked = false;
let source = null; // the connection
let promised = 0; // the newest sequence the gateway had when it was last asked

function hear(event) {
  if (event.sequence <= last) return;
  last = event.sequence;
  event.searched = searchText(event);
  addVim(event.vim_id);
  kept.push(event);
  if (kept.length > KEPT * 1.5) kept.splice(0, kept.length - KEPT);
  fresh.push(event);
  if (fresh.length > KEPT) fresh = fresh.slice(-KEPT);
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(frame);
}

function frame() {
  frameAsked = false;
  show(fresh.filter((event) => event.sequence <= shownUpTo && matches(event)));
  fresh = [];
  tell();
}

function show(events) {
  const now = Date.now();
  const rows = events.slice(-SHOWN).reverse().map((event) => {
    const row = newRow(event, now);
    eventOf.set(row, event);
    return row;
  });
  table.prepend(...rows);
  while (table.rows.length > SHOWN) table.lastElementChild.remove();
}

function redraw() {
  fresh = []; // they are among the kept
  table.replaceChildren();
  show(kept.filter((event) => event.sequence <= shownUpTo && matches(event)));
  tell();
}

function matches(event) {
  return (
    (!kindBox.value || event.kind === kindBox.value) &&
    (!vimBox.value || event.vim_id === vimBox.value) &&
    event.searched.includes(textBox.value.trim().toLowerCase())
  );
}

function addVim(vimId) {
  if (listed.has(vimId)) return;
  listed.add(vimId);
  vimBox.add(new Option(vimId, vimId));
  if (vimId === DEMO_VIM) byId("demo").hidden = false;
}

function tell() {
  const held = kept.filter((event) => event.sequence > shownUpTo && matches(event)).length;
  pause.textContent = shownUpTo === Infinity ? "Pause" : `Resume (${held} new)`;
  byId("shown").textContent = `${table.rows.length} shown`;
  byId("empty").hidden = table.rows.length > 0 || vims === null;
  byId("register").hidden = kept.length > 0 || vims > 0;
  byId("empty-title").textContent = emptyTitle();
}

function emptyTitle() {
  if (kept.length) return "No event that this page remembers passes the filter.";
  return vims ? "Waiting for the first event." : "No VIM is registered yet.";
}

function tick() {
  const now = Date.now();
  for (const row of table.rows) {
    const text = age(eventOf.get(row), now);
    if (row.cells[0].textContent !== text) row.cells[0].textContent = text;
  }
  while (arrivals.length && arrivals[0] < now - RATE_SECONDS * 1000) arrivals.shift();
  byId("rate").textContent = `${(arrivals.length / RATE_SECONDS).toFixed(1)} events/s`;
}

function setState(state) {
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = state;
}

async function ask(path) {
  const answer = await fetch(`${API}/${path}`, { signal: AbortSignal.timeout(WATCH_MS) });
  if (answer.status === 401) location.assign("/login");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

async function start() {
  try {
    const [past, registered] = await Promise.all([ask("events?limit=100"), ask("vims")]);
    if (past.next < last) return location.reload(); // a new database counts from the start
    promised = 0;
    vims = registered.vims.length;
    registered.vims.forEach((vim) => addVim(vim.vim_id));
    past.events.forEach(hear);
    tell();
    listen();
  } catch {
    startAgain();
  }
}

function startAgain() {
  source?.close();
  setState("reconnecting");
  setTimeout(start, RETRY_MS);
}

function listen() {
  source = new EventSource(`${API}/events/stream?after=${last}`);
  source.onopen = () => setState("live");
  source.addEventListener("event", (message) => {
    arrivals.push(Date.now());
    hear(JSON.parse(message.data));
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) startAgain();
    else setState("reconnecting"); // the browser tries again itself
  };
}

// A connection that dies silently, as behind a proxy or after sleep, shows no error of its own.
async function watch() {
  if (source?.readyState !== EventSource.OPEN) return;
  if (promised > last) startAgain();
  else promised = await ask("events?limit=1").then((past) => past.next, () => Infinity);
}

function openDetails(row) {
  const { searched, ...event } = eventOf.get(row);
  byId("details-title").textContent = `${event.kind} ${event.phase} · ${event.instance_name || event.host || event.vim_id}`;
  byId("details-json").textContent = JSON.stringify(event, null, 2);
  byId("details").showModal();
}

function moveFocus(key) {
  const row = document.activeElement.closest("#events tr");
  const next = key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  next?.querySelector("button").focus();
}

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.get("vim")) addVim(asked.get("vim"));
  for (const name of ["kind", "vim", "text"]) filter.elements[name].value = asked.get(name) ?? "";
}

function writeAddress() {
  const asked = [...new FormData(filter)].filter(([, value]) => value);
  history.replaceState(null, "", asked.length ? `#${new URLSearchParams(asked)}` : location.pathname);
}

filter.addEventListener("submit", (submit) => submit.preventDefault());
filter.addEventListener("input", () => {
  writeAddress();
  redraw();
});
pause.addEventListener("click", () => {
  const paused = shownUpTo === Infinity;
  shownUpTo = paused ? last : Infinity;
  pause.setAttribute("aria-pressed", paused);
  redraw();
});
table.addEventListener("click", (click) => {
  const row = click.target.closest("tr");
  if (row && getSelection().isCollapsed) openDetails(row);
});
table.addEventListener("keydown", (press) => {
  if (press.key !== "ArrowDown" && press.key !== "ArrowUp") return;
  press.preventDefault();
  moveFocus(press.key);
});
setInterval(tick, 1000);
setInterval(watch, WATCH_MS);
readAddress();
start();
