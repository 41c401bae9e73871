"""VIMs read through from A&AI; ids are those of the compatibility list of the ONAP broker (R-...)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from fed_common.broker.problems import problem_of
from fed_common.core import clock
from fed_common.core import model as core
from fed_common.core.errors import CloudFailed, CloudShut, CloudTimeout, GatewayError, NotFound
from fed_common.core.model import Credentials, VimId
from fed_common.inventory import directory as room
from fed_common.inventory import services
from fed_common.inventory.aai import client, read_through
from fed_common.inventory.directory import directory
from fed_common.inventory.models import Revision, Vim
from tests.certificates import self_signed
from tests.doubles.aai import (
    OWN_PASSWORD,
    PASSWORD,
    Aai,
    Script,
    closing,
    esr,
    failing,
    refusing,
    region,
    saying,
    unknown,
)
from tests.stored import everything
from tests.waiting import until

pytestmark = pytest.mark.django_db

NORMAL = VimId("CloudOwner", "RegionOne")
GHOST = VimId("ghost", "R")
WRONG_ANSWERS = {
    "401": refusing,
    "403": failing(403),
    "500": failing(500),
    "503": failing(503),
    "400": failing(400),
    "302": saying(302, ""),
    "404 of something else": saying(404, "<html>no such page</html>"),
    "404 with JSON of something else": saying(404, {"detail": "Not Found"}),
    "200 with a page": saying(200, "<html>Please sign in</html>"),
    "200 with a list": saying(200, []),
    "200 with nothing": saying(200, ""),
    "200 with bytes": saying(200, "\x00\xff"),
    "200 nested too deep": saying(200, "[" * 100_000),
    "an empty record": saying(200, {}),
    "a record of another region": saying(200, region("other", "R", "openstack", "pike", esr())),
}


def find(vim_id: VimId = NORMAL) -> core.Vim:
    return directory().find(vim_id)


def failure(vim_id: VimId = NORMAL) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        find(vim_id)
    return caught.value


def revision() -> int:
    return Revision.objects.values_list("number", flat=True).first() or 0


def restart() -> None:
    directory.cache_clear()


def grow_old(**more: Any) -> None:
    """What A&AI told is older than MCFED_AAI_TTL from now on."""
    Vim.objects.update(read_at=clock.now() - timedelta(days=1), **more)
    restart()


def test_r02_one_question_with_the_headers_of_onap_tells_of_a_vim(aai: Aai) -> None:
    with bound_contextvars(request_id="id-of-the-request"):
        vim = find()

    assert (vim.id, vim.type, vim.version) == (NORMAL, "openstack", "pike")
    assert vim.auth_url == "http://keystone.example:5000/v3"
    assert vim.credentials == Credentials("gateway", PASSWORD)
    assert (vim.projects, vim.region_name) == (("operations",), "RegionOne")
    assert [asked.pair for asked in aai.asked] == [("CloudOwner", "RegionOne")]
    headers = aai.asked[0].headers
    assert headers["X-FromAppId"] == "MultiCloud"
    assert headers["X-TransactionId"] == "id-of-the-request"
    assert headers["Authorization"].startswith("Basic ")


def test_r02_without_a_request_each_question_has_an_id_of_its_own(aai: Aai) -> None:
    find()
    find(VimId("vmware", "vio"))

    ids = {asked.headers["X-TransactionId"] for asked in aai.asked}
    assert len(ids) == 2
    assert all(ids)


def test_r05_a_vim_unknown_to_aai_is_not_found(aai: Aai) -> None:
    error = failure(GHOST)

    assert isinstance(error, NotFound)
    assert "Failed to query VIM with id (ghost_R)" in str(error)
    assert problem_of(error).status == 404


@pytest.mark.parametrize("said", WRONG_ANSWERS)
def test_r06_whatever_else_aai_says_is_its_failure_and_not_a_missing_vim(said: str, aai: Aai) -> None:
    aai.otherwise = WRONG_ANSWERS[said]

    error = failure()

    assert type(error) is CloudFailed
    assert (error.vim_id, problem_of(error).status) == ("CloudOwner_RegionOne", 502)
    assert "A&AI" in error.reason
    assert not Vim.objects.exists()


@pytest.mark.parametrize("script", ["hanging", "trickling"])
def test_r07_an_aai_that_is_too_slow_is_a_timeout(script: str, aai: Aai, settings: Any) -> None:
    settings.AAI_TIMEOUT = 0.3
    aai.otherwise = getattr(aai, script)

    error = failure()

    assert isinstance(error, CloudTimeout)
    assert (error.reason, problem_of(error).status) == ("A&AI did not answer within 0.3 s", 504)


@pytest.mark.parametrize("way", ["gone", "closing"])
def test_r07_an_aai_that_cannot_be_reached_is_unavailable(way: str, aai: Aai) -> None:
    aai.otherwise = closing
    if way == "gone":
        aai.close()

    error = failure()

    assert isinstance(error, CloudShut)
    assert (problem_of(error).status, problem_of(error).headers) == (503, {"Retry-After": "5"})


def test_r07_an_answer_beyond_all_measure_is_refused(aai: Aai, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_BYTES", 100)

    assert "more than 100 bytes" in str(failure())


def known_old_vim(aai: Aai, script: Script) -> core.Vim:
    before = find()
    grow_old()
    aai.asked.clear()
    aai.otherwise = script
    return before


@pytest.mark.parametrize("said", [*WRONG_ANSWERS, "gone", "hanging"])
def test_r07_a_known_vim_is_served_as_last_known_also_after_a_restart(said: str, aai: Aai, settings: Any) -> None:
    before = known_old_vim(aai, WRONG_ANSWERS.get(said, aai.hanging))
    settings.AAI_TIMEOUT = 0.3
    if said == "gone":
        aai.close()

    with capture_logs() as logs:
        assert find() == before

    told = [log for log in logs if log["event"] == "a VIM is served as last known"]
    assert [log["vim"] for log in told] == ["CloudOwner_RegionOne"]
    assert "A&AI" in told[0]["reason"]


def test_r07_an_aai_that_is_down_is_left_alone_for_a_while_and_asked_again_later(
    aai: Aai, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = find(VimId("vmware", "vio"))
    before = known_old_vim(aai, closing)

    for _ in range(20):
        assert (find(), find(other.id)) == (before, other)
    assert directory().cached(NORMAL) == before
    assert len(aai.asked) == 1

    aai.healthy()
    aai.regions["CloudOwner", "RegionOne"]["cloud-region-version"] = "queens"
    later = read_through.time.monotonic() + read_through.PAUSE
    monkeypatch.setattr(read_through.time, "monotonic", lambda: later)
    assert directory().cached(NORMAL) is None
    assert find().version == "queens"


def test_r07_one_wrong_record_does_not_keep_the_others_old(aai: Aai) -> None:
    other = VimId("vmware", "vio")
    find(other)
    before = known_old_vim(aai, saying(200, {}))
    aai.answers["vmware", "vio"] = saying(200, region("vmware", "vio", "vmware", "9.0"))

    assert find() == before
    assert find(other).version == "9.0"


def test_r09_a_region_without_version_has_none(aai: Aai) -> None:
    assert find(VimId("nover", "R")).version == ""


def test_r08_a_type_nobody_knows_is_for_the_broker_to_refuse(aai: Aai) -> None:
    assert find(VimId("odd", "R")).type == "nutanix"


@pytest.mark.parametrize(
    ("asked", "pair"),
    [
        pytest.param(VimId.parse("own_Region_One"), ("own", "Region_One"), id="R-11"),
        pytest.param(VimId("my_own", "RegionOne"), ("my_own", "RegionOne"), id="R-12"),
        pytest.param(VimId.parse("own_R.Two"), ("own", "R.Two"), id="R-13"),
    ],
)
def test_aai_is_asked_for_exactly_the_pair(asked: VimId, pair: tuple[str, str], aai: Aai) -> None:
    assert find(asked).id == VimId(*pair)
    assert aai.pairs() == [pair]


def test_r12_what_v1_found_is_found_by_its_text_without_asking_again(aai: Aai) -> None:
    assert isinstance(failure(VimId.parse("my_own_RegionOne")), NotFound)
    assert aai.pairs() == [("my", "own_RegionOne")]

    find(VimId("my_own", "RegionOne"))

    assert find(VimId.parse("my_own_RegionOne")).id == VimId("my_own", "RegionOne")
    assert len(aai.asked) == 2


def test_r19_a_thousand_requests_are_one_question(aai: Aai) -> None:
    for _ in range(1000):
        directory().cached(NORMAL) or find()

    assert aai.hits("CloudOwner", "RegionOne") == 1


def test_r19_a_thousand_requests_for_no_vim_are_one_question(aai: Aai) -> None:
    for _ in range(1000):
        assert isinstance(failure(GHOST), NotFound)

    assert aai.hits("ghost", "R") == 1


def test_r19_that_there_is_no_vim_is_believed_for_seconds_only(aai: Aai, monkeypatch: pytest.MonkeyPatch) -> None:
    failure(GHOST)
    aai.regions["ghost", "R"] = region("ghost", "R", "openstack", "pike", esr())

    later = read_through.time.monotonic() + read_through.UNKNOWN_FOR
    monkeypatch.setattr(read_through.time, "monotonic", lambda: later)

    assert find(GHOST).id == GHOST


def test_r19_an_old_vim_is_asked_for_once_however_often_it_is_wanted(aai: Aai) -> None:
    find()
    written = revision()
    grow_old()
    for _ in range(10):
        find()

    assert aai.hits("CloudOwner", "RegionOne") == 2
    assert revision() == written, "an answer that tells nothing new is no change"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("vim_id", [NORMAL, GHOST])
def test_threads_that_want_one_unknown_vim_ask_once(vim_id: VimId, aai: Aai) -> None:
    aai.otherwise = aai.waiting
    with ThreadPoolExecutor(8) as pool:
        wanted = [pool.submit(directory().find, vim_id) for _ in range(8)]
        until(lambda: aai.asked)
        aai.release()
        found = [one.exception() or one.result() for one in wanted]

    assert aai.hits(vim_id.owner, vim_id.region) == 1
    ids = {one.id if isinstance(one, core.Vim) else type(one).__name__ for one in found}
    assert ids == {"UnknownVim" if vim_id is GHOST else NORMAL}


def test_who_missed_that_another_thread_was_faster_does_not_ask_again(
    aai: Aai, monkeypatch: pytest.MonkeyPatch
) -> None:
    find()
    restart()
    monkeypatch.setattr(room.Directory, "_stored", lambda *_: None)

    assert find().id == NORMAL
    assert aai.hits("CloudOwner", "RegionOne") == 1


@pytest.mark.django_db(transaction=True)
def test_a_slow_aai_holds_up_one_thread_and_no_other(aai: Aai) -> None:
    other = find(VimId("vmware", "vio"))
    before = known_old_vim(aai, aai.waiting)
    asking = threading.Thread(target=find)
    asking.start()
    until(lambda: aai.asked)

    assert (find(), find(other.id)) == (before, other)

    assert asking.is_alive()
    assert len(aai.asked) == 1
    aai.release()
    asking.join(60)


def test_another_process_that_asked_meanwhile_is_believed(aai: Aai) -> None:
    find()
    mine = directory()
    grow_old()
    mine.find(NORMAL)
    Vim.objects.update(read_at=clock.now())

    assert mine.find(NORMAL).id == NORMAL
    assert aai.hits("CloudOwner", "RegionOne") <= 2


def test_what_aai_changed_is_seen_after_the_time_to_live(aai: Aai) -> None:
    find()
    aai.regions["CloudOwner", "RegionOne"] = region(
        "CloudOwner", "RegionOne", "openstack", "pike", esr(password="new")
    )
    written = revision()
    assert find().credentials == Credentials("gateway", PASSWORD)

    grow_old()

    assert find().credentials == Credentials("gateway", "new")
    assert revision() > written


def test_a_refresh_keeps_what_was_set_here(aai: Aai) -> None:
    find()
    changes = {"filter": {"kinds": ["DELETE"]}, "enabled": False, "transport": {"url": "fake://"}}
    services.change_vim(str(NORMAL), changes)
    aai.regions["CloudOwner", "RegionOne"]["cloud-region-version"] = "queens"
    grow_old()

    vim = find()

    row = Vim.objects.get()
    assert (vim.version, row.filter["kinds"], row.enabled) == ("queens", ["DELETE"], False)
    assert vim.transport is not None
    assert vim.transport.url == "fake://"


def test_a_vim_that_aai_has_no_longer_is_gone(aai: Aai) -> None:
    find()
    written = revision()
    grow_old()
    del aai.regions["CloudOwner", "RegionOne"]

    assert isinstance(failure(), NotFound)

    assert not Vim.objects.exists()
    assert revision() > written


def test_a_vim_registered_here_is_neither_asked_for_nor_changed(aai: Aai) -> None:
    services.register_vim({"cloud_owner": "CloudOwner", "cloud_region_id": "RegionOne", "type": "vmware"})
    grow_old()
    aai.otherwise = unknown

    assert find().type == "vmware"
    assert not aai.asked


def test_secrets_sealed_with_another_key_are_asked_for_again(aai: Aai) -> None:
    find()
    Vim.objects.update(sealed_credentials="sealed-with-another-key")
    restart()

    assert find().credentials == Credentials("gateway", PASSWORD)


def test_a_transport_in_the_extra_info_is_used_and_stays_as_long_as_it_is_the_same(aai: Aai) -> None:
    url = f"rabbit://nova:{PASSWORD}@mq.example:5672/"
    extra = {"notification_transport": {"url": url, "topics": ["versioned_notifications"]}}
    aai.regions["CloudOwner", "RegionOne"]["cloud-extra-info"] = json.dumps(extra)

    transport = find().transport

    assert transport is not None
    assert (transport.url, transport.topics) == (url, ("versioned_notifications",))
    assert transport.pool == "multicloud-CloudOwner_RegionOne"
    written = revision()
    grow_old()
    assert find().transport == transport
    assert revision() == written


@pytest.mark.parametrize(
    "transport", [{}, {"url": 5}, {"url": f"http://u:{PASSWORD}@h/"}, {"url": "fake://", "more": 1}, [], 5]
)
def test_a_transport_that_cannot_be_used_costs_the_vim_nothing_else(transport: Any, aai: Aai) -> None:
    extra = json.dumps({"notification_transport": transport})
    aai.regions["CloudOwner", "RegionOne"]["cloud-extra-info"] = extra

    with capture_logs() as logs:
        vim = find()

    assert (vim.type, vim.transport) == ("openstack", None)
    assert "notification_transport" in str(logs)
    assert PASSWORD not in str(logs)


def test_names_are_encoded_on_their_way_to_aai(aai: Aai) -> None:
    odd = VimId("über", "R1")
    aai.regions["über", "R1"] = region("über", "R1", "openstack")

    assert find(odd).id == odd
    assert aai.asked[0].path.endswith("/%C3%BCber/R1")


@pytest.mark.parametrize("pair", [("..", "R"), ("a/b", "R"), ("a", "../x"), ("a", ""), ("a b", "R")])
def test_what_is_no_vim_id_never_gets_to_aai(pair: tuple[str, str], aai: Aai) -> None:
    assert problem_of(failure(VimId(*pair))).status == 400
    assert not aai.asked


def test_without_aai_nobody_is_asked(aai: Aai, settings: Any) -> None:
    settings.AAI_URL = ""

    assert isinstance(failure(), NotFound)
    assert not aai.asked


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A certificate of its own authority, for 127.0.0.1, and its key."""
    return self_signed(tmp_path)


