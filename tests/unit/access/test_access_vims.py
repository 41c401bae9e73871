"""A token for some VIMs sees nothing of the others, wherever events are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from fed_common.access import tokens
from fed_common.access.models import Role
from fed_common.access.permissions import seen_by
from fed_common.access.tokens import Identity
from fed_common.core.errors import Invalid
from fed_common.events import tail
from fed_common.events.models import DeadEvent, StoredEvent
from fed_common.events.store import EventStore
from fed_common.interfaces.publisher import Message
from fed_common.publishers import memory
from tests.callers import Caller, caller
from tests.examples import event
from tests.serving import served, watching
from tests.waiting import until

pytestmark = pytest.mark.django_db
STORE = EventStore(EventStore.Config())
VIMS = ["vio_RegionOne", "vio_RegionTwo", "core_R", "vio.x_R", "VIO_R", "a-b_c-d", "own_a_b"]
GLOBS = ["vio_*", "vio_Region???", "vio.x_R", "*", "*_R", "v*o*", "a-b_c-?", "core_R", "nothing_*"]


def tell(id: str, vim_id: str) -> None:
    one = event(id, vim_id=vim_id)
    STORE.publish([Message("", one.key, b"", one)], timeout=60)


def dead(vim_id: str, subscription: str = "vnfm") -> DeadEvent:
    body = event(f"e-{vim_id}", vim_id=vim_id).to_dict()
    return DeadEvent.objects.create(
        stage="publish", vim_id=vim_id, event_id=body["id"], subscription=subscription, reason="r", body=body
    )


@pytest.fixture
def mine() -> Caller:
    """May operate, at the VIMs of vio alone."""
    return caller("operator", "vio_*")


@pytest.mark.parametrize("globs", [[one] for one in GLOBS] + [["core_R", "vio_*"], []])
def test_the_database_chooses_the_same_vims_as_the_identity(globs: list[str]) -> None:
    for vim_id in VIMS:
        tell(f"e-{vim_id}", vim_id)
    identity = Identity("x", Role.READER, tuple(globs))

    chosen = {row.vim_id for row in seen_by(identity, StoredEvent.objects.all())}

    assert chosen == {vim_id for vim_id in VIMS if identity.sees(vim_id)}


@given(st.lists(st.text("ab_.*?-", min_size=1, max_size=6), min_size=1, max_size=3), st.text("ab_.-", max_size=6))
def test_the_expression_for_the_database_means_what_the_globs_mean(globs: list[str], vim_id: str) -> None:
    identity = Identity("x", Role.READER, tuple(globs))

    assert bool(re.search(identity.vims_regex(), vim_id)) == identity.sees(vim_id)


@pytest.mark.parametrize("glob", ["", "vio_[", "a b", "a/b", "(x)", "a|b", "a$", "x" * 202, "a\n"])
def test_what_is_no_glob_makes_no_token(glob: str) -> None:
    with pytest.raises(Invalid, match="vims"):
        tokens.create("t", "reader", vims=[glob])


def test_globs_are_given_and_listed_at_the_command_line() -> None:
    out = StringIO()
    call_command("createtoken", "--name", "ci", "--vim", "vio_*", "--vim", "core_R", stdout=out)
    identity = tokens.authenticate(out.getvalue().strip())
    assert identity == Identity("ci", Role.READER, ("vio_*", "core_R"))
    out = StringIO()
    call_command("createtoken", "--name", "free", stdout=out)
    call_command("listtokens", stdout=out)
    assert "ci\treader\tVIMs vio_*, core_R\tmade" in out.getvalue()
    assert "free\treader\tVIMs all\tmade" in out.getvalue()
    with pytest.raises(CommandError, match="vims"):
        call_command("createtoken", "--name", "bad", "--vim", "a b")


def test_events_of_other_vims_are_not_listed_shown_or_asked_for(mine: Caller) -> None:
    tell("e-1", "vio_RegionOne")
    tell("e-2", "core_R")

    assert [one["id"] for one in mine.get("/events")["events"]] == ["e-1"]
    assert [one["id"] for one in mine.get("/events?after=0")["events"]] == ["e-1"]
    assert mine.get("/events/e-1")["vim_id"] == "vio_RegionOne"
    assert mine.ask("GET", "/events/e-2").status_code == 404
    assert mine.get("/events?vim_id=vio_RegionOne")["events"]
    refused = mine.ask("GET", "/events?vim_id=core_R")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "'core_R'" in refused.json()["detail"]


def test_dead_events_of_other_vims_are_not_listed_shown_replayed_or_forgotten(
    mine: Caller, operator: Caller, memory_sink: None
) -> None:
    operator.post("/subscriptions", {"name": "vnfm", "sinks": [{"publisher": "memory", "topic": "T"}]})
    own, other = dead("vio_RegionOne"), dead("core_R")

    assert [one["id"] for one in mine.get("/dead-events")["dead_events"]] == [own.id]
    assert mine.get(f"/dead-events/{own.id}")["vim_id"] == "vio_RegionOne"
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
        assert mine.ask(method, f"/dead-events/{other.id}{path}").status_code == 404
    assert mine.ask("GET", "/dead-events?vim_id=core_R").status_code == 403
    assert mine.ask("POST", "/dead-events/replay?vim_id=core_R").status_code == 403
    assert mine.post("/dead-events/replay")["replayed"] == 1
    assert [message.event.vim_id for message in memory.messages("T")] == ["vio_RegionOne"]
    assert not DeadEvent.objects.get(pk=other.id).replayed_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/subscriptions"),
        ("POST", "/subscriptions"),
        ("GET", "/subscriptions/s"),
        ("PUT", "/subscriptions/s"),
        ("PATCH", "/subscriptions/s"),
        ("DELETE", "/subscriptions/s"),
        ("GET", "//topics"),
        ("GET", "//topics/listAll"),
        ("GET", "//topics/T"),
        ("DELETE", "//topics/T"),
        ("POST", "//topics/create"),
        ("GET", "//events/T/g/c?timeout=0"),
        ("POST", "//events/T"),
        ("GET", "//apiKeys"),
        ("POST", "//apiKeys/create"),
    ],
)
def test_what_carries_every_vims_events_is_not_for_a_token_of_some(method: str, path: str) -> None:
    body = {"name": "s", "sinks": []} if method in ("POST", "PUT", "PATCH") else None

    assert caller("admin", "vio_*").ask(method, path, body).status_code == 403
    assert caller("admin").ask(method, path, body).status_code != 403


@pytest.fixture
def url(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tail, "LOOK_EVERY", 0.01)
    with served() as at:
        yield at


def test_the_stream_tells_of_its_own_vims_alone_in_the_past_and_the_present(url: str) -> None:
    token = caller("reader", "vio_*").token
    tell("past-1", "core_R")
    tell("past-2", "vio_RegionOne")
    with watching(url, token, "?after=0") as viewer:
        until(lambda: any(one._viewers for one in list(tail._tails.values())))
        tell("now-1", "core_R")
        tell("now-2", "vio_RegionTwo")

        assert [one["id"] for one in viewer.events(2)] == ["past-2", "now-2"]


def test_a_stream_of_another_vim_is_refused(url: str) -> None:
    with watching(url, caller("reader", "vio_*").token, "?vim_id=core_R") as viewer:
        assert viewer.answer.status_code == 403
