"""Flap detection, against Icinga's rule written out in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.flapping import Flapping

WEIGHTS = [Fraction(8, 10) + Fraction(35, 100) * place / 19 for place in range(20)]


def literal(results: list[bool], last: bool | None = None, active: bool = False) -> list[bool]:
    """Whether a target flaps after each of the results: all is counted anew each time."""
    changes = [active] * 20
    told = []
    for result in results:
        changes = [*changes[1:], last is not None and result is not last]
        last = result
        share = 100 * sum(weight for weight, change in zip(WEIGHTS, changes, strict=True) if change) / 20
        active = share >= 25 if active else share >= 30
        told.append(active)
    return told


runs = st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=40)


@given(runs, st.sampled_from((None, True, False)), st.booleans())
def test_it_says_what_the_literal_rule_says(
    turns: list[tuple[bool, int]], last: bool | None, active: bool
) -> None:
    results = [up for up, times in turns for _ in range(times)]
    flapping = Flapping(last, active=active)
    before, told = active, []

    for up in results:
        turned = flapping.note(up)
        assert turned is (flapping.active is not before)
        before = flapping.active
        told.append(before)

    assert told == literal(results, last, active)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_it_tells_the_weighted_share(results: list[bool]) -> None:
    flapping = Flapping()
    for up in results:
        flapping.note(up)
    changes = [one is not other for one, other in pairwise(results)][-20:]
    share = sum(weight for weight, change in zip(WEIGHTS[::-1], changes[::-1], strict=False) if change)

    assert flapping.percent == pytest.approx(float(5 * share))


def test_a_target_that_toggles_flaps_from_the_sixth_change_on() -> None:  # T104
    flapping = Flapping(True)

    assert [flapping.note(number % 2 == 1) for number in range(8)] == [False] * 5 + [True] + [False] * 2
    assert flapping.active


@pytest.mark.parametrize(("changes_ago", "flaps"), [((0, 4, 7, 9, 12, 16), True), ((0, 4, 7, 9, 12, 17), False)])
def test_it_begins_at_30_percent_and_not_below(changes_ago: tuple[int, ...], flaps: bool) -> None:  # T104
    flapping, up = Flapping(True), True
    for ago in range(19, -1, -1):
        up = up is not (ago in changes_ago)
        flapping.note(up)

    assert flapping.percent == pytest.approx(30, abs=0.1)
    assert flapping.active is flaps


def test_it_goes_on_between_25_and_30_percent_and_begins_there_for_none() -> None:  # T104
    flapping = Flapping(True)
    for number in range(5):
        flapping.note(number % 2 == 1)

    assert 25 < flapping.percent < 30
    assert not flapping.active
    flapping.note(True)
    assert flapping.active
    while flapping.percent >= 25:
        assert flapping.active
        flapping.note(True)
    assert not flapping.active


def test_one_that_was_flapping_before_has_to_prove_that_it_stopped() -> None:
    flapping = Flapping(True, active=True)

    assert [flapping.note(True) for _ in range(20)].index(True) == 14
