"""What a notification says of a notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.alarm import (
    ITU_NUMBERS,
    EventCategory,
    ManagedObject,
    Notice,
    NoticeKind,
    ObjectType,
    Severity,
)
from fed_common.notify.snmp.bindings import LONG_TEXT, NO_TIME, bindings, date_and_time, joined, text
from fed_common.notify.snmp.oids import Object

ABOUT = ManagedObject("cloud_one", ObjectType.HOST, "h-1", "host", "tenant", "h-1")

offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)


def said(**fields: object) -> dict[Object, bytes | int]:
    given = {"kind": NoticeKind.RAISED, "severity": Severity.MAJOR, **fields}
    return bindings(Notice(alarm_id="a", name="n", about=ABOUT, **given), delivery_id="d", system="s")  # type: ignore[arg-type]


@given(moments)
def test_date_and_time_reads_back_to_the_tenth_of_a_second(moment: datetime) -> None:
    octets = date_and_time(moment.isoformat())
    assert len(octets) == 11
    *rest, sign, hours, minutes = octets[2:]
    month, day, hour, minute, second, tenth = rest
    assert (chr(sign), hours, minutes) == ("+", 0, 0)
    back = datetime(int.from_bytes(octets[:2]), month, day, hour, minute, second, tenth * 100_000, tzinfo=UTC)
    assert timedelta(0) <= moment.astimezone(UTC) - back < timedelta(milliseconds=100)


@pytest.mark.parametrize("none", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_eight_octets_of_zero(none: str) -> None:
    assert date_and_time(none) == NO_TIME == bytes(8)


def test_date_and_time_of_the_rfc() -> None:
    east = datetime(1992, 5, 26, 13, 30, 15, tzinfo=timezone(-timedelta(hours=4)))
    assert date_and_time(east.isoformat()) == bytes([7, 0xC8, 5, 26, 17, 30, 15, 0, ord("+"), 0, 0])


@given(st.text(st.characters(codec=None)), st.integers(0, 300))
def test_text_is_cut_at_the_end_of_a_character(value: str, most: int) -> None:
    octets = text(value, most)
    assert len(octets) <= most
    whole = value.encode("utf-8", "replace")
    assert whole.startswith(octets)
    assert octets.decode() is not None
    assert len(whole) <= most or len(whole) - len(octets) > 0
    assert most - len(octets) < 4 or octets == whole


@given(st.lists(st.text("abcdef-", min_size=1, max_size=60), max_size=60))
def test_correlated_ids_are_whole_and_as_many_as_fit(ids: list[str]) -> None:
    octets = joined(ids)
    kept = octets.decode().split()
    assert kept == ids[: len(kept)]
    assert len(octets) <= LONG_TEXT
    assert kept == ids or len(" ".join([*kept, ids[len(kept)]])) > LONG_TEXT


@pytest.mark.parametrize("severity", Severity)
def test_severities_have_itus_numbers_and_a_clear_is_cleared(severity: Severity) -> None:
    assert said(severity=severity)[Object.PERCEIVED_SEVERITY] == ITU_NUMBERS[severity]
    assert said(severity=severity, kind=NoticeKind.CLEARED)[Object.PERCEIVED_SEVERITY] == 1


def test_raise_and_clear_have_the_same_id_and_the_sequences_of_the_table() -> None:
    """N63."""
    up, down = said(sequence=7), said(sequence=8, kind=NoticeKind.CLEARED)
    assert (up[Object.ALARM_ID], up[Object.SEQUENCE]) == (b"a", 7)
    assert (down[Object.ALARM_ID], down[Object.SEQUENCE]) == (b"a", 8)


def test_the_time_of_the_event_is_that_of_the_raise_or_of_the_clear() -> None:
    at = "2026-11-21T20:00:00Z"
    up, down = said(event_time=at), said(event_time=at, kind=NoticeKind.CLEARED)
    assert (up[Object.RAISED_TIME], up[Object.CLEARED_TIME]) == (date_and_time(at), NO_TIME)
    assert (down[Object.RAISED_TIME], down[Object.CLEARED_TIME]) == (NO_TIME, date_and_time(at))


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("type_", ObjectType)
@pytest.mark.parametrize("category", EventCategory)
def test_every_notice_says_every_object_once_in_order(
    kind: NoticeKind, type_: ObjectType, category: EventCategory
) -> None:
    about = ManagedObject("cloud_one", type_, "x")
    values = bindings(Notice(kind, "a", "n", Severity.MINOR, about, category=category), delivery_id="", system="")
    assert list(values) == list(Object)
