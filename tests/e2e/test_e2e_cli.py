"""The command line, as it is installed, against a real gateway."""

from __future__ import annotations

import json
import subprocess
import sys
from subprocess import PIPE

import pytest
import yaml

from tests.e2e.told import event, store
from tests.processes import ROOT
from tests.vnfds import changed

pytestmark = pytest.mark.servers

MCFED = [sys.executable, "-c", "from fed_common.cli.main import main; raise SystemExit(main())"]
FAKE = ("--type", "vmware", "--transport-url", "fake://")
DEAD = """
from fed_common.events.models import DeadEvent
DeadEvent.objects.create(
    stage="publish", vim_id="vio_RegionOne", subscription="gone", publisher="log", reason="too large",
    body={body!r},
)
"""


@pytest.fixture
def mcfed(gateway):
    def run(*words, stdin="", code=0):
        command = [*MCFED, "--url", gateway.url, *words]
        token = gateway.session.headers["X-Auth-Token"]
        env = {**gateway.env, "MCFED_TOKEN": token}
        done = subprocess.run(command, env=env, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        assert token not in done.stdout + done.stderr
        return json.loads(done.stdout) if "json" in words else done.stdout + done.stderr

    return run


def test_a_vim_is_registered_changed_checked_filtered_and_removed(mcfed):
    made = mcfed(
        "vim", "register", "cli_Region_One", "--type", "vmware", "--transport-url", "fake://", "-f", "json"
    )
    assert (made["vim_id"], made["exchange"], made["enabled"]) == ("cli_Region_One", "nova", True)
    changed = mcfed("vim", "set", "cli_Region_One", "--disable", "--topic", "notifications", "-f", "json")
    assert (changed["enabled"], changed["topics"]) == (False, ["notifications"])
    assert mcfed("vim", "check", "cli_Region_One", "-f", "json")["reachable"] is True
    conditions = ("--kind", "DELETE", "--phase", "end", "--metadata", "role=web")
    mcfed("vim", "filter", "set", "cli_Region_One", *conditions)
    shown = mcfed("vim", "filter", "show", "cli_Region_One", "-f", "json")
    assert (shown["kinds"], shown["phases"], shown["metadata"]) == (["DELETE"], ["end"], {"role": "web"})
    mcfed("vim", "filter", "clear", "cli_Region_One")
    listed = mcfed("vim", "list", "-f", "json")
    assert [(one["vim_id"], one["filter"]["kinds"]) for one in listed] == [("cli_Region_One", [])]
    mcfed("vim", "remove", "cli_Region_One")
    assert mcfed("vim", "list", "-f", "json") == []


def test_a_vim_that_cannot_be_reached_is_told_by_the_exit_code(mcfed):
    mcfed(
        "vim",
        "register",
        "away_RegionOne",
        "--type",
        "vmware",
        "--transport-url",
        "-",
        stdin="rabbit://u:p@127.0.0.1:9/\n",
    )
    told = mcfed("vim", "check", "away_RegionOne", code=1)
    assert "False" in told
    assert ":p@" not in mcfed("vim", "show", "away_RegionOne")
    mcfed("vim", "remove", "away_RegionOne")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("vim", "filter", "set", "vio_RegionOne", "--kind", "DELET"),
            "kinds: 'DELET' is not allowed; allowed: DELETE, ",
        ),
        (
            ("vim", "register", "x_y", "--type", "clowd"),
            "type: 'clowd' is not allowed; allowed: openstack, vmware, vsphere",
        ),
        (("vim", "register", "x_y"), "type: None is not allowed"),
        (("subscription", "create", "x", "--sink", "log:t:speck"), "'speck' is not allowed; allowed: spec, bare"),
        (("subscription", "create", "x y", "--sink", "log:t"), "name: 'x y' is not allowed"),
        (("subscription", "show", "nobody"), "there is no subscription 'nobody'"),
        (("event", "list", "--limit", "5000"), "limit: '5000' is not allowed"),
        (("event", "tail", "--kind", "DELET"), "kind: 'DELET' is not allowed; allowed: DELETE, "),
        (("event", "tail", "--after", "soon"), "after: 'soon' is not allowed"),
        (("dead", "remove", "77"), "there is no dead event '77'"),
    ],
)
def test_a_refusal_of_the_gateway_is_one_clear_line(mcfed, words, told):
    mcfed("vim", "register", "vio_RegionOne", *FAKE)
    refused = mcfed(*words, code=1)
    mcfed("vim", "remove", "vio_RegionOne")
    assert told in refused
    assert refused.count("\n") == 1


