"""check_vim_status: the cases S-01 to S-15 of the reference's contract, and what is ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from fed_common.broker.providers import providers
from fed_common.core import clock
from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.instances import Instance as CoreInstance
from fed_common.core.instances import Sweep
from fed_common.core.state_words import STATE_WORDS, any_matches, read_state_words
from fed_common.events.models import PollState
from fed_common.events.status import asking, changes
from fed_common.events.status.threads import OWN_THREADS
from fed_common.inventory.directory import directory
from fed_common.inventory.models import Instance, Revision, Vim
from tests.callers import Caller, caller
from tests.clouds import BEGAN, ScriptedCloud, instance, look, register
from tests.serving import served
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
LAUNCHED = "2018-03-07T05:59:46.000000"
A = instance("a", launched_at=LAUNCHED, changed_at=BEGAN, power_state="1", availability_zone="nova")
B = instance("b", "stopped", tenant_id="tenant-b", changed_at=BEGAN - timedelta(seconds=1))
C = instance("c", "paused", launched_at=LAUNCHED, changed_at=BEGAN - timedelta(seconds=2))
D = instance("d", "error", changed_at=BEGAN - timedelta(seconds=3))
STATUS = "//api/multicloud/v0/c_r1/check_vim_status"
OLD = "//api/multicloud/v0/c_r1/events_check"


@pytest.fixture(autouse=True)
def cloud(settings: Any) -> Iterator[type[ScriptedCloud]]:
    """Four VMs in two projects: a active, b stopped, c paused, d in error."""
    settings.CLOUD_PLUGINS = {"scripted": "tests.clouds.ScriptedCloud"}
    asking._plugin.cache_clear()
    providers.cache_clear()
    ScriptedCloud.asked = []
    ScriptedCloud.script = staticmethod(lambda vim_id, since: look(A, B, C, D, at=60))
    yield ScriptedCloud
    asking._plugin.cache_clear()
    providers.cache_clear()
    directory.cache_clear()


@pytest.fixture
def vim(db: None) -> Vim:
    """The registered VIM."""
    directory.cache_clear()
    return register()


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["result"]]


def known(vim: Vim, one: CoreInstance, *, at: Any = BEGAN) -> None:
    """What an earlier look saw."""
    Instance.objects.create(
        vim=vim, instance_id=one.id, name=one.name, state=one.state, host=one.host, seen_at=at, changed_at=at
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(["PAUSE"], ["c"], id="S-01"),
        pytest.param(["POWER_OFF", "PAUSE"], ["b", "c"], id="S-02"),
        pytest.param([], ["a", "b", "c", "d"], id="S-03"),
        pytest.param(["paused", "SHUTOFF"], ["b", "c"], id="S-06"),
        pytest.param(["soft-delete"], [], id="S-07 none matches"),
        pytest.param(["ERROR", "active"], ["a", "d"], id="S-12 both projects"),
    ],
)
def test_the_instances_in_the_states_asked_for_are_listed(
    vim: Vim, reader: Caller, states: list[str], expected: list[str]
) -> None:
    assert ids(reader.ask("POST", STATUS, {"states": states})) == expected
    assert ids(reader.ask("GET", f"{STATUS}?states={','.join(states)}")) == expected


def test_s_01_each_item_and_the_answer_have_the_specs_keys(vim: Vim, reader: Caller) -> None:
    answer = reader.ask("POST", STATUS, {"states": ["PAUSE"]}).json()
    (item,) = answer["result"]
    assert item == {
        "id": "c",
        "name": "name of c",
        "state": "paused",
        "state_description": "",
        "launched_at": LAUNCHED,
        "state_changed_at": "2026-11-21T09:59:58.000000Z",
        "host": "h1",
        "tenant_id": "tenant-a",
    }
    assert {key: answer[key] for key in ("state_description", "launched_at", "state_changed_at")} == {
        "state_description": "",
        "launched_at": LAUNCHED,
        "state_changed_at": item["state_changed_at"],
    }
    assert answer["checked_at"] == "2026-11-21T10:01:00.000000Z"


def test_the_answers_own_keys_are_those_of_the_newest_change(vim: Vim, reader: Caller) -> None:
    answer = reader.ask("POST", STATUS, {"states": ["PAUSE", "ACTIVE"]}).json()
    assert answer["state_changed_at"] == "2026-11-21T10:00:00.000000Z"


@pytest.mark.parametrize("body", [{}, None, ""], ids=["S-03 empty object", "S-03 no body", "S-03 empty body"])
def test_without_states_every_instance_is_listed(vim: Vim, reader: Caller, body: Any) -> None:
    assert ids(reader.ask("POST", STATUS, body)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"states": ["BOGUS"]}, "states[0]", id="S-04"),
        pytest.param({"states": ["PAUSE", 7]}, "states[1]", id="S-04 no text"),
        pytest.param({"states": "PAUSE"}, "states", id="S-05"),
        pytest.param({"states": None}, "states", id="S-05 null"),
        pytest.param('{"states": [', "body", id="S-09"),
        pytest.param([1], "body", id="S-09 a list"),
        pytest.param({"stats": []}, "stats", id="an unknown field"),
        pytest.param({"instance_id": 7}, "instance_id", id="an id that is no text"),
        pytest.param({"wait": 61}, "wait", id="waits too long"),
        pytest.param({"wait": True}, "wait", id="waits for no time"),
        pytest.param({"limit": 0}, "limit", id="no limit"),
        pytest.param({"page": 1.5}, "page", id="half a page"),
        pytest.param({"page": 2}, "page", id="a page beyond the end"),
    ],
)
def test_wrong_input_is_400_and_named(vim: Vim, reader: Caller, body: Any, field: str) -> None:
    answer = reader.ask("POST", STATUS, body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert "application/problem+json" in answer["Content-Type"]
    if "BOGUS" in str(body):
        assert answer.json()["allowed"] == ", ".join(STATE_WORDS)


def test_s_07_a_cloud_without_instances_is_an_empty_list(vim: Vim, reader: Caller, cloud: Any) -> None:
    cloud.script = staticmethod(lambda vim_id, since: look())
    answer = reader.ask("POST", STATUS, {"states": ["PAUSE"]})
    assert answer.status_code == 200
    assert answer.json()["result"] == []
    assert (answer.json()["launched_at"], answer.json()["state_changed_at"]) == ("", None)


@pytest.mark.parametrize(
    "path",
    [
        "//api/multicloud/v0/c_nowhere/check_vim_status",
        "//api/multicloud/v1/c/nowhere/check_vim_status",
        "//api/multicloud/v0/c_nowhere/events_check",
    ],
)
def test_s_08_an_unknown_vim_is_404(vim: Vim, reader: Caller, path: str) -> None:
    answer = reader.ask("POST", path, {})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_malformed_vim_id_is_400(vim: Vim, reader: Caller) -> None:
    answer = reader.ask("POST", "//api/multicloud/v0/nothing/check_vim_status", {})
    assert (answer.status_code, answer.json()["field"]) == (400, "vim_id")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(CloudFailed("c_r1", "Keystone does not let us in: 401"), 502, id="S-10 401"),
        pytest.param(CloudFailed("c_r1", "Nova fails: 503"), 502, id="S-10 5xx"),
        pytest.param(CloudTimeout("c_r1", "no answer in 10 s"), 504, id="S-10 time-out"),
    ],
)
@pytest.mark.parametrize("path", [STATUS, OLD])
def test_a_cloud_that_fails_is_never_an_empty_list(
    vim: Vim, reader: Caller, cloud: Any, error: Exception, status: int, path: str
) -> None:
    def fails(vim_id: str, since: Any) -> Sweep:
        raise error

    cloud.script = staticmethod(fails)
    known(vim, A)
    answer = reader.ask("POST", path, {})
    assert answer.status_code == status
    assert answer.json()["vim_id"] == "c_r1"


def test_s_11_many_instances_come_in_pages_when_asked_for(vim: Vim, reader: Caller, cloud: Any) -> None:
    many = [instance(f"vm-{number:04}") for number in range(1200)]
    cloud.script = staticmethod(lambda vim_id, since: look(*many))
    first = reader.ask("POST", STATUS, {}).json()
    assert (len(first["result"]), first["next"], first["total"]) == (1000, 2, 1200)
    second = reader.ask("GET", f"{STATUS}?page=2").json()
    assert (len(second["result"]), second["next"]) == (200, None)
    assert len({one["id"] for one in first["result"] + second["result"]}) == 1200
    assert len(reader.ask("POST", OLD, {}).json()["result"]) == 1200


def test_s_13_an_instance_that_vanished_is_deleted_and_listed_once(vim: Vim, reader: Caller, cloud: Any) -> None:
    known(vim, A)
    known(vim, instance("gone long ago", "deleted"), at=BEGAN - timedelta(hours=1))
    cloud.script = staticmethod(lambda vim_id, since: look(B, at=60))
    answer = reader.ask("POST", STATUS, {"states": ["DELETE"]}).json()
    assert [(one["id"], one["state"], one["state_changed_at"]) for one in answer["result"]] == [
        ("a", "deleted", "2026-11-21T10:01:00.000000Z"),
        ("gone long ago", "deleted", "2026-11-21T09:00:00.000000Z"),
    ]


def test_what_an_incomplete_look_does_not_show_is_not_deleted(vim: Vim, reader: Caller, cloud: Any) -> None:
    known(vim, A)
    cloud.script = staticmethod(lambda vim_id, since: look(B, at=60, complete=False))
    answer = reader.ask("POST", STATUS, {}).json()
    assert [(one["id"], one["state"]) for one in answer["result"]] == [("a", "active"), ("b", "stopped")]


def test_s_14_events_check_answers_in_its_old_shape(vim: Vim, reader: Caller) -> None:
    answer = reader.ask("POST", OLD, {"whatever": 1})
    assert answer.status_code == 200
    assert set(answer.json()) == {"result"}
    assert answer.json()["result"][0] == {
        "name": "name of a",
        "state": "active",
        "power_state": "1",
        "launched_at": LAUNCHED,
        "id": "a",
        "host": "h1",
        "availability_zone": "nova",
        "tenant_id": "tenant-a",
    }
    assert len(answer.json()["result"]) == 4
    assert reader.ask("GET", OLD).status_code == 405


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_s_15_get_is_served_and_other_methods_are_405(vim: Vim, reader: Caller, method: str) -> None:
    assert ids(reader.ask("GET", STATUS)) == ["a", "b", "c", "d"]
    assert ids(reader.ask("GET", f"{STATUS}?states=PAUSE&states=ERROR")) == ["c", "d"]
    assert reader.ask(method, STATUS, {}).status_code == 405


def test_an_owner_with_an_underscore_is_found_by_its_pair_and_by_its_text(db: None, reader: Caller) -> None:
    directory.cache_clear()
    row = register("Region_One")
    row.cloud_owner = "my_own"
    row.save()
    Revision.raise_it()
    assert ids(reader.ask("POST", "//api/multicloud/v1/my_own/Region_One/check_vim_status", {})) != []
    assert ids(reader.ask("POST", "//api/multicloud/v0/my_own_Region_One/check_vim_status/", {})) != []


def test_one_instance_may_be_asked_for(vim: Vim, reader: Caller) -> None:
    assert ids(reader.ask("POST", STATUS, {"instance_id": "b"})) == ["b"]
    assert ids(reader.ask("GET", f"{STATUS}?instance_id=nobody")) == []


def test_who_brings_no_token_or_one_of_another_vim_is_refused(vim: Vim, nobody: Caller) -> None:
    from fed_common.access import tokens
    from fed_common.access.models import AccessToken

    assert nobody.ask("POST", STATUS, {}).status_code == 401
    token = tokens.create("elsewhere", "admin")
    AccessToken.objects.filter(name="elsewhere").update(vims=["other_*"])
    assert Caller(token).ask("POST", STATUS, {}).status_code == 403


def test_what_was_seen_and_not_told_yet_has_the_poller_look_now(vim: Vim, reader: Caller) -> None:
    PollState.objects.create(vim=vim)
    reader.ask("POST", STATUS, {})
    assert PollState.objects.get().asked_at is not None


def test_the_time_of_a_known_state_is_that_of_its_change(vim: Vim, reader: Caller) -> None:
    known(vim, A, at=BEGAN - timedelta(days=1))
    assert reader.ask("GET", f"{STATUS}?states=ACTIVE").json()["state_changed_at"] == "2026-11-20T10:00:00.000000Z"


def test_an_instance_its_cloud_lost_sight_of_is_as_it_was_known(vim: Vim, reader: Caller, cloud: Any) -> None:
    known(vim, B)
    cloud.script = staticmethod(lambda vim_id, since: look(instance("b", "unknown"), instance("e", "unknown")))
    states = {one["id"]: one["state"] for one in reader.ask("GET", STATUS).json()["result"]}
    assert states == {"b": "stopped", "e": "unknown"}


def test_a_vim_that_only_pushes_is_answered_from_what_it_told(db: None, reader: Caller, cloud: Any) -> None:
    directory.cache_clear()
    known(register(auth_url=""), C)
    assert ids(reader.ask("POST", STATUS, {"states": ["PAUSE"]})) == ["c"]
    assert cloud.asked == []


def test_every_word_of_the_spec_and_of_nova_is_understood() -> None:
    nova = (
        "ACTIVE BUILD DELETED ERROR HARD_REBOOT MIGRATING PASSWORD PAUSED REBOOT REBUILD RESCUE RESIZE "
        "REVERT_RESIZE SHELVED SHELVED_OFFLOADED SHUTOFF SOFT_DELETED SUSPENDED UNKNOWN VERIFY_RESIZE"
    )
    vm_states = (
        "active building paused suspended stopped rescued resized soft-delete deleted error "
        "shelved shelved_offloaded"
    )
    spec = "DELETE PAUSE POWER_OFF REBUILD SHUT_DOWN SOFT_DELETE"
    for word in f"{nova} {vm_states} {spec}".split():
        assert read_state_words([word])
    for state in vm_states.split():
        assert any_matches(read_state_words([state]), instance("x", state))


@pytest.mark.parametrize(
    ("word", "state", "task", "matches"),
    [
        ("REBUILD", "active", "rebuild_spawning", True),
        ("REBUILD", "active", "", False),
        ("SHUT_DOWN", "stopped", "", True),
        ("SHUT_DOWN", "active", "deleting", True),
        ("SHUT_DOWN", "active", "soft-deleting", False),
        ("SHELVE", "shelved_offloaded", "", True),
        ("SHELVED", "shelved_offloaded", "", False),
        ("HARD_REBOOT", "active", "reboot_started_hard", True),
        ("HARD_REBOOT", "active", "rebooting", False),
    ],
)
def test_a_word_means_what_the_documents_say(word: str, state: str, task: str, matches: bool) -> None:
    assert any_matches(read_state_words([word]), instance("x", state, task)) is matches


def watches() -> list[Any]:
    """What the served application waits for."""
    return [watch for by_vim in list(changes._watches.values()) for watch in list(by_vim.values())]


class TestServed:
    """Over a real socket."""

    @pytest.fixture
    def url(self, cloud: Any) -> Iterator[str]:
        directory.cache_clear()
        with served() as url:
            yield url

    def ask(self, url: str, token: str, **body: Any) -> requests.Response:
        headers = {"X-Auth-Token": token}
        return requests.post(url + STATUS[1:], json=body, headers=headers, timeout=30)

    def test_a_waiting_call_is_answered_by_the_next_change_and_not_by_what_is_so_already(
        self, url: str, cloud: Any
    ) -> None:
        row = register()
        known(row, C)
        known(row, A)
        token = caller("operator").token
        answers: list[requests.Response] = []
        asking = threading.Thread(target=lambda: answers.append(self.ask(url, token, states=["PAUSE"], wait=20)))
        PollState.objects.create(vim=row)
        asking.start()
        until(lambda: PollState.objects.get().asked_at)
        assert not answers
        cloud.script = staticmethod(lambda vim_id, since: look(instance("a", "paused"), C, at=60))
        until(lambda: not cloud.asked)
        Instance.objects.filter(instance_id="a").update(state="paused", changed_at=clock.now())
        asking.join(60)
        assert [one["id"] for one in answers[0].json()["result"]] == ["a", "c"]
        assert len(cloud.asked) == 1

    def test_a_waiting_call_ends_with_its_time(self, url: str, cloud: Any) -> None:
        register()
        answer = self.ask(url, caller("operator").token, states=["PAUSE"], wait=0.2)
        assert [one["id"] for one in answer.json()["result"]] == ["c"]

    def test_many_who_wait_hold_no_thread_each(self, url: str, cloud: Any) -> None:
        """More than there are threads: others are answered meanwhile."""
        row = register()
        PollState.objects.create(vim=row)
        token = caller("operator").token
        waiting = [
            threading.Thread(target=self.ask, args=(url, token), kwargs={"wait": 55})
            for _ in range(5 * OWN_THREADS)
        ]
        for one in waiting:
            one.start()
        until(lambda: sum(watch.waiting for watch in watches()) == len(waiting), within=50)
        assert ids(self.ask(url, token, states=["PAUSE"])) == ["c"]
        assert all(one.is_alive() for one in waiting)
        known(row, A, at=clock.now())
        for one in waiting:
            one.join(60)
        assert not any(one.is_alive() for one in waiting)

    def test_one_cloud_is_asked_once_at_a_time_however_many_want_to_know(self, url: str, cloud: Any) -> None:
        register()
        release, entered = threading.Event(), threading.Event()

        def slow(vim_id: str, since: Any) -> Sweep:
            entered.set()
            release.wait(60)
            return look(A)

        cloud.script = staticmethod(slow)
        token = caller("operator").token
        answers: list[requests.Response] = []

        def ask() -> None:
            answers.append(self.ask(url, token))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for one in threads:
            one.start()
        assert entered.wait(60)
        until(lambda: len(cloud.asked) == 1)
        release.set()
        for one in threads:
            one.join(60)
        assert [ids(one) for one in answers] == [["a"]] * 12
        assert len(cloud.asked) < 12
