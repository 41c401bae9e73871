"""Cutting a batch into parts, sorting out what cannot go, and finding the one culprit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message, Refused
from fed_common.publishers.parts import PartRefused, parts_of, publish_parts, sort_out_unfit
from tests.messages import message, numbered


def sized(*sizes: int) -> list[Message]:
    return [message(str(n), value=b"x" * size) for n, size in enumerate(sizes)]


def lengths(parts: Any) -> list[list[int]]:
    return [[len(one.value) for one in part] for part in parts]


def test_a_part_ends_at_the_number_or_the_bytes_whichever_comes_first() -> None:
    assert lengths(parts_of(sized(1, 1, 1, 8, 3, 9), most=2, most_bytes=10)) == [[1, 1], [1, 8], [3], [9]]


def test_a_message_bigger_than_a_part_goes_alone() -> None:
    assert lengths(parts_of(sized(1, 50, 1), most=5, most_bytes=10)) == [[1], [50], [1]]


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 6), st.integers(1, 50))
def test_parts_hold_every_message_in_order(sizes: list[int], most: int, most_bytes: int) -> None:
    messages = sized(*sizes)

    parts = list(parts_of(messages, most=most, most_bytes=most_bytes))

    assert [one for part in parts for one in part] == messages
    assert all(len(part) == 1 or sum(len(one.value) for one in part) <= most_bytes for part in parts)
    assert all(1 <= len(part) <= most for part in parts)


class FarSide:
    """Refuses every part with a poison in it and breaks down after some calls."""

    def __init__(self, poison: Sequence[Message] = (), *, breaks_after: int = 10_000) -> None:
        self.held: list[Message] = []
        self._poison, self._calls_left = poison, breaks_after

    def __call__(self, part: Sequence[Message]) -> Sequence[Refused]:
        self._calls_left -= 1
        if self._calls_left < 0:
            raise Retryable("down", retry_after=7)
        if any(one in self._poison for one in part):
            raise PartRefused("poison")
        self.held += part
        return []


@given(st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_halving_isolates_exactly_the_poison_and_keeps_the_order_of_the_rest(count: int, wrong: set[int]) -> None:
    messages = numbered(count)
    poison = [messages[n] for n in sorted(wrong) if n < count]
    far_side = FarSide(poison)

    refused = publish_parts([messages[:7], messages[7:]], far_side)

    assert [one.message for one in refused] == poison
    assert far_side.held == [one for one in messages if one not in poison]


@given(st.integers(1, 30), st.sets(st.integers(0, 29)), st.integers(0, 20))
def test_an_outage_leaves_each_message_either_held_or_unsent(count: int, wrong: set[int], calls: int) -> None:
    messages = numbered(count)
    far_side = FarSide([messages[n] for n in wrong if n < count], breaks_after=calls)

    try:
        refused = publish_parts(parts_of(messages, most=4, most_bytes=10**6), far_side)
        unsent = [one.message for one in refused]
    except Retryable as error:
        unsent = list(error.unsent or ())

    assert sorted(int(one.event.id) for one in [*far_side.held, *unsent]) == list(range(count))


def test_only_what_the_far_side_lacks_of_a_refused_part_is_sent_again() -> None:
    messages = numbered(6)
    sent: list[list[Message]] = []

    def send(part: Sequence[Message]) -> Sequence[Refused]:
        sent.append(list(part))
        if len(part) == 6:
            raise PartRefused("one of them", left=part[3:])
        return []

    assert publish_parts([messages], send) == []
    assert sent == [messages, messages[3:4], messages[4:]]


def test_what_was_refused_before_is_unsent_too_after_an_outage() -> None:
    first, second = numbered(2)

    with pytest.raises(Retryable) as caught:
        publish_parts([[second]], FarSide(breaks_after=0), [Refused(first, "too big")])

    assert caught.value.unsent == [first, second]
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: message(value=b"x" * 101), "101 bytes are too much; at most 100 (MCFED_MESSAGE_MAX_BYTES)"),
        (lambda: message(topic="no topic"), "topic: 'no topic' is not allowed"),
        (lambda: message(topic=".."), "topic: '..' is not allowed"),
    ],
)
def test_what_no_far_side_can_take_is_sorted_out(make: Callable[[], Message], reason: str, settings: Any) -> None:
    settings.MESSAGE_MAX_BYTES = 100
    good, bad = message(value=b"x" * 100), make()

    fitting, refused = sort_out_unfit([bad, good])

    assert fitting == [good]
    assert refused[0].message == bad
    assert refused[0].reason.startswith(reason)