def test_a_subscription_is_created_changed_copied_and_deleted(mcfed):
    sinks = ("--sink", "embedded:vm-events:cloudevents", "--sink", "log", "--optional")
    made = mcfed("subscription", "create", "vnfm", "--kind", "DELETE", *sinks, "-f", "json")
    assert [(sink["publisher"], sink["required"]) for sink in made["sinks"]] == [
        ("embedded", True),
        ("log", False),
    ]
    changed = mcfed("subscription", "set", "vnfm", "--phase", "end", "--disable", "-f", "json")
    assert (changed["filter"]["kinds"], changed["filter"]["phases"]) == (["DELETE"], ["end"])
    assert changed["enabled"] is False
    copied = mcfed("subscription", "create", "copy", "--from-file", "-", "-f", "json", stdin=json.dumps(changed))
    assert {**copied, "name": "vnfm"} | dict.fromkeys(("created_at", "updated_at"), "") == {
        **changed,
        "created_at": "",
        "updated_at": "",
    }
    assert "embedded:vm-events:cloudevents" in mcfed("subscription", "list")
    mcfed("subscription", "delete", "copy")
    mcfed("subscription", "delete", "vnfm")
    assert mcfed("subscription", "list", "-f", "json") == []


def test_events_are_listed_shown_and_followed(mcfed, gateway):
    store(gateway, event(id="told-1", kind="DELETE"), event(id="told-2", instance_name="web-2"))
    listed = mcfed("event", "list", "--vim", "vio_RegionOne", "--long", "-f", "json")
    assert [one["id"] for one in listed][-2:] == ["told-1", "told-2"]
    assert mcfed("event", "list", "--kind", "DELETE", "--limit", "1", "-f", "value", "-c", "kind") == "DELETE\n"
    assert mcfed("event", "show", "told-1", "-f", "json")["kind"] == "DELETE"
    after = str(listed[-2]["sequence"] - 1)
    told = mcfed("event", "tail", "--after", after, "--count", "2", "--vim", "vio_RegionOne")
    assert told.splitlines()[1].split()[2:7] == ["PAUSE", "end", "vio_RegionOne", "web-2", "(a7f85fb2)"]


def test_following_goes_on_when_the_gateway_comes_back(gateway):
    env = {**gateway.env, "MCFED_TOKEN": gateway.session.headers["X-Auth-Token"]}
    store(gateway, event(id="seen", kind="RESCUE"))
    words = ("event", "tail", "--after", "0", "--kind", "RESCUE", "--count", "2", "-f", "json")
    with subprocess.Popen(
        [*MCFED, "--url", gateway.url, *words], env=env, cwd=ROOT, stdout=PIPE, stderr=PIPE
    ) as tail:
        seen = json.loads(tail.stdout.readline())
        gateway.processes[-1].kill()
        store(gateway, event(id="missed", kind="RESCUE"))
        gateway.start("gateway")
        out, err = tail.communicate(timeout=60)
    assert (seen["id"], json.loads(out)["id"]) == ("seen", "missed")
    assert b"trying again" in err


def test_dead_events_are_listed_replayed_and_removed(mcfed, gateway):
    gateway.manage("shell", "-v0", "-c", DEAD.format(body=event()))
    (row,) = mcfed("dead", "list", "--waiting", "-f", "json")
    assert row["reason"] == "too large"
    dead_id = str(row["id"])
    assert "event-" in mcfed("dead", "show", dead_id)
    assert f"{dead_id}: " in mcfed("dead", "replay", dead_id, code=1)
    assert "replayed 0, failed 1, not tried 0" in mcfed("dead", "replay", "--all", code=1)
    assert mcfed("dead", "remove", dead_id) == f"removed {dead_id}\n"
    assert mcfed("dead", "list", "-f", "json") == []


def test_the_words_are_those_of_the_gateway(mcfed):
    words = mcfed("words", "-f", "json")
    assert "SOFT_DELETE" in words["kinds"]
    assert words["formats"] == ["spec", "bare", "cloudevents", "ves"]


def test_a_vnf_is_tried_made_shown_changed_and_removed(mcfed, tmp_path):
    described = tmp_path / "vnfd.yaml"
    described.write_text(yaml.safe_dump(changed("node_templates.VDU2.properties.config", "x")))
    mcfed("vim", "register", "lab_R", *FAKE)
    words = mcfed("vnfd", "check", str(described))
    assert "VDU2.properties.config: is not used" in words
    assert "1 to 3, by SP1" in words
    adopt = ("--adopt", "VDU1=42,10.0.0.4", "--input", "delay=5")
    made = mcfed("vnf", "create", "one", "--vim", "lab_R", "--vnfd", str(described), *adopt, "-f", "json")
    assert (made["status"], made["mgmt_ip_addresses"]) == ("PENDING_CREATE", {"VDU1": ["10.0.0.4"]})
    assert "VDU1: 10.0.0.4" in mcfed("vnf", "list", "--vim", "lab_R")
    assert mcfed("vnf", "maintenance", "one", "on", "-f", "json")["maintenance"] is True
    assert [event["event_type"] for event in mcfed("vnf", "events", "one", "-f", "json")] == ["CREATE", "UPDATE"]
    assert "PENDING_CREATE" in mcfed("vnf", "scale", "one", "--policy", "SP1", "out", code=1)
    assert mcfed("vnf", "delete", made["id"]) == f"removing {made['id']}\n"
    assert [one["kind"] for one in mcfed("vnf", "operations", "one", "-f", "json")] == ["create", "delete"]
