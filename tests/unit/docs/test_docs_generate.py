from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from docs.generate import DOCS, PAGES, filled
from fed_common.core.kinds import Kind
from multicloud_vio.kinds import OPERATIONS

ROOT = Path(__file__).parents[3]
EVENT = (DOCS / "specs" / "event.md").read_text()


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_parts_are_up_to_date(name):
    page = (DOCS / name).read_text()
    assert filled(page) == page, "run: python -m docs.generate"


def test_a_stale_part_is_found_and_mended():
    stale = EVENT.replace(
        "| POWER_OFF | `compute.instance.power_off`", "| POWER_ON | `compute.instance.power_off`"
    )
    assert stale != EVENT
    assert filled(stale) == EVENT


def test_every_operation_and_kind_of_the_mapping_is_on_the_page():
    for one in OPERATIONS:
        assert f"| {one.kind} | `compute.instance.{one.name}`" in EVENT
    assert [kind for kind in Kind if f"| {kind} |" not in EVENT and f"`{kind}`" not in EVENT] == []


def test_every_field_of_an_event_is_explained():
    from fed_common.core.model import Event

    assert [name for name in Event.__slots__ if f"`{name}`" not in EVENT] == []


def test_the_lines_for_nova_are_explained():
    conf = ConfigParser()
    conf.read(ROOT / "deploy" / "nova.conf")
    page = (DOCS / "admin" / "nova.md").read_text()
    options = [(section, option) for section in conf.sections() for option in conf.options(section)]
    assert len(options) == 6
    for section, option in options:
        assert f"`[{section}] {option} = {conf.get(section, option)}`" in page
