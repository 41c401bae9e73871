"""YAML as far as JSON goes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.inventory.yaml_body import read_yaml

SECRET = "planted-yaml-password"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("vims:\n- {cloud_owner: vio, enabled: true}\n", {"vims": [{"cloud_owner": "vio", "enabled": True}]}),
        (
            "a: 2024-01-01\nb: 5\nc: 2.5\nd: '4.0'\ne:",
            {"a": "2024-01-01", "b": 5, "c": 2.5, "d": "4.0", "e": None},
        ),
        ("ca: |\n  one\n  two\n", {"ca": "one\ntwo\n"}),
        ('{"vims": []}', {"vims": []}),
        ("\ufeffa: b", {"a": "b"}),
        ("", None),
    ],
)
def test_what_json_can_say_is_read(text: str, plain: Any) -> None:
    assert read_yaml(text.encode()) == plain


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"vims:\n- a: b\n   c: d\n", "line 3, column 5: mapping values are not allowed"),
        (b"a: [1, 2\n", "line 2, column 1"),
        (b"a: &x [1]\nb: *x\n", "line 1, column 4: anchors and aliases"),
        (b"a: *x\n", "line 1, column 4: anchors and aliases"),
        (b"a: 1\nb: 2\na: 3\n", "line 3, column 1: a name that is there twice"),
        (b"yes: 1\n", "line 1, column 1: a name that is no text"),
        (b"[a]: 1\n", "line 1, column 1: a name that is no text"),
        (b"a: !!python/object:os.system {}\n", "line 1, column 4: tags are not taken"),
        (b"a: !!binary aGVsbG8=\n", "tags are not taken"),
        (b"a: .nan\n", "a number that is none"),
        (b"a: b\n---\nc: d\n", "line 2, column 1"),
        (b'a: "\\0"\n', "line 1, column 4: a text that holds NUL"),
        (b"a: \x01\n", "control character"),
        (b"a: \xff\n", "no UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"a: " + SECRET.encode() + b": x\n", "line 1"),
    ],
)
def test_anything_else_is_refused_naming_the_line_and_nothing_of_the_text(raw: bytes, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_yaml(raw)

    assert caught.value.field == "body"
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!'\"#|> \n\t0.,?%@~", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(Invalid):
        json.dumps(read_yaml(raw), allow_nan=False)
