"""Aodh's face asked in this process."""

from __future__ import annotations

from typing import Any

from tests.callers import Caller

ALARMS = "//openstack/v2/alarms"
QUERY = "//openstack/v2/query/alarms"


def alarm(**fields: Any) -> dict[str, Any]:
    """A body to create a rule with."""
    return {"name": "a", "type": "event", "event_rule": {}, **fields}


def create(who: Caller, **fields: Any) -> dict[str, Any]:
    """A rule that has to be made."""
    made: dict[str, Any] = who.post(ALARMS, alarm(**fields))
    return made


def fault(answer: Any) -> tuple[int, str]:
    """Status and text of a refusal; the form is what Aodh's client reads."""
    said = answer.json()
    assert set(said) == {"error_message"}, said
    said = said["error_message"]
    assert set(said) == {"faultcode", "faultstring", "debuginfo"}
    assert answer.headers["Content-Type"] == "application/json"
    assert said["faultcode"] == ("Client" if answer.status_code < 500 else "Server")
    return answer.status_code, said["faultstring"]


def names(who: Caller, query: str = "") -> list[str]:
    """Of the rules of a list, in its order."""
    return [one["name"] for one in who.get(f"{ALARMS}{query}")]