def test_the_certificate_of_aai_is_verified(certificate: tuple[str, str], settings: Any) -> None:
    with Aai(tls=certificate) as aai:
        settings.AAI_URL = aai.url
        assert "certificate cannot be verified" in str(failure())
        assert not aai.asked

        settings.AAI_CA = certificate[0]
        restart()
        assert find().id == NORMAL


@pytest.mark.django_db(transaction=True)
def test_planted_passwords_are_in_no_error_no_log_and_not_in_the_database_in_clear(
    aai: Aai,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(read_through, "FAILED_FOR", 0.0)
    wrong_record = region("CloudOwner", "RegionOne", "openstack", "pike", esr(**{"ssl-insecure": PASSWORD}))
    odd_password = region("CloudOwner", "RegionOne", "openstack", "pike", esr(password=[PASSWORD]))
    told = ""
    with capture_logs() as logs:
        scripts: list[Callable[..., Any]] = [*WRONG_ANSWERS.values()]
        for script in [*scripts, saying(200, wrong_record), saying(200, odd_password), closing]:
            aai.otherwise = script
            told += repr(failure()) + str(problem_of(failure()))
        aai.healthy()
        told += repr(find())

    seen = told + str(logs) + caplog.text + "".join(capfd.readouterr())
    stored = everything()
    assert b"CloudOwner_RegionOne" in stored
    for secret in (PASSWORD, OWN_PASSWORD):
        assert secret not in seen
        assert secret.encode() not in stored
