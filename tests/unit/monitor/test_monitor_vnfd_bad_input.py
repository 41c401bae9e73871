"""Descriptors that are wrong: refused, naming the path in the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.monitor.vnfd.keeping import from_plain, to_plain
from fed_common.monitor.vnfd.reading import read_vnfd
from tests.vnfds import POLICY, VDU1, changed, good, parts

NODES = "topology_template.node_templates"
DEEP: Any = "x"
for _ in range(40):
    DEEP = [DEEP]

WRONG: list[tuple[str, Any, str, str]] = [
    # what is put where (see tests.vnfds.changed), the field of the refusal, what is allowed
    ("/tosca_definitions_version", "tosca_3", "tosca_definitions_version", "tosca_simple_profile_for_nfv_1_0_0"),
    ("/tosca_definitions_version", None, "tosca_definitions_version", "tosca_simple_profile_for_nfv_1_0_0"),
    ("/topology_template", [], "topology_template", "a mapping"),
    ("/topology_template", None, "topology_template", "node_templates"),
    ("node_templates", {}, NODES, "1 to 200 nodes"),
    ("node_templates", {"VL1": {"type": "tosca.nodes.nfv.VL"}}, NODES, "at least one"),
    ("node_templates", {str(n): {} for n in range(201)}, NODES, "1 to 200 nodes"),
    ("node_templates.VDU1", "text", VDU1, "a mapping"),
    ("node_templates.VDU1.type", "tosca.nodes.nfv.VDU", f"{VDU1}.type", "tosca.nodes.nfv.VDU.Tacker"),
    ("node_templates.VDU1.type", None, f"{VDU1}.type", "tosca.nodes.nfv.VDU.Tacker"),
    ("node_templates.a b", {"type": "tosca.nodes.nfv.VDU.Tacker"}, f"{NODES}.a b", "letters"),
    ("node_templates.VDU1.properties", [], f"{VDU1}.properties", "a mapping"),
    ("node_templates.VDU1.properties.image", 5, f"{VDU1}.properties.image", "a text"),
    ("node_templates.VDU1.properties.image", "x" * 300, f"{VDU1}.properties.image", "255"),
    ("node_templates.VDU1.properties.flavor", ["m1"], f"{VDU1}.properties.flavor", "a text"),
    ("node_templates.VDU1.properties.user_data", "x" * 70_000, f"{VDU1}.properties.user_data", "65535"),
    (
        "node_templates.VDU1.capabilities.nfv_compute.properties.mem_size",
        "much",
        f"{VDU1}.capabilities.nfv_compute.properties.mem_size",
        "512 MB",
    ),
    ("node_templates.VL1.properties.network_name", None, f"{NODES}.VL1.properties.network_name", "a text"),
    # policies and their parameters
    ("node_templates.VDU1.properties.monitoring_policy", "ping", POLICY, "a mapping"),
    pytest.param(".name", "icmp", f"{POLICY}.name", "ping, http_ping, http-ping, tcp, noop", id="T74"),  # type: ignore[list-item]
    (".name", None, f"{POLICY}.name", "ping"),
    (".name", ["ping"], f"{POLICY}.name", "ping"),
    (
        "node_templates.VDU1.properties.monitoring_policy",
        {"zabbix": {}},
        f"{POLICY}.zabbix",
        "a mapping with a name, or one of ping",
    ),
    (".parameters", [1], f"{POLICY}.parameters", "a mapping"),
    pytest.param(".parameters.interval", -1, f"{POLICY}.parameters.interval", "0.1 to 3600", id="T75"),  # type: ignore[list-item]
    (".parameters.interval", "-1", f"{POLICY}.parameters.interval", "0.1 to 3600"),
    (".parameters.interval", True, f"{POLICY}.parameters.interval", "a number"),
    (".parameters.interval", float("nan"), f"{POLICY}.parameters.interval", "a number"),
    (".parameters.interval", 10**400, f"{POLICY}.parameters.interval", "a number"),
    (".parameters.count", float("nan"), f"{POLICY}.parameters.count", "whole"),
    (".parameters.count", float("inf"), f"{POLICY}.parameters.count", "whole"),
    (".parameters.count", 0, f"{POLICY}.parameters.count", "1 to 100"),
    (".parameters.count", 1.5, f"{POLICY}.parameters.count", "whole"),
    (".parameters.count", "three", f"{POLICY}.parameters.count", "whole"),
    (".parameters.count", [3], f"{POLICY}.parameters.count", "whole"),
    (".parameters.timeout", 61, f"{POLICY}.parameters.timeout", "60"),
    (".parameters.monitoring_delay", -1, f"{POLICY}.parameters.monitoring_delay", "0 to 86400"),
    (".parameters.fall", 0, f"{POLICY}.parameters.fall", "1 to 100"),
    (
        "node_templates.VDU1.properties.monitoring_policy",
        {"name": "http_ping", "parameters": {"port": 70_000}},
        f"{POLICY}.parameters.port",
        "1 to 65535",
    ),
    ("node_templates.VDU1.properties.monitoring_policy", {"name": "tcp"}, f"{POLICY}.parameters.port", "65535"),
    # actions
    (".actions", ["respawn"], f"{POLICY}.actions", "a mapping"),
    (".actions.failure", "reboot", f"{POLICY}.actions.failure", "log_and_kill"),
    (".actions.failure", "respawn%reboot", f"{POLICY}.actions.failure", "SP1"),
    (".actions.failure", "respawn%", f"{POLICY}.actions.failure", "log"),
    (".actions.failure", "", f"{POLICY}.actions.failure", "a text"),
    (".actions.failure", None, f"{POLICY}.actions.failure", "a text"),
    (".actions.failure", 5, f"{POLICY}.actions.failure", "a text"),
    (".actions.failure", [], f"{POLICY}.actions.failure", "1 to 10 actions"),
    (".actions.failure", ["log", "SP2"], f"{POLICY}.actions.failure[1]", "SP1"),
    (".actions.failure", "scaling", f"{POLICY}.actions.failure", "Scaling targets"),
    (".actions.failure", "webhook", f"{POLICY}.actions.failure", "url"),
    (".actions.failure", {"name": "webhook"}, f"{POLICY}.actions.failure.url", "a text"),
    (".actions.failure", {"name": "webhook", "url": "ftp://h"}, f"{POLICY}.actions.failure.url", "http://"),
    (".actions.failure", {"name": "webhook", "url": "http://u:p@h"}, f"{POLICY}.actions.failure.url", "without"),
    (".actions.failure", {"name": "webhook", "url": "http://h:x"}, f"{POLICY}.actions.failure.url", "http://"),
    (".actions.failure", {"name": "webhook", "url": "http://h/\n"}, f"{POLICY}.actions.failure.url", "http://"),
    (".actions.failure", {"url": "http://h"}, f"{POLICY}.actions.failure.name", "a text"),
    # no address to watch
    ("node_templates.CP1.properties.management", False, POLICY, "management: true"),
    ("node_templates.CP1.properties.management", "yes", f"{NODES}.CP1.properties.management", "true, false"),
    ("node_templates.CP1.requirements", [], POLICY, "bound to VDU1"),
    # requirements that go nowhere or round
    (
        "node_templates.CP1.requirements[0].virtualLink.node",
        "VL9",
        f"{NODES}.CP1.requirements[0].virtualLink.node",
        "VL1, VL2",
    ),
    (
        "node_templates.CP1.requirements[1].virtualBinding.node",
        "CP0",
        f"{NODES}.CP1.requirements[1].virtualBinding.node",
        "VDU1, VDU2",
    ),
    ("node_templates.CP1.requirements[0]", "VL1", f"{NODES}.CP1.requirements[0]", "a mapping"),
    ("node_templates.CP1.requirements", {"virtualLink": "VL1"}, f"{NODES}.CP1.requirements", "a list"),
    ("node_templates.CP1.requirements", [{"a": "VL1"}] * 21, f"{NODES}.CP1.requirements", "at most 20"),
    (
        "node_templates.VL1.requirements",
        [{"dependency": "CP1"}],
        f"{NODES}.CP1.requirements[0].virtualLink.node",
        "CP1 -> VL1 -> CP1",
    ),
    ("node_templates.VDU1.requirements", [{"host": "VDU1"}], f"{VDU1}.requirements[0].host", "VDU1 -> VDU1"),
    (
        "/node_types",
        {"a": {"derived_from": "b"}, "b": {"derived_from": "a"}},
        "node_types.b.derived_from",
        "a -> b",
    ),
    ("/node_types", {"a": {"derived_from": "a"}}, "node_types.a.derived_from", "a"),
    ("/node_types", {"a": {"derived_from": 5}}, "node_types.a.derived_from", "a text"),
    ("/node_types", {"a": 5}, "node_types.a", "a mapping"),
    # inputs
    ("inputs.image.type", "list", "topology_template.inputs.image.type", "string"),
    ("inputs.image", {"type": "string"}, "topology_template.inputs.image", "has no default"),
    ("inputs.image.default", 5, "topology_template.inputs.image.default", "of type string"),
    ("inputs.delay.default", 601, "topology_template.inputs.delay.default", "in_range"),
    (
        "inputs.delay.constraints",
        [{"in_range": [0, "x"]}],
        "topology_template.inputs.delay.constraints[0].in_range",
        "can be compared with",
    ),
    ("inputs.delay.constraints", [{"even": 1}], "topology_template.inputs.delay.constraints[0].even", "in_range"),
    (
        "inputs.image.default",
        {"get_input": "image"},
        "topology_template.inputs.image.default.get_input",
        "image -> image",
    ),
    (
        "node_templates.VDU2.properties.image",
        {"get_input": "x"},
        f"{NODES}.VDU2.properties.image.get_input",
        "delay",
    ),
    (
        "node_templates.VDU2.properties.image",
        {"get_input": ["image"]},
        f"{NODES}.VDU2.properties.image.get_input",
        "image, delay",
    ),
    # policies of the topology
    ("policies", {"SP1": {}}, "topology_template.policies", "a list"),
    (
        "policies[0].SP1.type",
        "tosca.policies.tacker.Placement",
        "topology_template.policies[0].SP1.type",
        "Scaling, tosca.policies.tacker.Alarming",
    ),
    ("policies[0].SP1.targets", ["VDU3"], "topology_template.policies[0].SP1.targets[0]", "VDU1, VDU2"),
    ("policies[0].SP1.targets", [], "topology_template.policies[0].SP1.targets", "a list of VDUs"),
    ("policies[0].SP1.targets", ["VDU1", "VDU1"], "topology_template.policies[0].SP1.targets", "each once"),
    (
        "policies[0].SP1.properties.max_instances",
        0,
        "topology_template.policies[0].SP1.properties.max_instances",
        "1 to 1000",
    ),
    (
        "policies[0].SP1.properties.default_instances",
        4,
        "topology_template.policies[0].SP1.properties.default_instances",
        "1 to 3",
    ),
    # too large
    ("/description", "x" * 5000, "description", "4000"),
    ("/metadata", DEEP, "metadata" + "[0]" * 32, "YAML"),
    ("/metadata", list(range(30_000)), "vnfd", "at most 20000"),
    ("/metadata", {"a": "b\0c"}, "metadata.a", "YAML"),
    ("/metadata", {"a": "\ud800"}, "metadata.a", "YAML"),
]


@pytest.mark.parametrize(("path", "value", "field", "allowed"), WRONG)
def test_what_is_wrong_is_refused_with_its_path(path: str, value: Any, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_vnfd(changed(path, value), {})

    assert (refused.value.field, allowed in refused.value.allowed) == (field, True), refused.value


def test_a_name_that_two_policies_have() -> None:
    plain = good()
    plain["topology_template"]["policies"] *= 2

    with pytest.raises(Invalid, match=r"^topology_template.policies\[1\].SP1: "):
        read_vnfd(plain, {})


def test_two_policies_that_scale_one_vdu() -> None:
    plain = good()
    first = plain["topology_template"]["policies"][0]
    plain["topology_template"]["policies"].append({"SP2": first["SP1"]})

    with pytest.raises(Invalid, match=r"^topology_template.policies\[1\].SP2.targets\[0\]: 'VDU2'"):
        read_vnfd(plain, {})


@pytest.mark.parametrize("name", ["respawn", "autoscaling"])
def test_a_scaling_policy_that_is_called_like_an_action(name: str) -> None:
    plain = good()
    plain["topology_template"]["policies"] = [{name: plain["topology_template"]["policies"][0]["SP1"]}]

    with pytest.raises(Invalid, match=rf"^topology_template.policies\[0\].{name}: .*called like an action"):
        read_vnfd(plain, {})


def test_two_policies_that_watch_alike() -> None:
    plain = good()
    ping = {"type": "tosca.policies.tacker.Monitoring.Ping", "targets": ["VDU1"]}
    plain["topology_template"]["policies"].append({"Watch": ping})

    with pytest.raises(Invalid, match=rf"^{VDU1}: .*in the same way"):
        read_vnfd(plain, {})


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"colour": "red"}, "inputs.colour"),
        ({"delay": "soon"}, "inputs.delay"),
        ({"delay": 601}, "inputs.delay"),
        ({"delay": True}, "inputs.delay"),
        ({"image": 5}, "inputs.image"),
        ({"image": None}, "inputs.image"),
        ({"image": {"get_input": "image"}}, "inputs.image"),
        ({"image": "x" * 70_000}, "inputs.image"),
    ],
)
def test_inputs_that_are_wrong(inputs: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_vnfd(good(), inputs)

    assert refused.value.field == field


def test_inputs_cannot_make_little_text_much() -> None:
    plain = good()
    plain["topology_template"]["outputs"] = {str(n): {"get_input": "image"} for n in range(1000)}

    with pytest.raises(Invalid, match="1048576"):
        read_vnfd(plain, {"image": "x" * 60_000})


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("a: {b: 1, c: {b: 1, b: 2}}", "a.c.b", "line 1, column 21: a name that is there twice"),
        ("a:\n- b: 1\n- b: 2\n  c: 3\n  b: 4\n", "a[1].b", "line 5, column 3: a name that is there twice"),
        ("a: 1\na: 2\n", "a", "line 2, column 1: a name that is there twice"),
        ("a: &x [1]\nb: [*x, *x]\n", "a", "line 1, column 4: anchors and aliases are not taken"),
        ("a: !!python/object:os.system {}\n", "a", "line 1, column 4: tags are not taken"),
        ("a: {b: [1, 2}", "a.b[1]", "line 1, column 13: did not find expected ',' or ']'"),
        ("{", "vnfd", "line 2, column 1: did not find expected node content"),
        ("a: {b: " + "[" * 60, "a.b" + "[0]" * 30, "nested too deep"),
        ("a: \0", "vnfd", "character 3: control characters are not allowed"),
        ("", "vnfd", None),
        ("5", "vnfd", 5),
        ("- a", "vnfd", ["a"]),
        ("a: .nan", "vnfd", "a number that is none"),
        ("a: " + "x" * 300_000, "vnfd", "300003 characters"),
        ("a: \ud800", "vnfd", "no UTF-8"),
    ],
)
def test_text_that_is_wrong(text: str, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_vnfd(text, {})

    assert refused.value.field == field
    assert refused.value.value == value or str(value) in str(refused.value.value)


def test_a_vdu_that_is_there_twice() -> None:
    text = yaml.safe_dump(good()).replace("    VDU2:", "    VDU1:")

    with pytest.raises(Invalid, match=rf"^{VDU1}: .*a name that is there twice"):
        read_vnfd(text, {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: str = "") -> list[str]:
    """The path of everything in the document."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(f"{path}.{name}".removeprefix("."), one) for name, one in value.items()]
    elif isinstance(value, list):
        inner = [(f"{path}[{number}]", one) for number, one in enumerate(value)]
    return [found for at, one in inner for found in (at, *places(one, at))]


