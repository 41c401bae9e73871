from __future__ import annotations

import pytest

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason
from multicloud_vio.kinds import OPERATIONS, Operation, meaning
from tests.captures import NOVA

NAMES = [line.split("\t") for line in (NOVA / "event_types.tsv").read_text().splitlines()]
NOT_IN_NOVA = {"compute.instance.watchdog"}


@pytest.mark.parametrize(("name", "kind", "phase"), NAMES)
def test_every_name_nova_has_means_what_is_written_down(name, kind, phase):
    known = meaning(name)
    if kind == "ignored":
        assert known is DropReason(phase)
    else:
        assert (known.kind or "HOST", known.phase) == (kind, phase)
        assert known.wire == ("legacy" if name.startswith("compute.") else "versioned")


def test_the_table_claims_no_name_that_nova_does_not_have():
    known = {name for name, _, _ in NAMES} | NOT_IN_NOVA
    for one in OPERATIONS:
        suffixes = ["." + suffix for suffix in one.suffixes.split()] or [""]
        versioned = {f"instance.{one.versioned}{suffix}" for suffix in suffixes if one.versioned}
        legacy = {f"compute.instance.{one.legacy}{suffix}" for suffix in suffixes if one.legacy}
        assert versioned <= known
        assert legacy <= known or one.bare is Phase.END


def test_every_name_is_in_the_table_once():
    for names in ([one.legacy for one in OPERATIONS], [one.versioned for one in OPERATIONS]):
        told = [name for name in names if name]
        assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("versioned", "legacy"),
    [
        ("instance.power_off.start", "compute.instance.power_off.start"),
        ("instance.resize_confirm.end", "compute.instance.resize.confirm.end"),
        ("instance.resize_finish.start", "compute.instance.finish_resize.start"),
        ("instance.rebuild_scheduled", "compute.instance.rebuild.scheduled"),
        ("instance.live_migration_post.end", "compute.instance.live_migration._post.end"),
        ("instance.live_migration_rollback_dest.end", "compute.instance.live_migration.rollback.dest.end"),
        ("instance.live_migration_abort.start", "compute.instance.live.migration.abort.start"),
        ("instance.volume_attach.start", "compute.instance.volume.attach.start"),
        ("instance.volume_attach.end", "compute.instance.volume.attach"),
        ("instance.volume_detach.end", "compute.instance.volume.detach"),
        ("instance.lock", "compute.instance.lock"),
    ],
)
def test_versioned_names_become_the_legacy_ones(versioned, legacy):
    twin = meaning(legacy)
    assert meaning(versioned)[:3] == (legacy, *twin[1:3])


@pytest.mark.parametrize(
    ("name", "kind", "phase"),
    [
        ("compute.instance.resize.confirm.soon", Kind.RESIZE, Phase.MOMENT),
        ("compute.instance.shelve.and.hide.error", Kind.SHELVE, Phase.ERROR),
        ("compute.instance.teleport", Kind.OTHER, Phase.MOMENT),
        ("compute.instance.start", Kind.OTHER, Phase.MOMENT),
        ("compute.instance.", Kind.OTHER, Phase.MOMENT),
        ("instance.power_off", Kind.POWER_OFF, Phase.MOMENT),
        ("instance.volume_attach_many.end", Kind.OTHER, Phase.END),
    ],
)
def test_an_unknown_name_takes_the_kind_of_its_stem(name, kind, phase):
    assert (meaning(name).kind, meaning(name).phase) == (kind, phase)


@pytest.mark.parametrize(
    "name", ["compute.instance.exists", "instance.exists", "compute.instance.exists.verified.old"]
)
def test_usage_reports_are_told_from_facts(name):
    assert meaning(name) is DropReason.USAGE_REPORT


def test_an_operation_is_named_after_its_legacy_name_where_it_has_one():
    assert Operation("volume.attach", "volume_attach", Kind.VOLUME_ATTACH).name == "volume.attach"
    assert Operation("", "lock", Kind.LOCK).name == "lock"
