"""Reads what monitoring systems post about hosts: Alertmanager's webhook, version 4, or a plain object. Pure.

Source: prometheus/alertmanager, template.Data and docs/configuration.md (``<webhook_config>``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.alarm import Severity
from fed_common.core.errors import Invalid

LABELS = ("hypervisor", "host", "hostname", "node", "instance")
"""Where an alert names its host, unless the caller says which label does: the first that is there."""
TEXTS = ("severity", "source", "cause")
FORMS = 'Alertmanager\'s {"version": "4", "alerts": […]}, or {"host": …, "status": "down"}'
DOWN, UP = ("down", "firing"), ("up", "resolved")
HOST_MAX, CAUSE_MAX, SOURCE_MAX = 255, 255, 100
SEVERITIES = {
    **{one.value.lower(): one for one in Severity if one is not Severity.CLEARED},
    **dict.fromkeys(("page", "fatal", "disaster", "emergency"), Severity.CRITICAL),
    **dict.fromkeys(("error", "high"), Severity.MAJOR),
    **dict.fromkeys(("average", "info", "none", "low"), Severity.WARNING),
}
FAULTS = (Severity.CRITICAL, Severity.MAJOR)
"""A host whose disk fills up has not failed: alerts that are milder are heard and nothing is done."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What one alert says of a host; ``mild``: not that it failed."""

    host: str
    down: bool
    source: str
    cause: str = ""
    severity: Severity = Severity.CRITICAL
    fenced: bool = False
    seen_at: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def mild(self) -> bool:
        """Whether it is no fault of the host."""
        return self.severity not in FAULTS


def read_body(body: object, label: str = "") -> list[Alert]:
    """Its alerts, one for each host: while one of a host fires, another that is over says nothing.

    Raises Invalid naming what is wrong.
    """
    if not isinstance(body, Mapping):
        raise Invalid("body", type(body).__name__, FORMS)
    if "alerts" not in body:
        return [_plain(body)]
    if not isinstance(body["alerts"], list) or str(body.get("version", "4")) != "4":
        raise Invalid("version", body.get("version"), FORMS)
    alerts = [_alert(one, f"alerts[{number}]", label) for number, one in enumerate(body["alerts"])]
    return _one_for_each_host(alerts)


def _one_for_each_host(alerts: Iterable[Alert]) -> list[Alert]:
    """The weightiest: a firing fault, then what is over, then what is mild."""
    found: dict[str, Alert] = {}
    for one in alerts:
        before = found.setdefault(one.host, one)
        if (one.mild, not one.down) < (before.mild, not before.down):
            found[one.host] = one
    return list(found.values())


def _alert(alert: object, field: str, label: str) -> Alert:
    if not isinstance(alert, Mapping) or not isinstance(alert.get("labels"), Mapping):
        raise Invalid(f"{field}.labels", None, "an object")
    labels = alert["labels"]
    names = (label,) if label else LABELS
    host = next((_without_port(text) for name in names if (text := _text(labels, name))), "")
    annotations = alert["annotations"] if isinstance(alert.get("annotations"), Mapping) else {}
    details = {
        "fingerprint": _text(alert, "fingerprint"),
        "summary": _text(annotations, "summary") or _text(annotations, "description"),
        "generator_url": _text(alert, "generatorURL"),
    }
    return Alert(
        host=_host(host, f"{field}.labels.{'|'.join(names)}"),
        down=_down(alert.get("status"), f"{field}.status"),
        source="alertmanager",
        cause=_text(labels, "alertname")[:CAUSE_MAX],
        severity=_severity(_text(labels, "severity")),
        fenced=_text(labels, "fenced").lower() == "true",
        seen_at=clock.parse(alert.get("startsAt")),
        details={name: text for name, text in details.items() if text},
    )


def _plain(body: Mapping[str, Any]) -> Alert:
    for name in TEXTS:
        if not isinstance(body.get(name, ""), str):
            raise Invalid(name, body[name], "a text")
    severity, fenced, details = _text(body, "severity"), body.get("fenced", False), body.get("details", {})
    if severity and severity.lower() not in SEVERITIES:
        raise Invalid("severity", severity, SEVERITIES)
    if not isinstance(fenced, bool):
        raise Invalid("fenced", fenced, ("true", "false"))
    if not isinstance(details, dict):
        raise Invalid("details", details, "an object")
    seen_at = clock.parse(body.get("occurred_at"))
    if "occurred_at" in body and seen_at is None:
        raise Invalid("occurred_at", body["occurred_at"], "an ISO 8601 time")
    return Alert(
        host=_host(_text(body, "host"), "host"),
        down=_down(body.get("status"), "status"),
        source=_text(body, "source")[:SOURCE_MAX] or "webhook",
        cause=_text(body, "cause")[:CAUSE_MAX],
        severity=_severity(severity),
        fenced=fenced,
        seen_at=seen_at,
        details=dict(details),
    )


def _severity(word: str) -> Severity:
    """A word that nobody knows, and none, is a fault: whoever routed the alert here meant one."""
    return SEVERITIES.get(word.lower(), Severity.CRITICAL)


def _host(host: str, field: str) -> str:
    if not 0 < len(host) <= HOST_MAX:
        raise Invalid(field, host[:HOST_MAX], f"the name of a host, at most {HOST_MAX} letters")
    return host


def _down(word: object, field: str) -> bool:
    if word not in (*DOWN, *UP):
        raise Invalid(field, word, (*DOWN, *UP))
    return word in DOWN


def _without_port(text: str) -> str:
    """``compute01`` of ``compute01:9100``, the address of ``[fd00::1]:9100``."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name, colon, port = text.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else text


def _text(words: Mapping[str, Any], name: str) -> str:
    value = words.get(name)
    return value.strip() if isinstance(value, str) else ""
