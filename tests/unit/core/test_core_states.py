"""The state tables: what they allow, and that nothing in them is a dead end or an unknown word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core import states
from fed_common.core.errors import Conflict
from fed_common.core.health import Health
from fed_common.core.states import OPERATION, TARGET, VIM, VNF, Table, diagram, transition
from fed_common.core.vnf import OperationKind, VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.models import Operation

TABLES: list[Table[Any]] = [TARGET, VIM, VNF, OPERATION]
EACH = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)


@EACH
def test_every_state_is_reached_from_the_first_one_and_left_unless_it_is_final(table: Table[Any]) -> None:
    reached, open_ends = set(), {table.start}
    while open_ends:
        state = open_ends.pop()
        reached.add(state)
        after = {to for (before, _), to in table.moves.items() if before is state}
        assert bool(after) is (state not in table.final), state
        open_ends |= after - reached - {None}

    assert reached == set(type(table.start))


@pytest.mark.parametrize("table", [VNF, OPERATION], ids=lambda table: table.noun)
def test_everything_that_ends_can_come_to_its_end_from_everywhere(table: Table[Any]) -> None:
    ends = set(table.final) | {None}
    before = set()
    while before != ends:
        before = set(ends)
        ends |= {state for (state, _), to in table.moves.items() if to in before}

    assert set(type(table.start)) <= ends


@EACH
def test_all_words_are_known(table: Table[Any]) -> None:
    words = (states.Seen, states.VnfTrigger, states.OperationTrigger)
    kinds = {type(trigger) for _, trigger in table.moves}

    assert len(kinds) == 1
    assert kinds <= set(words)
    assert {to for to in table.moves.values() if to} <= set(type(table.start))
    assert {trigger for _, trigger in table.moves} == set(next(iter(kinds)))


@EACH
@given(data=st.data())
def test_any_walk_goes_along_the_table_and_the_rest_is_refused(table: Table[Any], data: st.DataObject) -> None:
    state = table.start
    triggers = st.sampled_from(list(type(next(iter(table.moves))[1])))
    for trigger in data.draw(st.lists(triggers, max_size=30)):
        after = table.moves.get((state, trigger))
        if after is None:
            with pytest.raises(Conflict, match=f"'{state}' does not allow {trigger}; it allows "):
                transition(table, state, trigger)
        else:
            state = transition(table, str(state), str(trigger))
            assert state is after


def test_the_words_are_those_of_the_rows() -> None:
    assert {str(one) for one in states.VimStatus} == set(Vim.Status.values)
    assert {str(one) for one in states.OperationState} == set(Operation.State.values)
    ours = {str(one) for one in states.VnfTrigger}
    assert {one for one in OperationKind if one not in ours} == {
        OperationKind.CREATE,
        OperationKind.LOG,
        OperationKind.WEBHOOK,
    }


@pytest.mark.parametrize("kind", ["respawn", "log_and_kill", "vdu_autoheal", "scale_out", "scale_in", "update"])
def test_only_an_active_vnf_begins_something_new(kind: str) -> None:  # T56 T57 T65 T78
    assert transition(VNF, VnfStatus.ACTIVE, kind) is not VnfStatus.ACTIVE
    for status in set(VnfStatus) - {VnfStatus.ACTIVE}:
        with pytest.raises(Conflict):
            transition(VNF, status, kind)


def test_a_vnf_is_respawned_under_its_own_name_or_killed() -> None:  # T54 T59
    dead = transition(VNF, "ACTIVE", "respawn")

    assert dead is VnfStatus.DEAD
    assert transition(VNF, dead, "done") is VnfStatus.ACTIVE
    assert transition(VNF, dead, "delete") is VnfStatus.PENDING_DELETE
    with pytest.raises(Conflict):
        transition(VNF, "PENDING_DELETE", "done")


def test_states_nobody_knows_are_refused() -> None:
    with pytest.raises(Conflict, match="VNF in state 'SLEEPING' does not allow done; it allows nothing"):
        transition(VNF, "SLEEPING", "done")


def test_a_picture_shows_every_move() -> None:
    picture = diagram(VNF)

    assert picture.startswith("```mermaid\nstateDiagram-v2\n    [*] --> PENDING_CREATE\n")
    for (before, trigger), after in VNF.moves.items():
        line = next(one for one in picture.splitlines() if one.startswith(f"    {before} --> {after or '[*]'}: "))
        assert trigger in line.partition(": ")[2].split(", ")
    assert "    done --> [*]\n" in diagram(OPERATION)
    assert set(Health) <= set(diagram(TARGET).split())