EVERYWHERE = places(good())


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(EVERYWHERE), how=st.sampled_from(["replace", "remove", "double"]), value=ANYTHING)
def test_whatever_is_broken_is_a_vnfd_or_refused_with_a_path_that_is_there(
    path: str, how: str, value: Any
) -> None:
    plain = good()
    *before, last = parts(path)
    place: Any = plain
    for part in before:
        place = place[part]
    if how == "remove":
        del place[last]
    elif how == "double":
        place[last] = [place[last], place[last]]
    else:
        place[last] = value

    assert is_there(refusal(plain), plain)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0), cut=st.integers(0, 40), put=st.text(st.sampled_from("&*!:{}[]-\n \0a1'\"%"), max_size=6))
def test_whatever_is_broken_in_the_text_too(at: int, cut: int, put: str) -> None:
    text = yaml.safe_dump(good())
    at %= len(text)

    refused = refusal(text[:at] + put + text[at + cut :])
    assert refused is None or refused.field


def refusal(source: Any) -> Invalid | None:
    """What is raised; ``None``: it was read, and can be kept. Anything else that is raised fails the test."""
    try:
        vnfd = read_vnfd(source, {})
    except Invalid as refused:
        return refused
    assert from_plain(json.loads(json.dumps(to_plain(vnfd), allow_nan=False))) == vnfd
    return None


def is_there(refused: Invalid | None, plain: dict[str, Any]) -> bool:
    """Whether its path is in the document; of what is missing, something that it should be in."""
    known = {"", "vnfd", *places(plain)}
    if refused is None or refused.field in known:
        return True
    around = (refused.field[:end] for end, letter in enumerate(refused.field) if letter in ".[")
    return refused.value is None and ("." not in refused.field or any(one in known for one in around))
