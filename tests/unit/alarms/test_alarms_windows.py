"""Time constraints: what is refused at the door, and when a window is open (N12, N43)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fed_common.alarms.windows import constraints_to_plain, open_at, parse_time_constraints
from fed_common.core.errors import Invalid
from fed_common.core.rules import TimeConstraint
from tests.json_values import JSON

NIGHT = {"name": "night", "start": "0 22 * * *", "duration": 8 * 3600, "timezone": "Europe/Berlin"}
CRON = st.text("0123456789*/,-#?LWRHrh@ \tabdefijmnoprstuwy", max_size=20)
NEARLY = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["a", "b"]) | JSON,
            "start": st.sampled_from(["* * * * *", "0 0 30 2 *", "@daily"]) | CRON | JSON,
            "duration": st.integers(-1, 100) | st.sampled_from(["5", "-5", "٣", "9" * 5000]) | JSON,
            "timezone": st.sampled_from(["", "UTC", "Europe", "../UTC", "localtime", "a\x00", "é"]) | JSON,
            "description": JSON,
        },
    ),
    max_size=3,
)


def test_what_was_sent_is_given_back_with_its_defaults() -> None:
    plain = [{**NIGHT, "description": "quiet"}]
    assert constraints_to_plain(parse_time_constraints(plain)) == plain
    bare = parse_time_constraints([{"name": "n", "start": "0 0 * * *", "duration": "300"}])
    assert bare == (TimeConstraint("n", "0 0 * * *", 300),)
    assert parse_time_constraints(None) == parse_time_constraints([]) == ()


@pytest.mark.parametrize(
    ("changes", "key", "allowed"),
    [
        ({"name": None}, "name", "a text"),
        ({"name": ""}, "name", "not empty"),
        ({"start": None}, "start", "a text"),
        ({"start": "* * * *"}, "start", "5 to 7 columns"),
        ({"start": "* * * * * * * *"}, "start", "5 to 7 columns"),
        ({"start": "61 * * * *"}, "start", "5 to 7 columns"),
        ({"start": "0 0 30 2 *"}, "start", "within 50 years"),
        ({"start": "R R * * *"}, "start", "without R and H"),
        ({"start": "H(0-9)/2 * * * *"}, "start", "without R and H"),
        ({"duration": None}, "duration", "whole seconds"),
        ({"duration": -1}, "duration", "whole seconds"),
        ({"duration": 1.5}, "duration", "whole seconds"),
        ({"duration": True}, "duration", "whole seconds"),
        ({"duration": "soon"}, "duration", "whole seconds"),
        ({"duration": 10**30}, "duration", "whole seconds"),
        ({"timezone": "Mars/Olympus"}, "timezone", "Europe/Berlin"),
        ({"timezone": "../../etc/passwd"}, "timezone", "Europe/Berlin"),
        ({"timezone": "Europe"}, "timezone", "Europe/Berlin"),
        ({"timezone": "localtime"}, "timezone", "Europe/Berlin"),
        ({"timezone": 1}, "timezone", "a text"),
        ({"description": 1}, "description", "a text"),
        ({"end": "x"}, "end", "name, start, duration"),
    ],
)
def test_a_bad_constraint_is_refused_by_its_number(changes: dict[str, Any], key: str, allowed: str) -> None:
    """N12"""
    with pytest.raises(Invalid) as refused:
        parse_time_constraints([{**NIGHT, "name": "first"}, {**NIGHT, **changes}])
    assert refused.value.field == f"time_constraints[1].{key}"
    assert allowed in refused.value.allowed


def test_two_constraints_of_one_name_are_refused() -> None:
    """N12"""
    with pytest.raises(Invalid) as refused:
        parse_time_constraints([NIGHT, NIGHT])
    assert refused.value.field == "time_constraints[1].name"


@settings(deadline=None)
@given(NEARLY | JSON)
def test_reading_gives_constraints_that_read_back_equal_and_can_be_asked_or_says_invalid(plain: Any) -> None:
    try:
        constraints = parse_time_constraints(plain)
    except Invalid:
        return
    assert parse_time_constraints(constraints_to_plain(constraints)) == constraints
    open_at(constraints, datetime(2026, 11, 21, 10, 0, tzinfo=UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T20:59:59.999999+00:00", False),
        ("2026-11-20T21:00:00+00:00", True),
        ("2026-11-21T05:00:00.999999+00:00", True),
        ("2026-11-21T05:00:01+00:00", False),
        ("2026-07-20T20:00:00+00:00", True),
        ("2026-07-20T19:59:59+00:00", False),
    ],
)
def test_a_window_opens_by_the_clock_of_its_zone_and_lasts_real_seconds(moment: str, is_open: bool) -> None:
    """N43"""
    assert open_at(parse_time_constraints([NIGHT]), at(moment)) is is_open


def test_any_open_window_is_enough_and_none_at_all_means_always() -> None:
    """N43"""
    lunch = {"name": "lunch", "start": "0 12 * * *", "duration": 3600}
    both = parse_time_constraints([NIGHT, lunch])
    assert open_at(both, at("2026-11-21T12:30:00+00:00"))
    assert open_at(both, at("2026-11-21T23:30:00+00:00"))
    assert not open_at(both, at("2026-11-21T13:30:00+00:00"))
    assert open_at((), at("2026-11-21T13:30:00+00:00"))


@pytest.mark.parametrize(
    ("start", "moment", "is_open"),
    [
        ("0 0 1 1 * 0 2020", "2026-01-01T00:00:00+00:00", False),
        ("0 0 1 1 * 0 2040", "2026-01-01T00:00:00+00:00", False),
        ("0 0 1 1 * 30 2026", "2026-01-01T00:00:30+00:00", True),
        ("* * * * * 15", "2026-01-01T00:00:15.5+00:00", True),
        ("* * * * * 15", "2026-01-01T00:00:16.5+00:00", False),
        ("0 9 * * mon-fri", "2026-11-20T09:00:00+00:00", True),
        ("0 9 * * mon-fri", "2026-11-21T09:00:00+00:00", False),
    ],
)
def test_seconds_years_and_days_of_the_week_are_read(start: str, moment: str, is_open: bool) -> None:
    window = parse_time_constraints([{"name": "w", "start": start, "duration": 0}])
    assert open_at(window, at(moment)) is is_open


CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"),
    "America/New_York": ("2026-03-08T07:00:00+00:00", "2026-11-01T06:00:00+00:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00+00:00", "2026-10-03T15:30:00+00:00"),
    "Africa/Casablanca": ("2026-02-15T02:00:00+00:00", "2026-03-22T02:00:00+00:00"),
    "Asia/Kolkata": ("2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"),
}
around = st.tuples(
    st.sampled_from([(zone, moment) for zone, moments in CHANGES.items() for moment in moments]),
    st.integers(-36 * 60, 36 * 60),
)


def by_the_minute(hour: int, minute: int, duration: int, zone: ZoneInfo, moment: datetime) -> bool:
    """Whether the zone's clock showed this time within the last ``duration`` minutes: asked of every one."""
    walls = ((moment - timedelta(minutes=ago)).astimezone(zone) for ago in range(duration + 1))
    return any((wall.hour, wall.minute) == (hour, minute) for wall in walls)


