// The page of clouds: asked again every few seconds; a chosen cloud shows its VMs.

import { ask, byId, chooseByClick, chosen, keepAsking, replaceRows, sinceText } from "./asking.js";
import { cell, vmCell } from "./row.js";

const ASK_EVERY_MS = 3000;
const SHOWN = 200;

function fedBy(vim) {
  if (!vim.enabled) return "switched off";
  const ways = [vim.transport && "notifications", vim.auth_url && "polling"].filter(Boolean);
  return ways.join(", ") || "nothing";
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

function showVims(vims) {
  replaceRows(byId("vims"), vims.map(vimRow), "vim");
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
  showVims((await ask("vims")).vims);
  await showInside();
}

chooseByClick(byId("vims"), "vim");
keepAsking(refresh, ASK_EVERY_MS);
