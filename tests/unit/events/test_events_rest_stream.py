"""The live stream over real HTTP: everything, in order, resumable, and cheap for many viewers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from fed_common.access import tokens
from fed_common.core.kinds import Kind, Phase
from fed_common.events import stream, tail
from fed_common.events.models import StoredEvent
from fed_common.events.store import EventStore
from fed_common.interfaces.publisher import Message
from tests.callers import API, caller
from tests.examples import event
from tests.serving import Watching, served, watching
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

STORE = EventStore(EventStore.Config())


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tail, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(tail, "HOLE_SECONDS", 0.05)
    with served() as at:
        yield at


@pytest.fixture
def token() -> str:
    return caller("reader").token


def tell(*ids: str, **changes: object) -> None:
    events = [event(one, **changes) for one in ids]
    STORE.publish([Message("", one.key, b"", one) for one in events], timeout=60)


def numbered(sequence: int) -> None:
    """A row with this number, as another process commits it."""
    one = event(f"e-{sequence}")
    StoredEvent.objects.create(
        id=sequence,
        event_id=one.id,
        vim_id=one.vim_id,
        instance_id=one.instance_id,
        kind=one.kind,
        phase=one.phase,
        state=one.state,
        occurred_at=one.occurred_at,
        received_at=one.received_at,
        body=one.to_dict(),
    )


def watched() -> int:
    return sum(one.watched for one in list(tail._tails.values()))


def joined(count: int = 1) -> None:
    """Wait until so many viewers get what happens from now on."""
    until(lambda: sum(len(one._viewers) for one in list(tail._tails.values())) == count)


def ids(watcher: Watching, count: int) -> list[str]:
    return [one["id"] for one in watcher.events(count)]


def test_a_viewer_hears_what_happens_from_now_on(url: str, token: str) -> None:
    tell("before")
    with watching(url, token) as viewer:
        joined()
        tell("e-1", "e-2")
        tell("e-3")

        assert viewer.answer.headers["Content-Type"] == "text/event-stream"
        assert ids(viewer, 3) == ["e-1", "e-2", "e-3"]


def test_an_event_is_told_whole_with_its_sequence(url: str, token: str) -> None:
    with watching(url, token) as viewer:
        joined()
        tell("e-1", instance_name="zwölf\nLinien\u2028", payload={"a": [1, {"b": None}]})
        [heard] = viewer.events(1)

    row = StoredEvent.objects.get()
    expected = event("e-1", instance_name="zwölf\nLinien\u2028", payload={"a": [1, {"b": None}]}).to_dict()
    assert heard == {"sequence": row.id, **expected}


def test_a_viewer_that_comes_back_misses_nothing_and_hears_nothing_twice(url: str, token: str) -> None:
    tell(*(f"e-{number}" for number in range(10)))
    with watching(url, token, "?after=0") as viewer:
        last = viewer.events(4)[-1]
    headers = {"Last-Event-ID": str(last["sequence"])}
    with watching(url, token, "?after=0", **headers) as viewer:
        joined()
        tell("e-10")

        assert ids(viewer, 7) == [f"e-{number}" for number in range(4, 11)]


def test_a_long_history_comes_page_by_page_and_goes_over_into_the_present(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "PAGE", 7)
    monkeypatch.setattr(stream, "PAGE", 7)
    tell(*(f"e-{number}" for number in range(50)))
    with watching(url, token, "?after=0") as viewer:
        heard = ids(viewer, 20)
        tell(*(f"e-{number}" for number in range(50, 80)))
        heard += ids(viewer, 60)

    assert heard == [f"e-{number}" for number in range(80)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("kind=DELETE", ["e-2"]),
        ("kind=DELETE&kind=PAUSE", ["e-2", "e-3"]),
        ("vim_id=other_R", ["e-1"]),
        ("phase=start", ["e-3"]),
        ("instance_id=vm-2", ["e-4"]),
        ("state=active", ["e-5"]),
        ("kind=DELETE&state=active", []),
        ("", ["e-1", "e-2", "e-3", "e-4", "e-5"]),
    ],
)
def test_conditions_hold_for_the_past_and_the_present(url: str, token: str, query: str, wanted: list[str]) -> None:
    def happen(prefix: str) -> None:
        tell(f"{prefix}e-1", vim_id="other_R")
        tell(f"{prefix}e-2", kind=Kind.DELETE)
        tell(f"{prefix}e-3", kind=Kind.PAUSE, phase=Phase.START)
        tell(f"{prefix}e-4", instance_id="vm-2")
        tell(f"{prefix}e-5", state="active")

    happen("past ")
    with watching(url, token, f"?after=0&{query}") as viewer:
        joined()
        happen("")
        tell("last", kind=Kind.DELETE, vim_id="other_R", phase=Phase.START, instance_id="vm-2", state="active")
        heard = ids(viewer, 2 * len(wanted) + 1)

    assert heard == [*(f"past {one}" for one in wanted), *wanted, "last"]


def test_since_begins_in_the_past(url: str, token: str) -> None:
    tell("e-1")
    with watching(url, token, "?since=2026-01-01T00:00:00Z") as viewer:
        assert ids(viewer, 1) == ["e-1"]


def test_a_sequence_of_another_database_does_not_make_the_viewer_wait_for_it(url: str, token: str) -> None:
    with watching(url, token, "?after=999999999") as viewer:
        joined()
        tell("e-1")

        assert ids(viewer, 1) == ["e-1"]


def test_a_number_still_on_its_way_is_not_overtaken(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "HOLE_SECONDS", 3600.0)
    numbered(1)
    with watching(url, token) as viewer:
        joined()
        numbered(3)
        until(lambda: any(one._holes for one in tail._tails.values()))
        numbered(2)

        assert ids(viewer, 2) == ["e-2", "e-3"]


def test_a_number_that_never_comes_is_not_waited_for(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "HOLE_SECONDS", 0.05)
    numbered(1)
    with watching(url, token) as viewer:
        joined()
        numbered(5)

        assert ids(viewer, 1) == ["e-5"]


def test_a_silent_stream_beats(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_EVERY", 0.05)
    with watching(url, token) as viewer:
        lines = viewer.answer.iter_lines(chunk_size=None)
        heard = [line for line, _ in zip(lines, range(8), strict=False)]

    assert heard.count(b": still here") >= 2


def test_the_stream_of_a_revoked_token_ends(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_EVERY", 0.05)
    with watching(url, token) as viewer:
        joined()
        tokens.revoke("the reader")

        assert viewer.events(1) == []


def test_the_table_is_followed_only_while_somebody_watches(url: str, token: str) -> None:
    with watching(url, token), watching(url, token):
        joined(2)
        [following] = [one for one in tail._tails.values() if one.watched]
        assert following._task is not None

    until(lambda: not watched())
    assert following._task is None


def test_a_hundred_viewers_all_hear_everything(url: str, token: str) -> None:
    def watch(_number: int) -> list[str]:
        with watching(url, token, "?after=0") as viewer:
            return ids(viewer, 60)

    with ThreadPoolExecutor(100) as pool:
        told = [pool.submit(watch, number) for number in range(100)]
        joined(100)
        for number in range(0, 60, 5):
            tell(*(f"e-{place}" for place in range(number, number + 5)))
        heard = [one.result(60) for one in told]

    assert heard == [[f"e-{number}" for number in range(60)]] * 100


def test_a_viewer_too_slow_is_disconnected_and_goes_on_where_it_was(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BATCHES_BEHIND", 3)
    count = 60
    with watching(url, token) as viewer:
        joined()
        for number in range(count):
            tell(f"e-{number}", payload={"filling": "x" * 400_000})
            until(lambda: any(one.position == tail.newest() for one in tail._tails.values()))
        first = viewer.events(count)
        assert 0 < len(first) < count
    headers = {"Last-Event-ID": str(first[-1]["sequence"])}
    with watching(url, token, **headers) as viewer:
        rest = ids(viewer, count - len(first))

    assert [one["id"] for one in first] + rest == [f"e-{number}" for number in range(count)]


def test_batches_beyond_the_limit_are_kept_from_the_viewer_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "BATCHES_BEHIND", 2)
    batches = [[tail.Frame(number, b"", "", "", "", "", "")] for number in range(4)]

    async def watch() -> list[object]:
        viewer = tail.Viewer()
        for batch in batches[:3]:
            viewer.give(batch)
        taken: list[object] = [await viewer.take(1)]
        viewer.give(batches[3])
        assert not viewer.lost
        taken.append(await viewer.take(1))
        assert viewer.lost
        return taken

    assert asyncio.run(watch()) == batches[:2]


def test_nobody_may_not_watch(url: str) -> None:
    answer = requests.get(f"{url}{API}/events/stream", timeout=60)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_only_get_opens_a_stream(url: str, token: str) -> None:
    answer = requests.post(f"{url}{API}/events/stream", headers={"X-Auth-Token": token}, timeout=60)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_wrong_place_to_resume_is_refused(url: str, token: str) -> None:
    headers = {"X-Auth-Token": token, "Last-Event-ID": "yesterday"}

    answer = requests.get(f"{url}{API}/events/stream", headers=headers, timeout=60)

    assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")
