"""A serializer's faults, flattened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail, ValidationError

from fed_common.core.faults import first_fault


def said(text: str, code: str = "invalid") -> ErrorDetail:
    return ErrorDetail(text, code)


@pytest.mark.parametrize(
    ("found", "sent", "fault"),
    [
        ({"a": [said("no", "x")]}, {"a": 1}, ("a", 1, "no")),
        ({"a": [said("?", "required")]}, {}, ("a", None, "a value")),
        ({"a": {"b": [said("no")]}}, {"a": {"b": 2}}, ("a.b", 2, "no")),
        ({"a": [{}, {"b": [said("no")]}]}, {"a": [{}, {"b": 3}]}, ("a[1].b", 3, "no")),
        ({"a": {1: [said("no")]}}, {"a": [0, 4]}, ("a[1]", 4, "no")),
        ({"a": {"non_field_errors": [said("no")]}}, {"a": 5}, ("a", 5, "no")),
        ({"non_field_errors": [said("no")]}, [6], ("body", [6], "no")),
        ([said("no")], 7, ("body", 7, "no")),
        ({"a": [said("one"), said("two")], "b": [said("three")]}, {"a": 8}, ("a", 8, "one")),
        ({"a": {"b": [said("no")]}}, {"a": 9}, ("a.b", None, "no")),
    ],
)
def test_the_first_fault_names_field_value_and_what_is_allowed(found: object, sent: object, fault: object) -> None:
    assert first_fault(found, sent) == fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
FOUND = st.recursive(
    st.lists(st.text(min_size=1), min_size=1),
    lambda inner: st.dictionaries(st.text(min_size=1), inner, min_size=1) | st.lists(inner, min_size=1),
    max_leaves=10,
)


@given(FOUND, JSON)
def test_no_fault_is_without_a_name(found: object, sent: object) -> None:
    field, _value, allowed = first_fault(ValidationError(found).detail, sent)

    assert field
    assert allowed