@settings(max_examples=300, deadline=None)
@given(around, st.integers(0, 4), st.sampled_from([0, 15, 30, 45]), st.sampled_from([0, 30, 90, 600, 2000]))
@example((("Europe/Berlin", CHANGES["Europe/Berlin"][1]), 10), 2, 30, 60)
@example((("Europe/Berlin", CHANGES["Europe/Berlin"][0]), 10), 2, 30, 60)
def test_windows_around_a_change_of_the_clock_are_those_that_the_clock_showed(
    when: tuple[tuple[str, str], int], hour: int, minute: int, duration: int
) -> None:
    (name, change), minutes = when
    moment = at(change) + timedelta(minutes=minutes)
    window = (TimeConstraint("w", f"{minute} {hour} * * *", duration * 60, name),)
    assert open_at(window, moment) is by_the_minute(hour, minute, duration, ZoneInfo(name), moment)


def test_long_and_short_windows_that_begin_in_the_hour_shown_twice_are_open_after_it() -> None:
    zone = "Europe/Berlin"
    year = (TimeConstraint("w", "30 2 25 10 *", 300 * 86_400, zone),)
    hour = (TimeConstraint("w", "30 2 25 10 *", 3600, zone),)
    second_ten_past_two = at("2026-10-25T01:10:00+00:00")  # 02:10 again; 02:30 was 40 minutes ago
    assert open_at(year, second_ten_past_two)
    assert open_at(hour, second_ten_past_two)
    assert open_at(year, at("2026-08-01T00:00:00+00:00"))
    assert not open_at(year, at("2026-08-22T00:00:00+00:00"))
    assert not open_at(hour, at("2026-08-01T00:00:00+00:00"))
