"""Conditions: what is refused at the door, and what holds for an event (N5 to N8, N36 to N39, N41, N51, N52)."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import fields
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.conditions import condition_to_plain, matches, parse_condition
from fed_common.core.errors import Invalid
from fed_common.core.extras import extras_to_plain, parse_extras
from fed_common.core.globs import matcher, parse_glob
from fed_common.core.rules import Condition, Extras, Term
from fed_common.core.traits import Seen
from tests.examples import event
from tests.json_values import JSON

EXTRAS = [one.name for one in fields(Extras)]
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "event_type": JSON | st.text("[]!*?a-z", max_size=8),
        "query": JSON
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "field": JSON | st.sampled_from(["traits.a", "generated", "raw"]),
                    "op": JSON | st.sampled_from(["lt", "eq"]),
                    "value": JSON | st.sampled_from(["1", "true", "9" * 5000, "1e999", "\ud800"]),
                    "type": JSON | st.sampled_from(["", "integer", "float", "boolean", "datetime"]),
                },
            ),
            max_size=3,
        ),
        "x": JSON,
    },
)


def seen(**changes: Any) -> Seen:
    return Seen.of(event(**changes))


def with_traits(**payload: Any) -> Seen:
    return seen(payload=payload)


def holds(field: str, op: str, value: str, type: str, event_seen: Seen) -> bool:
    query = [{"field": field, "op": op, "value": value, "type": type}]
    return matches(parse_condition({"query": query}), event_seen)


# -- reading


@pytest.mark.parametrize("plain", [{}, {"event_type": ""}, {"event_type": None, "query": None}, {"query": []}])
def test_a_rule_that_says_nothing_hears_everything(plain: dict[str, Any]) -> None:
    """N1"""
    assert parse_condition(plain) == Condition("*", ())
    assert condition_to_plain(parse_condition(plain)) == {"event_type": "*", "query": []}


def test_what_was_sent_is_given_back_as_it_was() -> None:
    """N2"""
    plain = {
        "event_type": "compute.instance.update",
        "query": [
            {"field": "traits.instance_id", "op": "eq", "value": "vm-1", "type": ""},
            {"field": "state", "op": "ne", "value": "", "type": "string"},
        ],
    }
    assert condition_to_plain(parse_condition(plain)) == plain


@pytest.mark.parametrize(
    ("plain", "field", "allowed"),
    [
        ([], "event_rule", "an object"),
        ({"types": "*"}, "event_rule.types", "event_type, query"),
        ({"event_type": 7}, "event_rule.event_type", "1 to 255"),
        ({"event_type": False}, "event_rule.event_type", "1 to 255"),
        ({"event_type": "compute.[a"}, "event_rule.event_type", "closed"),
        ({"event_type": "compute.[]"}, "event_rule.event_type", "closed"),
        ({"event_type": "compute.[!]"}, "event_rule.event_type", "closed"),
        ({"event_type": "compute.[z-a]"}, "event_rule.event_type", "[a-z]"),
        ({"event_type": "compute.[!a-cz-a]"}, "event_rule.event_type", "[a-z]"),
        ({"event_type": "compute instance"}, "event_rule.event_type", "without blanks"),
        ({"event_type": "compute\n"}, "event_rule.event_type", "without blanks"),
        ({"event_type": "compute\x00"}, "event_rule.event_type", "without blanks"),
        ({"event_type": "c" * 256}, "event_rule.event_type", "255"),
        ({"query": {"field": "a"}}, "event_rule.query", "a list"),
        ({"query": ["a"]}, "event_rule.query[0]", "an object"),
    ],
)
def test_a_bad_condition_is_refused_naming_what_is_allowed(plain: object, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_condition(plain)
    assert refused.value.field == field
    assert allowed in refused.value.allowed


@pytest.mark.parametrize(
    ("term", "key", "allowed"),
    [
        ({"value": "a"}, "field", "no blanks"),
        ({"field": "", "value": "a"}, "field", "no blanks"),
        ({"field": "traits.", "value": "a"}, "field", "no blanks"),
        ({"field": "traits.a b", "value": "a"}, "field", "no blanks"),
        ({"field": "traits.a\n", "value": "a"}, "field", "no blanks"),
        ({"field": "raw", "value": "a"}, "field", "event_type, message_id, generated"),
        ({"field": "a", "op": "like", "value": "a"}, "op", "lt, le, eq, ne, ge, gt"),
        ({"field": "a", "op": "in", "value": "a"}, "op", "lt, le, eq, ne, ge, gt"),
        ({"field": "a", "type": "text", "value": "a"}, "type", "'', string, integer, float, boolean, datetime"),
        ({"field": "a"}, "value", "a text"),
        ({"field": "a", "value": 7}, "value", "a text"),
        ({"field": "a", "value": True}, "value", "a text"),
        ({"field": "a", "value": "a\x00"}, "value", "a text"),
        ({"field": "a", "type": "integer", "value": "abc"}, "value", "an integer"),
        ({"field": "a", "type": "integer", "value": "1.5"}, "value", "an integer"),
        ({"field": "a", "type": "float", "value": "nan"}, "value", "a finite number"),
        ({"field": "a", "type": "float", "value": "1e999"}, "value", "a finite number"),
        ({"field": "a", "type": "boolean", "value": "abc"}, "value", "true, 1, t, on, y, yes, false"),
        ({"field": "a", "type": "datetime", "value": "yesterday"}, "value", "ISO 8601"),
        ({"field": "generated", "value": "yesterday"}, "value", "ISO 8601"),
        ({"field": "a", "value": "a", "operator": "eq"}, "operator", "field, op, value, type"),
    ],
)
def test_a_bad_term_is_refused_by_its_number(term: dict[str, Any], key: str, allowed: str) -> None:
    """N4, N7, N8"""
    good = {"field": "traits.state", "value": "error"}
    with pytest.raises(Invalid) as refused:
        parse_condition({"query": [good, good, good, term]})
    assert refused.value.field == f"event_rule.query[3].{key}"
    assert allowed in refused.value.allowed


@pytest.mark.parametrize("glob", ["[]a]", "[!]a]", "[a-c-b]", "[-a]", "[a-]", "[[]", "a]", "é.*", "c" * 255])
def test_globs_that_look_odd_but_can_match_are_accepted(glob: str) -> None:
    assert parse_condition({"event_type": glob}).event_type == glob


def test_too_many_terms_are_refused_with_their_number() -> None:
    query = [{"field": "a", "value": "b"}] * 10_000
    with pytest.raises(Invalid, match="10000 terms") as refused:
        parse_condition({"query": query})
    assert "100" in refused.value.allowed
    assert len(str(refused.value)) < 200


@given(NEARLY | JSON)
def test_reading_a_condition_gives_one_that_reads_back_equal_or_says_invalid(plain: Any) -> None:
    try:
        condition = parse_condition(plain)
    except Invalid:
        return
    sent_again = json.loads(json.dumps(condition_to_plain(condition)))
    assert parse_condition(sent_again) == condition


@given(st.text("[]!-^\\abz&|~.*?", min_size=1, max_size=12), st.text("[]!-^\\abz&|~.", max_size=6))
def test_a_glob_that_is_accepted_matches_as_fnmatch_does_and_warns_of_nothing(glob: str, text: str) -> None:
    try:
        parse_glob("event_type", glob)
    except Invalid:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        re.purge()
        matcher.cache_clear()
        assert bool(matcher(glob)(text)) == fnmatchcase(text, glob)
    assert "(?!)" not in re.sub(r"\\.", "", matcher(glob).__self__.pattern)  # type: ignore[attr-defined]


# -- holding


@pytest.mark.parametrize(
    ("glob", "matched"),
    [
        ("*", True),
        ("compute.*", True),
        ("compute.instance.power_off.*", True),
        ("compute.instance.[pu]*", True),
        ("compute.instance.[!pu]*", False),
        ("compute.instance.power_o??.end", True),
        ("Compute.*", False),
        ("compute.instance", False),
    ],
)
def test_globs_match_the_type_with_the_case_of_letters(glob: str, matched: bool) -> None:
    """N36"""
    assert matches(parse_condition({"event_type": glob}), seen()) is matched


@pytest.mark.parametrize(
    ("found", "op", "value", "type", "matched"),
    [
        (4, "eq", "4", "integer", True),
        (4, "ge", "1.0", "float", True),
        (4, "ge", "1.0", "", True),
        (4, "lt", "10", "", True),
        ("4", "lt", "10", "", False),  # text with text
        ("4", "lt", "10", "integer", True),
        (4, "eq", "4.0", "", True),
        (4, "eq", "4", "string", True),
        (4.5, "gt", "4", "integer", True),
        (4.0, "eq", "4", "integer", True),
        (True, "eq", "true", "boolean", True),
        (True, "eq", "yes", "", True),
        ("True", "eq", "1", "boolean", True),
        (0, "eq", "false", "boolean", True),
        (7, "eq", "true", "boolean", False),
        ("vm-1", "eq", "vm-1", "", True),
        ("vm-1", "eq", "vm-1", "string", True),
        ("vm-1", "ge", "vm-0", "", True),
        ("2026-01-01T01:00:00+01:00", "eq", "2026-01-01", "datetime", True),
        ("2026-01-01", "lt", "2026-01-01T00:00:01Z", "datetime", True),
    ],
)
def test_values_are_compared_in_the_type_asked_for_else_in_the_event_s(
    found: Any, op: str, value: str, type: str, matched: bool
) -> None:
    """N6, N37"""
    assert holds("traits.x", op, value, type, with_traits(x=found)) is matched


def test_text_that_is_a_time_by_its_name_is_compared_as_a_time() -> None:
    launched = with_traits(launched_at="2026-11-21T10:00:00.000000")
    assert holds("traits.launched_at", "eq", "2026-11-21 11:00:00+01:00", "", launched)
    assert not holds("traits.launched_at", "eq", "2026-11-21 10:00:00.5", "", launched)


@pytest.mark.parametrize("op", ["lt", "le", "eq", "ne", "ge", "gt"])
@pytest.mark.parametrize(
    ("found", "value", "type"),
    [(None, "x", ""), ("abc", "5", "integer"), (5, "abc", ""), ([1], "1", ""), ({"a": 1}, "1", "string")],
)
def test_what_cannot_be_compared_is_different_and_nothing_else(op: str, found: Any, value: str, type: str) -> None:
    """N38"""
    assert holds("traits.x", op, value, type, with_traits(x=found)) is (op == "ne")


@pytest.mark.parametrize("op", ["lt", "le", "eq", "ne", "ge", "gt"])
def test_a_trait_that_is_missing_holds_for_ne_only(op: str) -> None:
    """N38"""
    assert holds("traits.nosuch", op, "x", "", seen()) is (op == "ne")


def test_every_term_has_to_hold() -> None:
    """N39"""
    both = [{"field": "traits.state", "value": "stopped"}, {"field": "traits.instance_id", "value": "vm-1"}]
    assert matches(parse_condition({"query": both}), seen())
    assert not matches(parse_condition({"query": both}), seen(instance_id="vm-2"))


@pytest.mark.parametrize("prefix", ["", "traits."])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_type", "compute.instance.power_off.end"),
        ("message_id", "e-1"),
        ("generated", "2026-11-21T10:00:00.123456Z"),
        ("resource_id", "vm-1"),
        ("tenant_id", "tenant-a"),
        ("kind", "POWER_OFF"),
        ("vim_id", "vio_RegionOne"),
    ],
)
def test_fields_hold_with_the_prefix_and_without(prefix: str, field: str, value: str) -> None:
    """N7"""
    assert holds(prefix + field, "eq", value, "", seen())
    assert not holds(prefix + field, "lt", value, "", seen())


def test_a_long_name_is_compared_whole() -> None:
    """N51"""
    name = "n" * 400
    assert holds("display_name", "eq", name, "", seen(instance_name=name))
    assert not holds("display_name", "eq", name[:255], "", seen(instance_name=name))


def test_the_key_of_the_seed_s_sample_can_be_alarmed_on() -> None:
    """N52"""
    assert holds("traits.state_description", "eq", "powering-off", "", seen(state_description="powering-off"))


@given(JSON, st.sampled_from(["lt", "le", "eq", "ne", "ge", "gt"]), st.text(max_size=8))
def test_comparing_never_raises_and_ne_is_the_contrary_of_eq(found: Any, op: str, value: str) -> None:
    for type in ("", "string", "integer", "float", "boolean", "datetime"):
        for name in ("x", "x_at"):
            traits = Seen("t", "", {name: found})
            matches(Condition(query=(Term(name, op, value, type),)), traits)
            eq, ne = (matches(Condition(query=(Term(name, one, value, type),)), traits) for one in ("eq", "ne"))
            assert eq is not ne


def test_the_project_is_the_tenant_s_and_empty_without_one() -> None:
    """N41"""
    assert seen().project == "tenant-a"
    assert seen(tenant_id="").project == ""
    assert seen(tenant_id="", payload={"project_id": "p"}).project == "p"


def test_a_moment_without_a_zone_is_utc() -> None:
    naive = Seen("t", "", {"generated": datetime(2026, 1, 1)})
    assert holds("generated", "eq", "2026-01-01T00:00:00Z", "", naive)
    assert holds("generated", "eq", datetime(2026, 1, 1, tzinfo=UTC).isoformat(), "datetime", naive)


# -- the key multicloud


def test_extras_have_defaults_and_read_back_equal() -> None:
    assert parse_extras(None) == parse_extras({}) == Extras()
    assert extras_to_plain(Extras()) == {}
    plain = {
        "clear": {"event_type": "*", "query": [{"field": "state", "op": "eq", "value": "active", "type": ""}]},
        "clear_after": 60.0,
        "within": 5.0,
        "same": "instance_id",
        "correlation": "vm-trouble",
        "under_host": True,
        "group_wait": 0.05,
        "category": "EQUIPMENT_ALARM",
        "probable_cause": "power supply",
    }
    assert extras_to_plain(parse_extras(plain)) == plain
    assert extras_to_plain(parse_extras({"absent_after": 1})) == {"absent_after": 1.0}  # N46


@pytest.mark.parametrize(
    ("plain", "field", "allowed"),
    [
        ([], "multicloud", "an object"),
        ({"clears": 1}, "multicloud.clears", "clear_after"),
        ({"clear": "x"}, "multicloud.clear", "an object"),
        ({"clear": {"query": [{"field": "a b"}]}}, "multicloud.clear.query[0].field", "no blanks"),
        ({"clear_after": -1}, "multicloud.clear_after", "0 to 2.592e+06"),
        ({"clear_after": 30 * 86_400 + 1}, "multicloud.clear_after", "0 to 2.592e+06"),
        ({"clear_after": "5"}, "multicloud.clear_after", "a number"),
        ({"clear_after": True}, "multicloud.clear_after", "a number"),
        ({"clear_after": float("nan")}, "multicloud.clear_after", "a number"),
        ({"absent_after": 0.5}, "multicloud.absent_after", "1 to 2.592e+06"),
        ({"absent_after": 9, "clear_after": 9}, "multicloud.clear_after", "nothing beside absent_after"),
        ({"within": 0}, "multicloud.within", "a number"),
        ({"same": "a b"}, "multicloud.same", "no blanks"),
        ({"correlation": "a b"}, "multicloud.correlation", "letters"),
        ({"under_host": "yes"}, "multicloud.under_host", "true, false"),
        ({"group_wait": 0.2}, "multicloud.group_wait", "0 to 0.1"),
        ({"category": "EQUIPMENT"}, "multicloud.category", "EQUIPMENT_ALARM"),
        ({"probable_cause": "x" * 256}, "multicloud.probable_cause", "255"),
    ],
)
def test_bad_extras_are_refused_naming_what_is_allowed(plain: object, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_extras(plain)
    assert refused.value.field == field
    assert allowed in refused.value.allowed


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(EXTRAS, JSON)) | JSON)
def test_reading_extras_gives_ones_that_read_back_equal_or_says_invalid(plain: Any) -> None:
    try:
        extras = parse_extras(plain)
    except Invalid:
        return
    assert parse_extras(extras_to_plain(extras)) == extras
