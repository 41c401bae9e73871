"""Many VIMs at once, out of a file and out of A&AI."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from structlog.testing import capture_logs

from fed_common.inventory import services
from fed_common.inventory.models import Revision, Vim
from tests.callers import API, Caller, caller
from tests.doubles.aai import PASSWORD as AAI_PASSWORD
from tests.doubles.aai import Aai, refusing, region
from tests.stored import everything

pytestmark = pytest.mark.django_db

EXAMPLE = Path(__file__).parents[3] / "deploy" / "vims.yaml"
PASSWORD = "planted-import-password"
ONE = {
    "cloud_owner": "core",
    "cloud_region_id": "RegionOne",
    "type": "openstack",
    "auth_url": "http://keystone.example:5000/v3",
    "credentials": {"username": "gateway", "password": PASSWORD},
    "projects": ["admin"],
    "transport": {"url": f"rabbit://nova:{PASSWORD}@mq.example:5672/"},
}
TWO = {"cloud_owner": "vio", "cloud_region_id": "Region_Two", "type": "vmware", "filter": {"kinds": ["DELETE"]}}
IMPORT = "/vims/import"


def revision() -> int:
    return Revision.objects.values_list("number", flat=True).first() or 0


def outcomes(answer: Any) -> list[tuple[str, str]]:
    return [(one["vim_id"], one["outcome"]) for one in answer["vims"]]


def test_new_vims_are_registered(admin: Caller) -> None:
    answer = admin.post(IMPORT, {"vims": [ONE, TWO]})

    assert outcomes(answer) == [("core_RegionOne", "created"), ("vio_Region_Two", "created")]
    assert {name: answer[name] for name in ("created", "updated", "unchanged", "failed")} == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
    }
    vim = Vim.objects.get(cloud_owner="core").to_core()
    assert vim.credentials is not None
    assert (vim.credentials.password, vim.projects) == (PASSWORD, ("admin",))


def test_the_same_list_again_changes_nothing(admin: Caller) -> None:
    admin.post(IMPORT, {"vims": [ONE, TWO]})
    before = (revision(), admin.get("/vims"))

    answer = admin.post(IMPORT, {"vims": [ONE, TWO]})

    assert {outcome for _, outcome in outcomes(answer)} == {"unchanged"}
    assert (revision(), admin.get("/vims")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"version": "queens"},
        {"credentials": {"username": "gateway", "password": "another"}},
        {"transport": {"url": "rabbit://nova:another@mq.example:5672/"}},
        {"enabled": False},
        {"filter": {"kinds": ["PAUSE"]}},
        {"poll_interval": 5},
    ],
)
def test_what_differs_is_changed_and_the_rest_stays(change: dict[str, Any], admin: Caller) -> None:
    admin.post(IMPORT, {"vims": [ONE, TWO]})
    before = admin.get("/vims/core_RegionOne")
    written = revision()

    answer = admin.post(IMPORT, {"vims": [{**ONE, **change}, TWO]})

    assert outcomes(answer) == [("core_RegionOne", "updated"), ("vio_Region_Two", "unchanged")]
    after = admin.get("/vims/core_RegionOne")
    assert revision() == written + 1
    kept = set(before) - set(change) - {"updated_at"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_a_vim_that_is_there_needs_only_its_name_and_the_change(admin: Caller) -> None:
    admin.post(IMPORT, {"vims": [ONE]})
    short = {"cloud_owner": "core", "cloud_region_id": "RegionOne", "description": "the core"}

    assert outcomes(admin.post(IMPORT, {"vims": [short]})) == [("core_RegionOne", "updated")]
    assert Vim.objects.get().description == "the core"


@pytest.mark.parametrize(
    ("wrong", "field", "value", "allowed"),
    [
        ({**ONE, "type": "azure"}, "vims[1].type", "azure", "openstack, vmware, vsphere"),
        ({**ONE, "color": "red"}, "vims[1].color", "red", "no such field"),
        ({**ONE, "filter": {"kinds": ["X"]}}, "vims[1].filter.kinds", "X", "DELETE"),
        ({**ONE, "cloud_owner": "events"}, "vims[1].cloud_owner", "events", "another word"),
        ({**ONE, "transport": {"url": 5}}, "vims[1].transport.url", 5, "Not a valid string"),
        ({"type": "openstack"}, "vims[1].cloud_owner", None, "a value"),
        ({"cloud_owner": "core", "cloud_region_id": "new"}, "vims[1].type", None, "a value"),
        (TWO, "vims[1].cloud_region_id", "vio_Region_Two", "every VIM once"),
        ({**TWO, "cloud_owner": "vio_Region", "cloud_region_id": "Two"}, "vims[1].cloud_region_id", None, "once"),
        ("text", "vims[1]", "text", "dictionary"),
        ([], "vims[1]", "a list", "dictionary"),
        (None, "vims[1]", None, ""),
    ],
)
def test_a_wrong_vim_is_told_of_and_not_in_the_way_of_the_others(
    wrong: Any, field: str, value: Any, allowed: str, admin: Caller
) -> None:
    last = {**TWO, "cloud_region_id": "Last"}

    answer = admin.post(IMPORT, {"vims": [TWO, wrong, last]})

    assert [one["outcome"] for one in answer["vims"]] == ["created", "failed", "created"]
    told = answer["vims"][1]
    assert told["field"] == field
    assert value in (told["value"], None)
    assert allowed.lower() in told["allowed"].lower()
    assert told["reason"].startswith(field)
    assert sorted(Vim.objects.values_list("region", flat=True)) == ["Last", "Region_Two"]


def test_a_name_that_is_taken_fails_alone(admin: Caller) -> None:
    answer = admin.post(IMPORT, {"vims": [{**ONE, "name": "n"}, {**TWO, "name": "n"}]})

    assert [one["outcome"] for one in answer["vims"]] == ["created", "failed"]
    assert "exists already" in answer["vims"][1]["reason"]


def test_a_dry_run_tells_everything_and_keeps_nothing(admin: Caller) -> None:
    admin.post(IMPORT, {"vims": [ONE]})
    before = (revision(), admin.get("/vims"))
    changed = {**ONE, "description": "changed"}

    answer = admin.post(f"{IMPORT}?dry_run=true", {"vims": [changed, TWO, {**TWO, "type": "x"}]})

    assert [one["outcome"] for one in answer["vims"]] == ["updated", "created", "failed"]
    assert answer["dry_run"] is True
    assert (revision(), admin.get("/vims")) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ([], "body"),
        ("text", "body"),
        ({"vims": {}}, "body"),
        ({"vims": [], "more": 1}, "body"),
        ({"source": "ldap"}, "body"),
        ({"source": "aai"}, "source"),
    ],
)
def test_a_body_that_is_no_import_is_refused(body: Any, field: str, admin: Caller) -> None:
    answer = admin.ask("POST", IMPORT, body if body != "text" else '"text"')

    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("query", ["dry_run=yes", "dry-run=true"])
def test_a_wrong_parameter_is_refused(query: str, admin: Caller) -> None:
    assert admin.ask("POST", f"{IMPORT}?{query}", {"vims": []}).status_code == 400


def test_only_an_admin_of_every_vim_may_import(operator: Caller) -> None:
    for who in (operator, caller("admin", "core_*")):
        assert who.ask("POST", IMPORT, {"vims": [ONE]}).status_code == 403
    assert not Vim.objects.exists()


def sent(who: Caller, raw: bytes | str, content_type: str) -> Any:
    headers = {"X-Auth-Token": who.token}
    return Client().generic("POST", API + IMPORT, raw, content_type=content_type, headers=headers)


def test_yaml_says_the_same_as_json(admin: Caller) -> None:
    answer = sent(admin, yaml.safe_dump({"vims": [ONE, TWO]}), "application/yaml")

    assert answer.status_code == 200
    assert outcomes(answer.json()) == [("core_RegionOne", "created"), ("vio_Region_Two", "created")]
    assert admin.post(IMPORT, {"vims": [ONE, TWO]})["unchanged"] == 2


def test_wrong_yaml_is_refused_naming_the_line(admin: Caller) -> None:
    answer = sent(admin, "vims:\n- a: b\n   c: d\n", "application/yaml")

    assert answer.status_code == 400
    assert "line 3" in answer.json()["value"]


def test_too_much_yaml_is_refused(admin: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert sent(admin, "# " + "x" * 1000, "application/yaml").status_code == 413


def test_the_example_can_be_imported(admin: Caller) -> None:
    answer = sent(admin, EXAMPLE.read_bytes(), "application/yaml")

    assert answer.json()["failed"] == 0, answer.json()
    assert answer.json()["created"] == 3


def test_everything_aai_knows_is_imported_and_told_of(admin: Caller, aai: Aai) -> None:
    services.register_vim({"cloud_owner": "vmware", "cloud_region_id": "vio", "type": "vmware"})
    aai.regions["bad", "R"] = region("bad", "R", "")
    aai.regions["x", "y"] = {"cloud-owner": "x"}

    answer = admin.post(IMPORT, {"source": "aai"})

    told = {one["vim_id"]: one for one in answer["vims"]}
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (8, 1, 2)
    assert "registered here" in told["vmware_vio"]["notes"][0]
    assert told["twoesr_R"]["notes"] == ["2 entries of esr-system-info: the first is used"]
    assert "no cloud-type" in told["bad_R"]["reason"]
    assert told["x_None"]["outcome"] == "failed"
    assert Vim.objects.get(full_id="my_own_RegionOne").cloud_owner == "my_own"
    assert Vim.objects.get(full_id="vmware_vio").source == Vim.Source.LOCAL
    written = revision()
    assert admin.post(IMPORT, {"source": "aai"})["unchanged"] == 9
    assert revision() == written
    aai.regions["odd", "R"]["cloud-region-version"] = "2.0"
    assert admin.post(IMPORT, {"source": "aai"})["updated"] == 1


def test_a_dry_run_of_aai_keeps_nothing(admin: Caller, aai: Aai) -> None:
    assert admin.post(f"{IMPORT}?dry_run=true", {"source": "aai"})["created"] == 9
    assert not Vim.objects.exists()


def test_two_regions_of_one_text_are_not_mixed_up(admin: Caller, aai: Aai) -> None:
    aai.regions["my", "own_RegionOne"] = region("my", "own_RegionOne", "vmware")

    answer = admin.post(IMPORT, {"source": "aai"})

    same = [one["outcome"] for one in answer["vims"] if one["vim_id"] == "my_own_RegionOne"]
    assert same == ["created", "failed"]
    assert Vim.objects.get(full_id="my_own_RegionOne").cloud_owner == "my_own"


def test_an_aai_that_refuses_is_told(admin: Caller, aai: Aai) -> None:
    aai.otherwise = refusing

    answer = admin.ask("POST", IMPORT, {"source": "aai"})

    assert answer.status_code == 502
    assert "A&AI refuses MCFED_AAI_USERNAME" in answer.json()["detail"]


def test_what_aai_says_is_not_changed_by_a_file(admin: Caller, aai: Aai) -> None:
    admin.post(IMPORT, {"source": "aai"})
    same = {"cloud_owner": "CloudOwner", "cloud_region_id": "RegionOne"}

    mixed = [{**same, "version": "x", "auth_url": "http://other.example/"}, {**TWO}]
    refused = admin.post(IMPORT, {"vims": mixed})
    taken = admin.post(IMPORT, {"vims": [{**same, "transport": {"url": "fake://"}}]})

    assert [one["outcome"] for one in refused["vims"]] == ["failed", "created"]
    assert outcomes(taken) == [("CloudOwner_RegionOne", "updated")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vims.yaml"
    path.write_text(yaml.safe_dump({"vims": [ONE, TWO]}))
    return path


def run(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command("importvims", *map(str, args), stdout=out, **options)
    return out.getvalue()


def test_the_command_imports_and_counts(file: Path) -> None:
    assert "created    core_RegionOne" in run(file, "--dry-run")
    assert not Vim.objects.exists()
    assert run(file).splitlines()[-1] == "2 created, 0 updated, 0 unchanged, 0 failed"
    assert run(file).splitlines()[-1] == "0 created, 0 updated, 2 unchanged, 0 failed"


def test_the_command_fails_when_a_vim_did(file: Path) -> None:
    file.write_text(yaml.safe_dump({"vims": [{**ONE, "type": "azure"}, TWO]}))

    with pytest.raises(CommandError, match="1 of 2 VIMs"):
        run(file)

    assert Vim.objects.get().cloud_owner == "vio"


@pytest.mark.parametrize(
    ("content", "said"), [("vims: [", "line 1|line 2"), ("vims: 5", "body"), ("a" * 3000, "more than 2000")]
)
def test_the_command_names_what_is_wrong_with_the_file(content: str, said: str, file: Path, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    file.write_text(content)

    with pytest.raises(CommandError, match=said) as caught:
        run(file)

    assert str(file) in str(caught.value)


def test_the_command_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.yaml: No such file"):
        run(tmp_path / "none.yaml")


@pytest.mark.django_db(transaction=True)
def test_planted_passwords_are_in_no_answer_no_log_and_not_in_the_database_in_clear(
    aai: Aai, file: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    admin = caller("admin")
    caplog.set_level("DEBUG")
    wrong = [
        {**ONE, "credentials": PASSWORD},
        {**ONE, "credentials": {"username": "u", "password": [PASSWORD]}},
        {**ONE, "credentials": {"username": "u", "pass": PASSWORD}},
        {**ONE, "auth_url": f"http://u:{PASSWORD}@h/"},
        {**ONE, "transport": {"url": f"http://u:{PASSWORD}@h/"}},
        {**ONE, "transport": f"rabbit://u:{PASSWORD}@h/"},
    ]
    with_secret = {"service-url": f"http://u:{AAI_PASSWORD}@keystone.example/v3", "ssl-cacert": AAI_PASSWORD}
    aai.regions["CloudOwner", "RegionOne"]["esr-system-info-list"]["esr-system-info"][0].update(with_secret)
    told = ""
    with capture_logs() as logs:
        for body in ({"vims": wrong}, *({"vims": [one]} for one in wrong), {"vims": [ONE]}, {"source": "aai"}):
            told += admin.ask("POST", IMPORT, body).content.decode()
        for raw in (yaml.safe_dump({"vims": wrong}), f"a: {PASSWORD}: x", f"- {PASSWORD}"):
            told += sent(admin, raw, "application/yaml").content.decode()
        told += run(file) + str(admin.get("/vims"))

    seen = told + str(logs) + caplog.text + "".join(capfd.readouterr())
    stored = everything()
    assert b"core_RegionOne" in stored
    for secret in (PASSWORD, AAI_PASSWORD):
        assert secret not in seen
        assert secret.encode() not in stored
