"""Which traps say what of which host, as a JSON file has it; docs/specs/detectors.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fed_common.core.errors import Invalid
from fed_common.interfaces.registry import parse_config

HOST_OBJECT = "2"
_RAISE, _CLEAR = 1, 2
_VIM_ID, _OBJECT_TYPE, _OBJECT_ID = 5, 6, 7
_FIELD = "MCFED_SNMP_TRAP_CONFIG"
_WORDS = ("users", "traps")

Where = str | dict[str, Any]
"""A name, or where it is to be found."""


@dataclass(frozen=True, slots=True)
class Trap:
    """What arrived: the notification's OID, its bindings by OID as text, and who sent it."""

    oid: str
    bindings: Mapping[str, str]
    sender: str


@dataclass(frozen=True, slots=True)
class Said:
    """Of which host a trap says that it is down, or back."""

    vim_id: str
    host: str
    down: bool


@dataclass(frozen=True, slots=True)
class TrapUser:
    """Of SNMPv3. ``engine_id``: of whoever sends traps with it, in hex digits; informs need none."""

    name: str
    auth: str = "SHA-256"
    auth_key: str = field(default="", repr=False)
    priv: str = "AES"
    priv_key: str = field(default="", repr=False)
    engine_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the map.

    ``when``     OIDs, without the instance at their end, and the values that the trap has to have there.
    ``vim_id``, ``host``  the name, or ``{"binding": oid}``: what the trap has there, or, of ``host``,
                 ``{"sender": {address: name}}``: by who sent it.
    """

    trap: str
    down: bool
    vim_id: Where
    host: Where
    when: dict[str, str] = field(default_factory=dict)

    def said(self, trap: Trap) -> Said | None:
        """What the trap says by this entry; None: nothing."""
        if trap.oid != self.trap or any(bound(trap, oid) != value for oid, value in self.when.items()):
            return None
        vim_id, host = _found(self.vim_id, trap), _found(self.host, trap)
        return Said(vim_id, host, self.down) if vim_id and host else None


@dataclass(frozen=True, slots=True)
class TrapMap:
    """All of it."""

    users: Sequence[TrapUser]
    entries: Sequence[Entry]

    def said(self, trap: Trap) -> Said | None:
        """What the first entry that it is for makes of it; None: none of them."""
        return next((said for entry in self.entries if (said := entry.said(trap))), None)


def own_entries(enterprise: str) -> list[Entry]:
    """Our own MIB: the alarms of hosts that another gateway raises and clears."""
    host = {f"{enterprise}.1.{_OBJECT_TYPE}": HOST_OBJECT}
    vim_id: Where = {"binding": f"{enterprise}.1.{_VIM_ID}"}
    name: Where = {"binding": f"{enterprise}.1.{_OBJECT_ID}"}
    return [
        Entry(f"{enterprise}.0.{_RAISE}", True, vim_id, name, host),
        Entry(f"{enterprise}.0.{_CLEAR}", False, vim_id, name, host),
    ]


def read_map(path: str, enterprise: str) -> TrapMap:
    """The file's map, and our own MIB behind it. Raises Invalid naming what is wrong, no secret in it."""
    try:
        plain = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise Invalid(_FIELD, path, f"a JSON file that is there ({type(error).__name__})") from error
    if not isinstance(plain, Mapping) or plain.keys() - set(_WORDS):
        raise Invalid(_FIELD, path, f"an object of {' and '.join(_WORDS)}")
    users = [parse_config(TrapUser, one, field=f"{_FIELD}: users[{at}]") for at, one in _list(plain, "users")]
    entries = [_entry(one, f"{_FIELD}: traps[{at}]") for at, one in _list(plain, "traps")]
    return TrapMap(users, [*entries, *own_entries(enterprise)])


def bound(trap: Trap, oid: str) -> str | None:
    """What the trap has at that OID, or at an instance of it."""
    wanted = oid.strip(".")
    found = (value for name, value in trap.bindings.items() if name == wanted or name.startswith(f"{wanted}."))
    return next(found, None)


def _list(plain: Mapping[str, Any], name: str) -> list[tuple[int, Mapping[str, Any]]]:
    given = plain.get(name, [])
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Invalid(f"{_FIELD}: {name}", "***", "a list of objects")
    return list(enumerate(given))


def _entry(given: Mapping[str, Any], where: str) -> Entry:
    entry = parse_config(Entry, given, field=where)
    if not isinstance(entry.when, dict) or not all(isinstance(value, str) for value in entry.when.values()):
        raise Invalid(f"{where}.when", entry.when, "an object of OIDs and the texts that they have to have")
    for name, ways in (("vim_id", ("binding",)), ("host", ("binding", "sender"))):
        value = getattr(entry, name)
        if not (isinstance(value, str) and value) and not _way(value, ways):
            raise Invalid(f"{where}.{name}", value, f"a name, or an object of one of {', '.join(ways)}")
    return entry


def _way(value: object, ways: Sequence[str]) -> bool:
    """Whether it is an object of one of these, with what that needs."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    ((way, what),) = value.items()
    return way in ways and isinstance(what, Mapping if way == "sender" else str)


def _found(what: Where, trap: Trap) -> str | None:
    if isinstance(what, str):
        return what
    if "binding" in what:
        return bound(trap, str(what["binding"]))
    name = dict(what["sender"]).get(trap.sender)
    return str(name) if name else None
