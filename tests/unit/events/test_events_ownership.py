"""Every VIM has exactly one owner; shares are fair; the dead are replaced."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fed_common.core import clock
from fed_common.events.models import Lease, Worker
from fed_common.events.ownership import Ownership

VIMS = [f"vio_{number}" for number in range(6)]
LONG_AGO = timedelta(minutes=1)


def die(name: str) -> None:
    """Its leases have run out."""
    past = clock.now() - LONG_AGO
    Lease.objects.filter(owner=name).update(expires_at=past)
    Worker.objects.filter(name=name).update(expires_at=past)


@pytest.mark.django_db
def test_a_single_listener_owns_everything() -> None:
    assert Ownership("a").share(VIMS) == set(VIMS)


@pytest.mark.django_db
def test_two_listeners_end_with_half_each() -> None:
    a, b = Ownership("a"), Ownership("b")
    a.share(VIMS)
    b.share(VIMS)
    ours = a.share(VIMS)
    theirs = b.share(VIMS)
    assert len(ours) == len(theirs) == 3
    assert ours | theirs == set(VIMS)


@pytest.mark.django_db
def test_a_dead_listener_is_replaced_and_a_living_one_is_not() -> None:
    a, b = Ownership("a"), Ownership("b")
    assert a.share(VIMS[:1]) == set(VIMS[:1])
    assert b.share(VIMS[:1]) == set()
    die("a")
    assert b.share(VIMS[:1]) == set(VIMS[:1])
    assert a.share(VIMS[:1]) == set()


@pytest.mark.django_db
def test_leaving_frees_everything_at_once() -> None:
    a, b = Ownership("a"), Ownership("b")
    a.share(VIMS)
    a.leave()
    assert b.share(VIMS) == set(VIMS)


@pytest.mark.django_db
def test_a_vim_that_is_gone_is_given_up() -> None:
    a = Ownership("a")
    a.share(VIMS)
    assert a.share(VIMS[:2]) == set(VIMS[:2])
    assert Lease.objects.count() == 2


class Listeners(RuleBasedStateMachine):
    """Listeners come, renew, leave and die in any order."""

    def __init__(self) -> None:
        super().__init__()
        Lease.objects.all().delete()
        Worker.objects.all().delete()
        self.believe: dict[str, set[str]] = {}

    @rule(name=st.sampled_from("abc"), vims=st.just(VIMS))
    def renews(self, name: str, vims: list[str]) -> None:
        self.believe[name] = Ownership(name).share(vims)

    @rule(name=st.sampled_from("abc"))
    def leaves(self, name: str) -> None:
        Ownership(name).leave()
        self.believe.pop(name, None)

    @rule(name=st.sampled_from("abc"))
    def dies(self, name: str) -> None:
        die(name)
        self.believe.pop(name, None)

    @invariant()
    def no_vim_has_two_owners(self) -> None:
        owned = [vim for vims in self.believe.values() for vim in vims]
        assert len(owned) == len(set(owned))

    @invariant()
    def the_living_end_up_with_everything(self) -> None:
        if self.believe:
            for _ in range(3):
                for name in self.believe:
                    self.believe[name] = Ownership(name).share(VIMS)
            assert set().union(*self.believe.values()) == set(VIMS)


class OwnershipMachine(TestCase):
    """Runs the machine in a database."""

    def test_whatever_happens_each_vim_has_one_owner(self) -> None:
        run_state_machine_as_test(
            Listeners, settings=hypothesis_settings(max_examples=25, stateful_step_count=12, deadline=None)
        )
