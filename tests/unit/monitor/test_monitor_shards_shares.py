"""Who should own what: everything has an owner, shares are fair, and little moves."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from fed_common.monitor.shards.shares import GIVE_UP_AT_ONCE, plan, quotas, score, watched

NAMES = st.sampled_from([f"executor-{number}" for number in range(8)])
SHARDS = 32


def settle(owners: dict[int, str], alive: set[str]) -> int:
    """Everyone takes turns until nobody has anything to do; how many shards moved."""
    moved = 0
    while True:
        plans = {name: plan(name, alive, owners) for name in sorted(alive)}
        if not any(one.give_up or one.claim for one in plans.values()):
            return moved
        for name, one in plans.items():
            moved += len(one.claim)
            owners.update(dict.fromkeys(one.claim, name))
            owners.update(dict.fromkeys(one.give_up, ""))


def fair(owners: dict[int, str], alive: set[str]) -> bool:
    held = Counter(owners.values())
    return held.keys() <= alive and max(held.values()) - min(held[name] for name in alive) <= 1


@hypothesis_settings(max_examples=40)
@given(st.sets(NAMES, min_size=1), st.data())
def test_from_any_beginning_everything_ends_owned_in_fair_shares(alive: set[str], data: st.DataObject) -> None:
    holders = st.sampled_from([*sorted(alive), ""])
    owners = {shard: data.draw(holders) for shard in range(SHARDS)}
    settle(owners, alive)
    assert "" not in owners.values()
    assert fair(owners, alive)


@given(st.sets(NAMES, min_size=2))
def test_when_one_goes_only_its_shards_move(alive: set[str]) -> None:
    owners = dict.fromkeys(range(SHARDS), "")
    settle(owners, alive)
    gone = min(alive)
    orphans = {shard: "" if owner == gone else owner for shard, owner in owners.items()}
    assert settle(orphans, alive - {gone}) == list(owners.values()).count(gone)
    assert fair(orphans, alive - {gone})


@given(st.sets(NAMES, min_size=2))
def test_when_one_comes_only_its_share_moves(alive: set[str]) -> None:  # T100
    new = min(alive)
    owners = dict.fromkeys(range(SHARDS), "")
    settle(owners, alive - {new})
    assert settle(owners, alive) == quotas(alive, owners)[new]
    assert fair(owners, alive)


@hypothesis_settings(max_examples=40)
@given(st.sets(NAMES, min_size=1), st.data())
def test_no_two_who_see_the_same_claim_the_same(alive: set[str], data: st.DataObject) -> None:
    holders = st.sampled_from([*sorted(alive), "", "a stranger"])
    owners = {shard: data.draw(holders) for shard in range(SHARDS)}
    claims = Counter(shard for name in alive for shard in plan(name, alive, owners).claim)
    assert not claims or max(claims.values()) == 1
    assert all(not owners[shard] for shard in claims)


def test_much_surplus_is_given_up_by_and_by_and_the_last_of_it_at_once() -> None:
    owners = dict.fromkeys(range(256), "a")
    turns = []
    while given := plan("a", {"a", "b"}, owners).give_up:
        turns.append(len(given))
        owners.update(dict.fromkeys(given, "b"))
    assert turns[0] == 64
    assert turns == sorted(turns, reverse=True)
    assert sum(turns) == 128
    assert len(turns) <= 6
    assert all(count >= GIVE_UP_AT_ONCE for count in turns[:-1])


def test_the_preference_is_the_same_on_every_node_and_even() -> None:
    assert score("a", 1) == score("a", 1) != score("b", 1)
    first = Counter(max("abcd", key=lambda name: score(name, shard)) for shard in range(1000))
    assert min(first.values()) > 200


def test_few_watch_each_other_and_many_the_next_two_of_the_ring() -> None:
    few = [f"{number:02}" for number in range(10)]
    assert watched("03", few) == set(few) - {"03"}
    many = [f"{number:02}" for number in range(11)]
    assert watched("03", many) == {"04", "05"}
    assert watched("10", many) == {"00", "01"}
    assert Counter(peer for me in many for peer in watched(me, many)) == dict.fromkeys(many, 2)
    assert watched("alone", []) == set()


class Executors(RuleBasedStateMachine):
    """Executors come, go and take turns in any order; a claim succeeds only while the shard is free."""

    @initialize()
    def begin(self) -> None:
        self.owners = dict.fromkeys(range(SHARDS), "")
        self.epochs = dict.fromkeys(range(SHARDS), 0)
        self.alive: set[str] = set()

    @rule(name=NAMES)
    def come(self, name: str) -> None:
        self.alive.add(name)

    @rule(name=NAMES)
    def go(self, name: str) -> None:
        self.alive.discard(name)
        self.owners = {shard: "" if owner == name else owner for shard, owner in self.owners.items()}

    @rule(name=NAMES, old=st.booleans())
    def turn(self, name: str, old: bool) -> None:
        """Also by one who counts itself alone, as after an old reading."""
        if name in self.alive:
            todo = plan(name, {name} if old else self.alive, self.owners)
            assert not todo.give_up or not todo.claim
            assert all(self.owners[shard] == name for shard in todo.give_up)
            self.owners.update(dict.fromkeys(todo.give_up, ""))
            for shard in todo.claim:
                if not self.owners[shard]:
                    self.owners[shard] = name
                    self.epochs[shard] += 1

    @rule()
    def rest(self) -> None:
        """Left alone, they come to fair shares."""
        if self.alive:
            settle(self.owners, self.alive)
            assert "" not in self.owners.values()
            assert fair(self.owners, self.alive)

    @invariant()
    def nobody_dead_owns_anything(self) -> None:
        assert set(self.owners.values()) - {""} <= self.alive


def test_executors_in_any_order_come_to_fair_shares() -> None:
    run_state_machine_as_test(Executors, settings=hypothesis_settings(max_examples=40, stateful_step_count=30))
