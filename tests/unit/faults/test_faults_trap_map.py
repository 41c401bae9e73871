"""Which traps say what of which host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.faults.detectors.trap_map import Entry, Said, Trap, bound, own_entries, read_map

ROOT = "1.3.6.1.4.1.99999"
LINK_DOWN, IF_INDEX = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1"
SENDERS = {"sender": {"192.0.2.10": "compute-1"}}


def trap(oid: str, sender: str = "192.0.2.10", **bindings: str) -> Trap:
    return Trap(oid, {name.replace("_", "."): value for name, value in bindings.items()}, sender)


def of_host(number: int, kind: str = "2", vim_id: str = "cloud_one", host: str = "h1") -> Trap:
    values = {f"{ROOT}.1.5.0": vim_id, f"{ROOT}.1.6.0": kind, f"{ROOT}.1.7.0": host}
    return Trap(f"{ROOT}.0.{number}", values, "192.0.2.1")


def read(tmp_path: Path, plain: Any) -> Any:
    path = tmp_path / "traps.json"
    path.write_text(plain if isinstance(plain, str) else json.dumps(plain))
    return read_map(str(path), ROOT)


def test_our_own_mib_is_known_without_a_file() -> None:
    known = read_map("", ROOT)
    assert known.said(of_host(1)) == Said("cloud_one", "h1", down=True)
    assert known.said(of_host(2)) == Said("cloud_one", "h1", down=False)


@pytest.mark.parametrize(
    "other",
    [of_host(3), of_host(1, kind="3"), of_host(1, vim_id=""), of_host(1, host=""), Trap("", {}, "")],
)
def test_what_is_not_of_a_host_says_nothing(other: Trap) -> None:
    assert read_map("", ROOT).said(other) is None


def test_an_entry_of_the_file_names_the_host_by_the_sender(tmp_path: Path) -> None:
    entry = {"trap": LINK_DOWN, "down": True, "when": {IF_INDEX: "2"}, "vim_id": "cloud_one", "host": SENDERS}
    known = read(tmp_path, {"traps": [entry]})
    index = {f"{IF_INDEX}.2": "2"}
    assert known.said(Trap(LINK_DOWN, index, "192.0.2.10")) == Said("cloud_one", "compute-1", down=True)
    assert known.said(Trap(LINK_DOWN, index, "192.0.2.11")) is None
    assert known.said(Trap(LINK_DOWN, {f"{IF_INDEX}.3": "3"}, "192.0.2.10")) is None
    assert known.said(of_host(1)) is not None


def test_the_first_entry_that_is_for_a_trap_counts(tmp_path: Path) -> None:
    entries = [
        {"trap": "1.2", "down": down, "vim_id": "cloud_one", "host": host}
        for down, host in ((True, "a"), (False, "b"))
    ]
    assert read(tmp_path, {"traps": entries}).said(trap("1.2")) == Said("cloud_one", "a", down=True)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), st.lists(st.integers(0, 50), max_size=3))
def test_a_binding_is_found_with_its_instance_and_not_as_part_of_another(
    name: list[int], instance: list[int]
) -> None:
    oid = ".".join(map(str, name))
    full = ".".join(map(str, [*name, *instance]))
    assert bound(Trap("", {full: "x"}, ""), oid) == "x"
    assert bound(Trap("", {f"{oid}1": "x"}, ""), oid) is None


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ("{", "JSON file"),
        ([], "users and traps"),
        ({"trap": []}, "users and traps"),
        ({"traps": {}}, "traps"),
        ({"traps": [1]}, "traps"),
        ({"traps": [{}]}, r"traps\[0\].trap"),
        ({"traps": [{"trap": "1.2", "down": "yes", "vim_id": "a_b", "host": "h"}]}, r"traps\[0\].down"),
        ({"traps": [{"trap": "1.2", "down": True, "vim_id": {"sender": {}}, "host": "h"}]}, "vim_id"),
        ({"traps": [{"trap": "1.2", "down": True, "vim_id": "a_b", "host": 5}]}, "host"),
        ({"traps": [{"trap": "1.2", "down": True, "vim_id": "a_b", "host": {"sender": "h"}}]}, "host"),
        ({"traps": [{"trap": "1.2", "down": True, "vim_id": "a_b", "host": "h", "when": {"1.2": 5}}]}, "when"),
        ({"traps": [{"trap": "1.2", "down": True, "vim_id": "a_b", "host": "h", "when": "5"}]}, "when"),
        ({"users": [{"nam": "x"}]}, r"users\[0\].nam"),
        ({"users": [{"name": "x", "auth_key": 5}]}, r"users\[0\].auth_key"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, plain: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(tmp_path, plain)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Invalid, match="MCFED_SNMP_TRAP_CONFIG"):
        read_map("/nowhere/traps.json", ROOT)


def test_entries_are_made_for_the_enterprise() -> None:
    assert [entry.trap for entry in own_entries("1.3.6.1.4.1.7")] == ["1.3.6.1.4.1.7.0.1", "1.3.6.1.4.1.7.0.2"]
    assert isinstance(own_entries(ROOT)[0], Entry)
