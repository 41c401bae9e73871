// The page of alarms: read again whenever the table changes, at least every ten seconds.

import { ask, byId, chosen, keepAsking, replaceRows, sinceText, tell } from "./asking.js";
import { cell } from "./row.js";

const ASK_EVERY_MS = 10_000;
const TOGETHER_MS = 200;
const MOST = 1000;

function alarmRow(alarm) {
  const row = document.createElement("tr");
  row.dataset.alarm = alarm.id;
  row.dataset.severity = alarm.cleared_at ? "CLEARED" : alarm.severity;
  const thing = alarm.object_name || alarm.object_id;
  const since = alarm.cleared_at ?? alarm.raised_at;
  row.append(
    cell(alarm.cleared_at ? "CLEARED" : alarm.severity, "severity", alarm.category),
    cell(alarm.name, "what", alarm.problem),
    cell(`${alarm.object_type} ${thing}`, "object", alarm.object_id),
    cell(alarm.vim_id, "vim"),
    cell(sinceText(since), "age number", since),
    cell(alarm.count, "count number", alarm.flaps ? `came back ${alarm.flaps} times` : ""),
    cell(alarm.details.reason || alarm.probable_cause || "–", "reason", alarm.probable_cause),
    ackCell(alarm),
  );
  return row;
}

function ackCell(alarm) {
  if (alarm.acked_at) return cell(`by ${alarm.acked_by}`, "ack", alarm.acked_at);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Acknowledge";
  button.setAttribute("aria-label", `Acknowledge ${alarm.name}`);
  const made = cell("", "ack");
  made.append(button);
  return made;
}

function countButton([severity, count]) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.severity = severity;
  button.textContent = `${count} ${severity.toLowerCase()}`;
  button.setAttribute("aria-pressed", severity === chosen());
  return button;
}

function showCounts(counts, shown, total) {
  const focused = document.activeElement.closest("#counts button")?.dataset.severity;
  const buttons = Object.entries(counts).filter(([severity, count]) => count || severity === chosen()).map(countButton);
  const said = document.createElement("span");
  said.id = "shown";
  said.textContent = shown < total ? `the worst ${shown} of ${total} alarms` : "";
  byId("counts").replaceChildren(...buttons, said);
  buttons.find((button) => button.dataset.severity === focused)?.focus();
}

async function refresh() {
  const only = chosen() ? `&severity=${encodeURIComponent(chosen())}&cleared=false` : "";
  const { alarms, counts, total } = await ask(`alarms/active?order=cleared,rank,-raised_at&limit=${MOST}${only}`);
  showCounts(counts, alarms.length, total);
  replaceRows(byId("alarms"), alarms.map(alarmRow), "alarm");
  byId("empty").hidden = total > 0 || Boolean(chosen());
}

function follow(again) {
  let waiting = false;
  const changes = new EventSource(`${document.body.dataset.api}/alarms/stream`);
  changes.addEventListener("open", again); // what changed before is not told
  changes.addEventListener("alarm", () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; again(); }, TOGETHER_MS);
  });
}

async function acknowledge(click) {
  const button = click.target.closest("button");
  if (!button) return;
  button.disabled = true;
  const id = button.closest("tr").dataset.alarm;
  const refused = await tell(`alarms/active/${id}/acknowledge`).then(() => "", (error) => error.message);
  byId("refused").textContent = refused;
  byId("refused").hidden = !refused;
  button.disabled = false;
}

byId("alarms").addEventListener("click", acknowledge);
byId("counts").addEventListener("click", (click) => {
  const severity = click.target.closest("button")?.dataset.severity;
  if (severity) location.hash = severity === chosen() ? "" : severity;
});
follow(keepAsking(refresh, ASK_EVERY_MS));
