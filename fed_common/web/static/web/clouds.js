// The page of clouds: asked again every few seconds; a chosen cloud shows its VMs.

import { age, cell, vmCell } from "./row.js";

const API = document.body.dataset.api;
const ASK_EVERY_MS = 3000;
const SHOWN = 200;

const byId = (id) => document.getElementById(id);
const chosen = () => decodeURIComponent(location.hash.slice(1));

async function ask(path) {
  const answer = await fetch(`${API}/${path}`, { signal: AbortSignal.timeout(ASK_EVERY_MS * 3) });
  if (answer.status === 401) location.assign("/login");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

function setState(state) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = state;
}

function fedBy(vim) {
  if (!vim.enabled) return "switched off";
  const ways = [vim.transport && "notifications", vim.auth_url && "polling"].filter(Boolean);
  return ways.join(", ") || "nothing";
}

function sinceText(time) {
  return time ? age({ occurred_at: time }, Date.now()) : "–";
}

function vimRow(vim) {
  const row = document.createElement("tr");
  const name = document.createElement("button");
  name.type = "button";
  name.textContent = vim.vim_id;
  const first = cell("", "vim", vim.auth_url);
  first.append(name);
  row.dataset.status = vim.status;
  row.dataset.vim = vim.vim_id;
  row.setAttribute("aria-selected", vim.vim_id === chosen());
  row.append(
    first,
    cell([vim.type, vim.version].filter(Boolean).join(" "), "type"),
    cell(vim.status, "status"),
    cell(sinceText(vim.status_at), "age number", vim.status_at),
    cell(fedBy(vim), "fed"),
    cell(vim.status_reason || "–", "reason", vim.status_reason),
  );
  return row;
}

function instanceRow(one) {
  const row = document.createElement("tr");
  const doing = one.state_description ? ` (${one.state_description})` : "";
  row.append(
    vmCell({ instance_id: one.id, instance_name: one.name }),
    cell(one.state + doing, "state"),
    cell(one.host || "–", "host"),
    cell(one.tenant_id || "–", "tenant"),
    cell(sinceText(one.state_changed_at), "age number", one.state_changed_at),
  );
  return row;
}

// A row that is replaced loses the keyboard's place: it is given back to the one of the same cloud.
function showVims(vims) {
  const focused = document.activeElement.closest("#vims tr")?.dataset.vim;
  byId("vims").replaceChildren(...vims.map(vimRow));
  byId("vims").querySelector(`tr[data-vim="${CSS.escape(focused ?? "")}"] button`)?.focus();
  byId("empty").hidden = vims.length > 0;
}

async function showInside() {
  const vim = chosen();
  byId("inside").hidden = !vim;
  if (!vim) return;
  const found = await ask(`instances?vim_id=${encodeURIComponent(vim)}&limit=${SHOWN}`);
  byId("inside-title").textContent = vim;
  byId("inside-count").textContent = countText(found);
  byId("instances").replaceChildren(...found.instances.map(instanceRow));
}

function countText(found) {
  const count = found.total ?? found.instances.length;
  const shown = found.instances.length < count ? `, ${found.instances.length} shown` : "";
  return count === 1 ? "1 VM" : `${count} VMs${shown}`;
}

async function refresh() {
  try {
    showVims((await ask("vims")).vims);
    await showInside();
    setState("live");
  } catch {
    setState("reconnecting");
  }
}

async function run() {
  await refresh();
  setTimeout(run, ASK_EVERY_MS);
}

byId("vims").addEventListener("click", (click) => {
  const row = click.target.closest("tr");
  if (row) location.hash = row.dataset.vim === chosen() ? "" : encodeURIComponent(row.dataset.vim);
});
window.addEventListener("hashchange", refresh);
run();
