"""Filters: what passes, what is dropped and why, what is refused at the door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT, DropReason, EventFilter, parse_filter
from tests.examples import event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = list(EventFilter().to_dict())


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        ({}, None),
        ({"kinds": ["POWER_OFF", "DELETE"]}, None),
        ({"kinds": ["DELETE"]}, DropReason.KIND),
        ({"phases": ["end"]}, None),
        ({"phases": ["start"]}, DropReason.PHASE),
        ({"event_types": ["compute.instance.*"]}, None),
        ({"event_types": ["compute.instance.power_o??.end"]}, None),
        ({"event_types": ["compute.instance.delete.*", "*.start"]}, DropReason.EVENT_TYPE),
        ({"event_types": ["compute.instance"]}, DropReason.EVENT_TYPE),
        ({"vims": ["vio_*"]}, None),
        ({"vims": ["other_*"]}, DropReason.VIM),
        ({"tenants": ["tenant-a"]}, None),
        ({"tenants": ["tenant-b"]}, DropReason.TENANT),
        ({"metadata": {"role": "web"}}, None),
        ({"metadata": {"role": "db"}}, DropReason.METADATA),
        ({"metadata": {"absent": "x"}}, DropReason.METADATA),
    ],
)
def test_an_event_passes_or_is_dropped_with_its_reason(plain: dict[str, Any], reason: DropReason | None) -> None:
    assert parse_filter(plain).refuses(event()) == reason


def test_an_instance_that_opted_out_is_dropped_unless_the_filter_does_not_honour_it() -> None:
    silent = event(traits={OPT_OUT: "disabled"})
    assert parse_filter({}).refuses(silent) == DropReason.OPTED_OUT
    assert parse_filter({"honour_opt_out": False}).refuses(silent) is None


@pytest.mark.parametrize(
    ("plain", "field", "allowed"),
    [
        ({"kinds": ["PAUSED"]}, "filter.kinds", "SOFT_DELETE"),
        ({"kinds": "DELETE"}, "filter.kinds", "a list"),
        ({"phases": ["begin"]}, "filter.phases", "start, end, error, moment"),
        ({"event_types": ["compute.[a"]}, "filter.event_types", "a glob"),
        ({"event_types": ["a b"]}, "filter.event_types", "a glob"),
        ({"event_types": [""]}, "filter.event_types", "not empty"),
        ({"tenants": [7]}, "filter.tenants", "not empty"),
        ({"metadata": {"role": 1}}, "filter.metadata.role", "a text"),
        ({"metadata": ["role"]}, "filter.metadata", "an object"),
        ({"honour_opt_out": "yes"}, "filter.honour_opt_out", "true, false"),
        ({"kind": ["DELETE"]}, "filter.kind", "no such field"),
        ([], "filter", "an object"),
    ],
)
def test_bad_input_is_refused_naming_field_and_what_is_allowed(plain: object, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_filter(plain)
    assert refused.value.field == field
    assert allowed in refused.value.allowed


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)) | JSON)
def test_any_json_is_parsed_or_refused_never_anything_else(plain: object) -> None:
    try:
        parsed = parse_filter(plain)
    except Invalid:
        return
    parsed.refuses(event())
    assert parse_filter(json.loads(json.dumps(parsed.to_dict()))) == parsed


@given(
    st.builds(
        EventFilter,
        kinds=st.frozensets(st.sampled_from(Kind)),
        phases=st.frozensets(st.sampled_from(Phase)),
        tenants=st.frozensets(st.sampled_from(["tenant-a", "tenant-b"])),
        honour_opt_out=st.booleans(),
    ),
    st.sampled_from(Kind),
    st.sampled_from(Phase),
)
def test_an_event_passes_exactly_when_every_condition_holds(asked: EventFilter, kind: Kind, phase: Phase) -> None:
    holds = (
        (not asked.kinds or kind in asked.kinds)
        and (not asked.phases or phase in asked.phases)
        and (not asked.tenants or "tenant-a" in asked.tenants)
    )
    assert (asked.refuses(event(kind=kind, phase=phase)) is None) == holds
