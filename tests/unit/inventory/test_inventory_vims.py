"""VIMs through the REST API: registered, changed, filtered, forgotten; their passwords never told."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from fed_common.core.matching import EventFilter
from fed_common.inventory.models import Revision, Vim
from tests.callers import Caller, caller
from tests.stored import everything

PASSWORD = "pl4nted-S3cret"
URL = f"rabbit://nova:{PASSWORD}@vio-1:5672,nova:{PASSWORD}@vio-2:5672/"
SHOWN = "rabbit://nova:***@vio-1:5672,nova:***@vio-2:5672/"
VIO = {"cloud_owner": "vio", "cloud_region_id": "Region_One", "type": "vmware", "transport": {"url": URL}}
ONE = "/vims/vio_Region_One"

pytestmark = pytest.mark.django_db


def revision() -> int:
    row = Revision.objects.first()
    return row.number if row else 0


def test_a_registered_vim_is_shown_with_every_default_spelt_out(operator: Caller, reader: Caller) -> None:
    answer = operator.ask("POST", "/vims", VIO)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown.pop("created_at").endswith("Z")
    assert shown.pop("updated_at").endswith("Z")
    assert shown.pop("uuid") == str(Vim.objects.get().uuid)
    assert shown == {
        "vim_id": "vio_Region_One",
        "cloud_owner": "vio",
        "cloud_region_id": "Region_One",
        "name": "vio_Region_One",
        "description": "",
        "type": "vmware",
        "version": "",
        "auth_url": "",
        "credentials": None,
        "projects": [],
        "region_name": "",
        "tls": {"verify": True, "ca": ""},
        "poll_interval": None,
        "transport": {
            "url": SHOWN,
            "exchange": "nova",
            "topics": ["notifications", "versioned_notifications"],
            "pool": "multicloud-vio_Region_One",
        },
        "filter": EventFilter().to_dict(),
        "enabled": True,
        "maintenance": False,
        "source": "local",
        "status": "PENDING",
        "status_reason": "",
        "status_at": None,
    }
    assert reader.get(ONE)["transport"]["url"] == SHOWN


def test_the_plugin_sees_the_transport_in_clear(operator: Caller) -> None:
    operator.post("/vims", {**VIO, "transport": {"url": URL, "exchange": "e", "topics": ["t"], "pool": ""}})

    transport = Vim.objects.get().to_core().transport
    assert transport is not None
    assert (transport.url, transport.exchange, transport.topics, transport.pool) == (URL, "e", ("t",), "")


def test_the_longest_names_have_a_pool_that_can_be_stored(operator: Caller) -> None:
    shown = operator.post("/vims", {**VIO, "cloud_owner": "o" * 100, "cloud_region_id": "r" * 100})

    assert len(shown["transport"]["pool"]) == 100


def test_a_vim_that_is_polled_needs_no_transport(operator: Caller) -> None:
    shown = operator.post("/vims", {**VIO, "transport": None})

    assert shown["transport"] is None
    assert Vim.objects.get().to_core().transport is None


def test_vims_are_listed_by_owner_and_region(operator: Caller) -> None:
    for owner in ("vio", "b", "a"):
        operator.post("/vims", {**VIO, "cloud_owner": owner})

    assert [vim["cloud_owner"] for vim in operator.get("/vims")["vims"]] == ["a", "b", "vio"]


def test_only_the_fields_sent_are_changed(operator: Caller) -> None:
    before = operator.post("/vims", VIO)

    after = operator.patch(ONE, {"transport": {"exchange": "other"}, "enabled": False})

    assert after["transport"] == {**before["transport"], "exchange": "other"}
    assert (before["enabled"], after["enabled"]) == (True, False)
    assert Vim.objects.get().to_core().transport.url == URL  # type: ignore[union-attr]


def test_what_is_shown_can_be_sent_back_and_changes_nothing(operator: Caller) -> None:
    before = operator.post("/vims", VIO)

    after = operator.patch(ONE, before)

    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}
    assert Vim.objects.get().to_core().transport.url == URL  # type: ignore[union-attr]


def test_a_masked_password_is_not_carried_to_another_host(operator: Caller) -> None:
    operator.post("/vims", VIO)

    answer = operator.ask("PATCH", ONE, {"transport": {"url": "rabbit://nova:***@evil:5672/"}})

    assert answer.status_code == 400
    assert answer.json()["field"] == "transport.url"
    assert "the password itself" in answer.json()["allowed"]


def test_a_transport_can_be_taken_away_and_put_back(operator: Caller) -> None:
    operator.post("/vims", VIO)

    assert operator.patch(ONE, {"transport": None})["transport"] is None
    assert (
        operator.patch(ONE, {"transport": {"url": "fake://"}})["transport"]["pool"] == "multicloud-vio_Region_One"
    )


def test_a_vim_keeps_its_name(operator: Caller) -> None:
    operator.post("/vims", VIO)

    answer = operator.ask("PATCH", ONE, {"cloud_owner": "other"})

    assert (answer.status_code, answer.json()["field"], answer.json()["value"]) == (400, "cloud_owner", "other")


def test_a_filter_is_shown_in_full_replaced_and_cleared(operator: Caller) -> None:
    operator.post("/vims", VIO)

    shown = operator.put(f"{ONE}/filter", {"kinds": ["PAUSE", "DELETE"], "phases": ["end"]})

    assert shown == {**EventFilter().to_dict(), "kinds": ["DELETE", "PAUSE"], "phases": ["end"]}
    assert operator.get(f"{ONE}/filter") == shown == operator.get(ONE)["filter"]
    assert operator.ask("DELETE", f"{ONE}/filter").status_code == 204
    assert operator.get(f"{ONE}/filter") == EventFilter().to_dict()


def test_a_removed_vim_is_not_found(operator: Caller) -> None:
    operator.post("/vims", VIO)

    assert operator.ask("DELETE", ONE).status_code == 204
    assert operator.ask("GET", ONE).status_code == 404
    assert operator.get("/vims") == {"vims": [], "next": None, "total": 0}


def test_a_vim_is_registered_once(operator: Caller) -> None:
    operator.post("/vims", VIO)

    answer = operator.ask("POST", "/vims", VIO)

    assert answer.status_code == 409
    assert "vio_Region_One" in answer.json()["detail"]


def test_an_owner_may_hold_an_underscore(operator: Caller) -> None:
    shown = operator.post("/vims", {**VIO, "cloud_owner": "a_b", "cloud_region_id": "c"})

    assert (shown["vim_id"], shown["cloud_owner"], shown["cloud_region_id"]) == ("a_b_c", "a_b", "c")
    assert operator.get("/vims/a_b_c")["cloud_owner"] == "a_b"


def test_two_pairs_of_the_same_text_are_in_conflict(operator: Caller) -> None:
    operator.post("/vims", {**VIO, "cloud_owner": "a_b", "cloud_region_id": "c"})

    answer = operator.ask("POST", "/vims", {**VIO, "cloud_owner": "a", "cloud_region_id": "b_c"})

    assert answer.status_code == 409
    assert answer.json()["detail"] == "VIM 'a_b_c' exists already"


def test_every_change_tells_the_listeners(operator: Caller) -> None:
    seen = [revision()]
    for change in (
        lambda: operator.post("/vims", VIO),
        lambda: operator.patch(ONE, {"enabled": False}),
        lambda: operator.put(f"{ONE}/filter", {"kinds": ["DELETE"]}),
        lambda: operator.ask("DELETE", f"{ONE}/filter"),
        lambda: operator.ask("DELETE", ONE),
    ):
        change()
        seen.append(revision())

    assert seen == sorted(set(seen))


def test_a_refused_change_changes_nothing(operator: Caller) -> None:
    operator.post("/vims", VIO)
    before = (operator.get(ONE), revision())

    for wrong in ({"enabled": False, "type": "azure"}, {"enabled": False, "filter": {"kinds": ["X"]}}):
        assert operator.ask("PATCH", ONE, wrong).status_code == 400

    assert (operator.get(ONE), revision()) == before


def test_a_url_sealed_with_a_lost_key_can_still_be_seen_and_replaced(operator: Caller) -> None:
    operator.post("/vims", VIO)
    Vim.objects.update(sealed_transport_url="sealed-with-another-key")

    assert operator.get("/vims")["vims"][0]["transport"]["url"] == "***"
    assert operator.patch(ONE, {"transport": {"url": URL}})["transport"]["url"] == SHOWN


def test_a_list_costs_the_same_however_many_vims_there_are(
    operator: Caller, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        operator.post("/vims", {**VIO, "cloud_owner": f"o{number}"})

    with django_assert_num_queries(2):
        operator.get("/vims")


@pytest.mark.django_db(transaction=True)
def test_a_planted_password_is_in_no_answer_no_log_and_not_in_the_database_in_clear(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    operator = caller("operator")
    caplog.set_level("DEBUG")
    told = ""
    with capture_logs() as logs:
        for method, path, body in (
            ("POST", "/vims", VIO),
            ("POST", "/vims", VIO),
            ("POST", "/vims", {**VIO, "cloud_owner": "b", "transport": {"url": f"http://u:{PASSWORD}@h/"}}),
            ("POST", "/vims", {**VIO, "cloud_owner": "b", "transport": {"url": f"rabbit://u:{PASSWORD}@h:port/"}}),
            ("POST", "/vims", {**VIO, "cloud_owner": "b", "transport": f"rabbit://u:{PASSWORD}@h/"}),
            ("POST", "/vims", {**VIO, "cloud_owner": "b", "transport": [{"url": URL}]}),
            ("POST", "/vims", {**VIO, "cloud_owner": "b", "transport": {"url": URL, "topics": ["a b"]}}),
            ("PATCH", ONE, {"transport": {"url": f"rabbit://u:{PASSWORD}@[::1/"}}),
            ("POST", f"{ONE}/check", None),
            ("GET", "/vims", None),
            ("GET", ONE, None),
        ):
            answer = operator.ask(method, path, body)
            assert answer.status_code != 500
            told += answer.content.decode() + str(dict(answer.items()))

    assert PASSWORD not in told
    assert PASSWORD not in str(logs) + caplog.text + "".join(capfd.readouterr())
    assert "nova:***@vio-1" in told
    stored = everything()
    assert b"vmware" in stored
    assert PASSWORD.encode() not in stored
