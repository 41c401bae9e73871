// One event as one row of the table. Pure but for the DOM nodes it makes.

const SEVERITY = {
  critical: ["DELETE", "SOFT_DELETE", "ERROR", "HOST_DOWN", "CRASH_DUMP", "WATCHDOG"],
  warning: ["POWER_OFF", "SHUT_DOWN", "PAUSE", "SUSPEND", "SHELVE", "RESCUE", "EVACUATE", "HOST_DISABLED", "REBOOT"],
  good: ["CREATE", "POWER_ON", "UNPAUSE", "RESUME", "RESTORE", "UNSHELVE", "UNRESCUE", "HOST_UP"],
  quiet: ["UPDATE", "OTHER"],
};
const OF_KIND = new Map(Object.entries(SEVERITY).flatMap(([name, kinds]) => kinds.map((kind) => [kind, name])));
// Of what the monitor tells, the state says how bad it is.
const OF_STATE = new Map([
  ...["DOWN", "UNREACHABLE", "DEAD", "ERROR"].map((state) => [state, "critical"]),
  ...["UP", "REACHABLE", "ACTIVE"].map((state) => [state, "good"]),
]);
const LONGEST_LATENCY_MS = 60_000;

export function severity(event) {
  if (event.kind.endsWith("_STATUS")) return OF_STATE.get(event.state) ?? "plain";
  return event.phase === "error" ? "critical" : (OF_KIND.get(event.kind) ?? "plain");
}

export function age(event, now) {
  const seconds = Math.max(0, Math.floor((now - Date.parse(event.occurred_at)) / 1000));
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

// Clocks of clouds differ, and a recording is old: only what can be a latency is shown as one.
export function latency(event) {
  const ms = Date.parse(event.received_at) - Date.parse(event.occurred_at);
  return ms >= 0 && ms < LONGEST_LATENCY_MS ? `${ms} ms` : "–";
}

export function searchText(event) {
  const fields = ["kind", "phase", "state", "old_state", "instance_name", "instance_id", "host", "tenant_id", "type"];
  return [...fields.map((name) => event[name] ?? ""), nameOf(event)].join(" ").toLowerCase();
}

export function newRow(event, now) {
  const row = document.createElement("tr");
  row.dataset.severity = severity(event);
  row.dataset.phase = event.phase;
  row.append(
    cell(age(event, now), "age number", event.occurred_at),
    kindCell(event),
    cell(event.phase, "phase"),
    vmCell(event),
    stateCell(event),
    cell(event.host || "–", "host", event.host),
    cell(event.vim_id, "vim"),
    cell(latency(event), "latency number"),
  );
  return row;
}

export function cell(text, className, title) {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = className;
  if (title) made.title = title;
  return made;
}

function kindCell(event) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = event.kind;
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-label", `${event.kind} ${event.phase} of ${nameOf(event) || event.host || event.vim_id}: details`);
  const made = cell("", "kind", event.type);
  made.append(button);
  return made;
}

// The VM, or what the monitor tells of: a VNF, or a member of one of its VDUs.
function nameOf(event) {
  const { vnf_name: vnf, vdu, member } = event.traits ?? {};
  return event.instance_name || [vnf, vdu, member].filter((part) => part !== undefined).join(" ");
}

export function vmCell(event) {
  if (!event.instance_id) return cell(nameOf(event) || "–", "vm");
  const made = cell("", "vm", event.instance_id);
  const both = document.createElement("div");
  const name = document.createElement("span");
  name.className = "vm-name";
  name.textContent = nameOf(event);
  const id = document.createElement("code");
  id.textContent = event.instance_id.slice(0, 8);
  both.append(name, id);
  made.append(both);
  return made;
}

function stateCell(event) {
  const made = cell("", "state", event.state_description);
  if (event.old_state && event.old_state !== event.state) {
    const old = document.createElement("span");
    old.className = "old";
    old.textContent = event.old_state;
    made.append(old, " → ");
  }
  made.append(event.state || "–");
  return made;
}
