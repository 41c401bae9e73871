"""The examples of the guide work as they stand there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from fed_common.core.kinds import Kind, Phase
from fed_common.interfaces.publisher import Publisher
from fed_common.interfaces.registry import Registry, parse_config
from fed_common.publishers.formats import FORMATS
from tests.examples import event

GUIDE = Path(__file__).parents[3] / "docs" / "guide"
ID = "70a43604-7eda-4719-95fb-ca4c37357c71"
VM = "4f398943-7d39-4119-8058-74768d6dfa52"
MOMENT = datetime(2018, 3, 7, 6, 1, 2, 345678, tzinfo=UTC)
EXAMPLE: dict[str, Any] = {
    "type": "compute.instance.power_off.start",
    "vim_id": "vio_RegionOne",
    "instance_id": VM,
    "instance_name": "VM1",
    "kind": Kind.POWER_OFF,
    "phase": Phase.START,
    "state": "active",
    "state_description": "powering-off",
    "host": "compute01",
    "tenant_id": "943ecb804cdf4103976b8a02cea12fdb",
    "occurred_at": MOMENT,
    "received_at": MOMENT.replace(microsecond=347000),
    "fact": "5a1f0c",
    "wire": "legacy",
    "payload": {"instance_id": VM, "display_name": "VM1", "state": "active", "state_description": "powering-off"},
}
FAULT: dict[str, Any] = {
    **EXAMPLE,
    "type": "compute.instance.update",
    "kind": Kind.ERROR,
    "phase": Phase.MOMENT,
    "state": "error",
    "old_state": "active",
    "state_description": "",
}


def examples(page: str) -> dict[str, Any]:
    """The JSON example under each heading."""
    sections = re.split(r"^## ", (GUIDE / page).read_text(), flags=re.MULTILINE)[1:]
    blocks = {one.split("\n", 1)[0]: re.search(r"```json\n(.*?)```", one, re.DOTALL) for one in sections}
    return {name: json.loads(block[1]) for name, block in blocks.items() if block}


@pytest.mark.parametrize(("name", "sink"), examples("publishers.md").items())
def test_every_sink_of_the_guide_can_be_built(name: str, sink: dict[str, Any]) -> None:
    kind = Registry[Publisher]("publisher", "mcfed.publishers", settings.PUBLISHERS).get(sink["publisher"])

    assert sink["publisher"] == name
    kind(parse_config(kind.Config, sink.get("options", {})))


def test_every_format_of_the_guide_looks_like_that() -> None:
    shown = examples("formats.md")

    made = {name: json.loads(FORMATS[name](event(ID, **EXAMPLE))) for name in FORMATS}
    fault = json.loads(FORMATS["ves"](event(ID, **FAULT)))

    assert shown == {**made, "A VES fault": fault}
