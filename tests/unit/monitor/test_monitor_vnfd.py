"""Descriptors that are sound: what the house understands by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fed_common.core.errors import Invalid
from fed_common.core.health import Check, MonitoringPolicy, ProbeKind
from fed_common.core.vnf import Scaling
from fed_common.monitor.vnfd.keeping import from_plain, to_plain
from fed_common.monitor.vnfd.reading import read, read_vnfd
from tests.vnfds import POLICY, VDU1, changed, good, policy

DOCS = Path(__file__).parents[3] / "docs"
RESPAWN = {"failure": ("respawn",)}


def policies(plain: dict[str, Any], vdu: str = "VDU1") -> tuple[MonitoringPolicy, ...]:
    return read_vnfd(plain, {}).vdu(vdu).policies


def check(plain: dict[str, Any]) -> Check:
    return policies(plain)[0].check


def test_the_vdus_with_their_networks_the_management_network_first() -> None:
    vnfd = read_vnfd(good(), {})

    first, second = vnfd.vdus
    assert (vnfd.description, first.name, first.image, first.flavor) == ("Two VDUs.", "VDU1", "cirros", "")
    assert first.networks == ("net_mgmt", "net0")
    assert first.availability_zone == "nova"
    assert first.properties == {"num_cpus": "1", "mem_size": "512 MB", "disk_size": "1 GB"}
    assert (second.flavor, second.networks, second.properties) == ("m1.tiny", (), {"role": "db"})
    assert vnfd.scalings == (Scaling("SP1", ("VDU2",), 1, 1, 3, 2, 60.0),)


def test_networks_come_in_the_order_of_the_ports_but_for_that_of_the_management() -> None:
    plain = changed("node_templates.CP1.properties.order", 9)
    nodes = plain["topology_template"]["node_templates"]
    nodes["VL3"] = {"type": "tosca.nodes.nfv.VL", "properties": {"network_name": "net1"}}
    nodes["CP2"] = {
        "type": "tosca.nodes.nfv.CP.Tacker",
        "requirements": [{"virtualLink": {"node": "VL3"}}, {"virtualBinding": {"node": "VDU1"}}],
    }

    assert read_vnfd(plain, {}).vdu("VDU1").networks == ("net_mgmt", "net1", "net0")


def test_a_flavor_wins_over_nfv_compute() -> None:
    plain = changed("node_templates.VDU1.properties.flavor", "m1.small")

    assert read_vnfd(plain, {}).vdu("VDU1").properties == {}


def test_a_policy_as_tacker_reads_it() -> None:  # T49
    (watched,) = policies(good())

    assert watched.check == Check(ProbeKind.PING, "", count=3, interval=10, timeout=1)
    assert (watched.actions, watched.fall, watched.rise, watched.delay) == (RESPAWN, 1, 1, 45)


@pytest.mark.parametrize("absent", [{}, None, {"name": "noop", "actions": {"failure": "log"}}, {"noop": {}}])
def test_no_policy_is_no_policy(absent: Any) -> None:  # T50
    assert policies(changed("node_templates.VDU1.properties.monitoring_policy", absent)) == ()
    assert policies(good(), "VDU2") == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ping", Check(ProbeKind.PING, "", count=5, interval=1, timeout=1)),
        ("http_ping", Check(ProbeKind.HTTP, "", port=80, interval=10, timeout=5, retry=5)),
        pytest.param("http-ping", Check(ProbeKind.HTTP, "", port=80, interval=10, timeout=5, retry=5), id="T74"),
    ],
)
def test_what_is_not_said_has_a_default(name: str, expected: Check, settings: Any) -> None:
    settings.FALL, settings.RISE = 3, 2
    plain = changed("node_templates.VDU1.properties.monitoring_policy", {"name": name})

    (watched,) = policies(plain)

    assert watched == MonitoringPolicy(expected, {}, fall=3, rise=2, delay=None)


def test_tcp_is_ours() -> None:
    parameters = {"port": 5432, "retry": 2, "timeout": 0.5, "interval": 3, "fall": 2, "rise": 4}
    ours = {"name": "tcp", "parameters": parameters}

    (watched,) = policies(changed("node_templates.VDU1.properties.monitoring_policy", ours))

    assert watched.check == Check(ProbeKind.TCP, "", port=5432, retry=2, timeout=0.5, interval=3)
    assert (watched.fall, watched.rise) == (2, 4)


def test_texts_that_are_numbers_are_numbers() -> None:  # T75
    texts = {"count": "3", "interval": "0.2", "timeout": " 2 ", "monitoring_delay": "45", "fall": "2"}

    (watched,) = policies(changed(".parameters", texts))

    assert watched.check == Check(ProbeKind.PING, "", count=3, interval=0.2, timeout=2)
    assert (watched.delay, watched.fall) == (45, 2)


def test_an_unknown_parameter_is_told_and_not_used() -> None:  # T75
    reading = read(changed(".parameters", {"url": "/health", "retry": 6, "count": 2}), {})

    assert reading.vnfd.vdu("VDU1").policies[0].check.count == 2
    warnings = [f"{POLICY}.parameters.url: is not used", f"{POLICY}.parameters.retry: is not used"]
    assert [one for one in reading.warnings if one.startswith(POLICY)] == warnings


def test_what_is_not_used_is_told() -> None:
    plain = changed("node_templates.VDU1.properties.config", "param0: key1")
    plain["topology_template"]["groups"] = {}

    assert read(plain, {}).warnings == (
        "topology_template.groups: is not used",
        f"{VDU1}.properties.config: is not used",
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("log", ["log"]),
        ("respawn%log", ["respawn", "log"]),
        (["vdu_autoheal", "log_and_kill%log"], ["vdu_autoheal", "log_and_kill", "log"]),
        ("SP1", ["scaling:SP1"]),
        ({"name": "respawn"}, ["respawn"]),
        ({"name": "webhook", "url": "https://h:8/a%20b?c=d"}, ["webhook:https://h:8/a%20b?c=d"]),
        (["log", {"name": "webhook", "url": "http://[::1]/"}], ["log", "webhook:http://[::1]/"]),
    ],
)
def test_the_forms_of_actions(written: Any, kept: list[str]) -> None:
    (watched,) = policies(changed(".actions.failure", written))

    assert watched.actions == {"failure": tuple(kept)}


@pytest.mark.parametrize("word", ["scaling", "autoscaling"])
def test_scaling_is_by_the_policy_that_scales_the_vdu(word: str) -> None:  # T62
    plain = changed("policies[0].SP1.targets", ["VDU1", "VDU2"])
    policy(plain)["actions"] = {"failure": word}

    assert policies(plain)[0].actions == {"failure": ("scaling:SP1",)}


def test_an_event_that_no_monitor_returns_is_kept_and_told() -> None:  # T68
    reading = read(changed(".actions", {"calls-capacity-reached": "log"}), {})

    assert reading.vnfd.vdu("VDU1").policies[0].actions == {"calls-capacity-reached": ("log",)}
    assert any("calls-capacity-reached: no monitor returns it" in one for one in reading.warnings)


def test_the_form_of_the_liberty_release() -> None:
    old = {
        "ping": {"monitoring_params": {"count": 2, "interval": "2"}, "actions": {"failure": "log"}},
        "http-ping": {"monitoring_params": {"port": 8080}, "actions": {"failure": "respawn"}},
    }

    first, second = policies(changed("node_templates.VDU1.properties.monitoring_policy", old))

    assert (first.check.count, first.check.interval, first.actions) == (2, 2, {"failure": ("log",)})
    assert (second.check.kind, second.check.port, second.actions) == (ProbeKind.HTTP, 8080, RESPAWN)


@pytest.mark.parametrize(
    ("type", "said", "kind"),
    [
        ("tosca.policies.tacker.Monitoring", {"name": "http_ping"}, ProbeKind.HTTP),
        ("tosca.policies.tacker.Monitoring.HttpPing", {}, ProbeKind.HTTP),
        ("tosca.policies.tacker.Monitoring.HttpPing", {"name": "http-ping"}, ProbeKind.HTTP),
    ],
)
def test_a_policy_of_the_topology_watches_its_targets(type: str, said: dict[str, str], kind: ProbeKind) -> None:
    plain = good()
    properties = {**said, "parameters": {"port": 8080}, "actions": {"failure": "respawn"}}
    plain["topology_template"]["policies"].append(
        {"Watch": {"type": type, "targets": ["VDU1"], "properties": properties}}
    )

    assert [one.check.kind for one in policies(plain)] == [ProbeKind.PING, kind]
    assert policies(plain)[1].actions == RESPAWN


def test_inputs_are_filled_in_as_their_types_want_them() -> None:
    (first, _) = read_vnfd(good(), {"image": "jammy", "delay": "60"}).vdus

    assert (first.image, first.policies[0].delay) == ("jammy", 60)


def test_a_default_may_be_another_input() -> None:
    plain = changed("inputs.base", {"type": "string", "default": "noble"})
    plain["topology_template"]["inputs"]["image"]["default"] = {"get_input": "base"}

    assert read_vnfd(plain, {}).vdu("VDU1").image == "noble"
    assert read_vnfd(plain, {"base": "jammy"}).vdu("VDU1").image == "jammy"


def test_a_type_of_the_descriptor_is_what_it_is_derived_from() -> None:
    plain = changed("node_templates.VDU2.type", "my.Database")
    plain["node_types"] = {
        "my.Database": {"derived_from": "my.Server"},
        "my.Server": {"derived_from": "tosca.nodes.nfv.VDU.Tacker"},
    }

    assert [one.name for one in read_vnfd(plain, {}).vdus] == ["VDU1", "VDU2"]


def test_a_type_for_the_vnf_as_a_whole_is_no_harm_while_no_node_is_of_it() -> None:
    plain = changed("/node_types", {"my.VNF": {"capabilities": {}}, "my.FW": {"derived_from": "tosca.nodes.Root"}})

    assert read(plain, {}).warnings == ()
    plain["topology_template"]["node_templates"]["VDU2"]["type"] = "my.VNF"
    with pytest.raises(Invalid, match=r"^topology_template.node_templates.VDU2.type: 'my.VNF'"):
        read(plain, {})


def test_targets_may_stand_among_the_properties_as_in_tackers_samples() -> None:
    plain = good()
    scaling = plain["topology_template"]["policies"][0]["SP1"]
    scaling["properties"]["targets"] = scaling.pop("targets")

    assert read(plain, {}) == read(good(), {})


def test_yaml_and_object_mean_the_same() -> None:
    assert read(yaml.safe_dump(good()), {}) == read(good(), {})


def test_what_is_kept_is_read_back_equal() -> None:
    vnfd = read_vnfd(changed(".actions.failure", "SP1%log"), {})

    assert from_plain(json.loads(json.dumps(to_plain(vnfd)))) == vnfd


def test_the_example_of_the_documentation_is_read_without_a_warning() -> None:
    text = (DOCS / "specs/vnfd.md").read_text().split("```yaml\n")[1].split("```")[0]

    reading = read(text, {})

    assert reading.warnings == ()
    assert [len(one.policies) for one in reading.vnfd.vdus] == [1, 1]
