"""The spec's message, with and without provenance, and the encoding of whatever a payload holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.publishers.formats import FORMATS, format_named
from fed_common.publishers.formats.encoding import encode
from tests.examples import event

PAYLOAD = {
    "state_description": "powering-off",
    "state": "active",
    "launched_at": "2018-03-07T05:59:46.000000",
    "created_at": "2018-03-07 05:58:01+00:00",
    "access_ip_v4": None,
    "memory_mb": 2048,
    "metadata": {"role": "wéb"},
    "image_meta": {"min_ram": "0"},
}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_spec_has_every_key_of_the_payload_and_one_of_ours_beside_them() -> None:
    one = event(
        "e-7",
        payload=PAYLOAD,
        kind=Kind.PAUSE,
        phase=Phase.START,
        state="active",
        old_state="building",
        state_description="pausing",
        host="compute01",
        fact="f-1",
        wire="legacy",
        origin=Origin.POLL,
    )

    found = json.loads(FORMATS["spec"](one))

    assert found.pop("multicloud") == {
        "event_id": "e-7",
        "event_type": "compute.instance.power_off.end",
        "vim_id": "vio_RegionOne",
        "instance_id": "vm-1",
        "kind": "PAUSE",
        "phase": "start",
        "state": "active",
        "old_state": "building",
        "state_description": "pausing",
        "host": "compute01",
        "occurred_at": "2026-11-21T10:00:00.123456Z",
        "received_at": "2026-11-21T10:00:00.123456Z",
        "origin": "poll",
        "wire": "legacy",
        "fact": "f-1",
    }
    assert found == PAYLOAD


def test_bare_is_the_payload_and_nothing_else() -> None:
    assert json.loads(FORMATS["bare"](event(payload=PAYLOAD))) == PAYLOAD


def test_a_key_of_ours_in_the_payload_does_not_hide_the_provenance() -> None:
    found = json.loads(FORMATS["spec"](event(payload={"multicloud": "theirs"})))

    assert found["multicloud"]["event_id"] == "e-1"


def test_an_unknown_format_is_refused_with_the_names_there_are() -> None:
    assert format_named("ves") is FORMATS["ves"]

    with pytest.raises(Invalid) as caught:
        format_named("xml")

    assert str(caught.value) == "format: 'xml' is not allowed; allowed: spec, bare, cloudevents, ves"


@pytest.mark.parametrize("plain", [{"n": 2**70}, {"n": -(2**64), "t": "é"}, {"t": "\ud800"}, {"\udfff": 1}])
def test_json_that_the_fast_encoder_refuses_is_encoded_all_the_same(plain: dict[str, Any]) -> None:
    assert json.loads(encode(plain)) == plain


@pytest.mark.parametrize("name", FORMATS)
@given(payload=st.dictionaries(st.text(), PLAIN, max_size=6), texts=st.tuples(*[st.text()] * 4))
def test_no_payload_and_no_name_makes_a_format_fail(
    name: str, payload: dict[str, Any], texts: tuple[str, ...]
) -> None:
    instance_name, host, state, old_state = texts
    one = event(payload=payload, instance_name=instance_name, host=host, state=state, old_state=old_state)

    value = FORMATS[name](one)

    assert isinstance(json.loads(value), dict)
    assert b"\n" not in value
