// The page of VNFs: asked again every two seconds; a chosen VNF shows its members and its last events.

import { ask, byId, chooseByClick, chosen, keepAsking, replaceRows, sinceText } from "./asking.js";
import { cell } from "./row.js";

const ASK_EVERY_MS = 2000;
const EVENTS_SHOWN = 20;
const WORDS = { DOWN: "down", PENDING: "pending", UP: "up" };

function healthText(health) {
  const parts = Object.entries(WORDS).filter(([name]) => health[name]);
  return parts.map(([name, word]) => `${health[name]} ${word}`).join(", ") || "not watched";
}

function vnfRow(vnf) {
  const row = document.createElement("tr");
  const name = document.createElement("button");
  name.type = "button";
  name.textContent = vnf.name;
  const first = cell("", "vnf", vnf.description || vnf.id);
  first.append(name);
  row.dataset.status = vnf.status;
  row.dataset.worst = Object.keys(WORDS).find((word) => vnf.health[word]) ?? "";
  row.dataset.vnf = vnf.name;
  row.setAttribute("aria-selected", vnf.name === chosen());
  row.append(
    first,
    cell(vnf.vim_id, "vim"),
    cell(vnf.status, "status"),
    cell(healthText(vnf.health), "health"),
    cell(sinceText(vnf.updated_at), "age number", vnf.updated_at),
    cell(noteText(vnf), "reason", vnf.error_reason),
  );
  return row;
}

function noteText(vnf) {
  const respawned = vnf.failure_count === 1 ? "respawned once" : `respawned ${vnf.failure_count} times`;
  const notes = [vnf.error_reason, vnf.maintenance && "in maintenance", vnf.failure_count && respawned];
  return notes.filter(Boolean).join("; ") || "–";
}

function memberRow(member) {
  const row = document.createElement("tr");
  row.dataset.worst = member.checks.length ? member.health : "";
  row.append(
    cell(`${member.vdu} ${member.number}`, "vdu"),
    cell(member.address || "–", "address number"),
    cell(member.checks.length ? member.health : "not watched", "health"),
    cell(sinceText(member.changed_at), "age number", member.changed_at),
    cell(member.instance_id || "–", "instance", member.instance_id),
    cell(member.reason || "–", "reason", [member.rule, member.reason].filter(Boolean).join(": ")),
  );
  return row;
}

function eventRow(event) {
  const row = document.createElement("tr");
  row.append(
    cell(sinceText(event.timestamp), "age number", event.timestamp),
    cell(event.event_type, "type"),
    cell(event.resource_state, "state"),
    cell(event.event_details || "–", "reason", event.event_details),
    cell(event.rule || "–", "rule"),
  );
  return row;
}

async function showInside() {
  const name = chosen();
  byId("inside").hidden = !name;
  if (!name) return;
  const path = `vnfs/${encodeURIComponent(name)}`;
  const [members, events] = await Promise.all([
    ask(`${path}/members`),
    ask(`${path}/events?order=-id&limit=${EVENTS_SHOWN}`),
  ]);
  byId("inside-title").textContent = name;
  byId("inside-count").textContent = members.total === 1 ? "1 member" : `${members.total} members`;
  byId("members").replaceChildren(...members.members.map(memberRow));
  byId("events").replaceChildren(...events.events.map(eventRow));
}

async function refresh() {
  const { vnfs } = await ask("vnfs");
  replaceRows(byId("vnfs"), vnfs.map(vnfRow), "vnf");
  byId("empty").hidden = vnfs.length > 0;
  if (chosen() && !vnfs.some((vnf) => vnf.name === chosen())) location.hash = "";
  await showInside();
}

chooseByClick(byId("vnfs"), "vnf");
keepAsking(refresh, ASK_EVERY_MS);
