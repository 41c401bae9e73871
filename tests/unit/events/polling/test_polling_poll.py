"""One VIM's looks: told once, kept after, and never a word about a cloud that does not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, CloudTimeout, Retryable
from fed_common.core.instances import HostState, Sweep
from fed_common.events.models import PolledFact, PollState
from fed_common.events.polling.poll import Mode
from fed_common.inventory.models import Host, Instance, Vim
from tests.clouds import BEGAN, host, instance, look, register
from tests.unit.events.polling.conftest import told

pytestmark = pytest.mark.django_db


def shows(cloud: Any, *looks: Sweep | Exception) -> None:
    """The cloud's next answers."""
    answers = iter(looks)

    def answer(vim_id: str, since: Any) -> Sweep:
        one = next(answers)
        if isinstance(one, Exception):
            raise one
        return one

    cloud.script = staticmethod(answer)


def states() -> dict[str, str]:
    return dict(Instance.objects.values_list("instance_id", "state"))


def test_the_first_look_ever_is_kept_and_tells_nothing(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a"), instance("b", "paused"), hosts=(host("h1"),)))
    polls(row).look()
    assert states() == {"a": "active", "b": "paused"}
    assert list(Host.objects.values_list("name", "state")) == [("h1", "up")]
    assert told(sink) == []
    assert PollState.objects.get(vim=row).baseline_at == BEGAN


def test_what_happened_while_the_poller_was_down_is_told_once(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a"), instance("b"), hosts=(host("h1"),)))
    polls(row).look()
    later = look(instance("a", "paused"), instance("c"), hosts=(host("h1", HostState.DOWN),), at=99)
    shows(cloud, later, look(*later.instances, hosts=later.hosts, at=100))
    successor = polls(row)
    successor.look()
    assert told(sink) == ["PAUSE a", "CREATE c", "DELETE b", "HOST_DOWN h1"]
    successor.look()
    assert len(told(sink)) == 4
    assert states() == {"a": "paused", "b": "deleted", "c": "active"}


def test_a_poller_that_dies_between_telling_and_keeping_has_a_successor_that_tells_the_same_ids(
    polls: Any, cloud: Any, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = register()
    shows(cloud, look(instance("a"), instance("b")))
    polls(row).look()
    shows(cloud, look(instance("a", "paused"), at=5))

    def dies(*_args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("fed_common.inventory.known.write_knowledge", dies)
        with pytest.raises(SystemExit):
            polls(row).look()
    first = sink().ids()
    assert told(sink) == ["PAUSE a", "DELETE b"]
    shows(cloud, look(instance("a", "paused"), at=50))
    polls(row).look()
    assert sink().ids() == first * 2


def test_nothing_is_kept_before_every_required_sink_has_it(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a")))
    polls(row).look()
    poll = polls(row)

    def refuses(messages: Any) -> Any:
        poll.stop()
        raise Retryable("down")

    shows(cloud, look(instance("a", "paused"), at=5))
    poll._pipeline.process([])
    sink().script = refuses
    poll.look()
    assert states() == {"a": "active"}


def test_a_cloud_that_does_not_answer_is_unreachable_and_nothing_is_deleted(
    polls: Any, cloud: Any, sink: Any
) -> None:
    row = register()
    alive = look(instance("a"))
    shows(
        cloud,
        alive,
        CloudTimeout("c_r1", "no answer in 1 s"),
        RuntimeError("password=x"),
        look(instance("a"), at=9),
    )
    poll = polls(row)
    poll.look()
    assert Vim.objects.get().status == "REACHABLE"
    reached = Vim.objects.get().status_at
    poll.look()
    assert (Vim.objects.get().status, Vim.objects.get().status_reason) == ("UNREACHABLE", "no answer in 1 s")
    assert poll.failing
    poll.look()
    assert Vim.objects.get().status_reason == "the plugin failed: RuntimeError"
    poll.look()
    assert (Vim.objects.get().status, Vim.objects.get().status_reason) == ("REACHABLE", "")
    assert Vim.objects.get().status_at > reached
    assert not poll.failing
    assert states() == {"a": "active"}


def test_the_status_is_written_only_when_it_changes(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(), look(at=1))
    poll = polls(row)
    poll.look()
    at = Vim.objects.get().status_at
    poll.look()
    assert Vim.objects.get().status_at == at


def test_only_rows_that_changed_are_written(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a"), instance("b")), look(instance("a"), instance("b", "paused"), at=7))
    poll = polls(row)
    poll.look()
    poll.look()
    seen = dict(Instance.objects.values_list("instance_id", "seen_at"))
    assert seen == {"a": BEGAN, "b": BEGAN + timedelta(seconds=7)}


def test_between_whole_looks_only_what_changed_is_asked_for(
    polls: Any, cloud: Any, sink: Any, settings: Any
) -> None:
    settings.POLL_FULL_EVERY = 3
    row = register()
    failed = CloudFailed("c_r1", "no")
    shows(cloud, look(), *(look(at=n, complete=False) for n in (1, 2)), look(at=3), look(at=4), failed, look(at=6))
    poll = polls(row)
    for _ in range(7):
        poll.look()
    since = [None if at is None else (at - BEGAN).total_seconds() for _, at in cloud.asked]
    assert since == [None, 0, 1, None, 3, 4, None]


def test_an_incomplete_first_look_is_followed_by_another_first_look(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(
        cloud,
        look(instance("a"), complete=False),
        look(instance("a"), instance("b"), at=1),
        look(instance("a"), instance("b"), instance("c"), hosts=(host(),), at=2),
    )
    poll = polls(row)
    for _ in range(3):
        poll.look()
    assert told(sink) == ["CREATE c"]
    assert Host.objects.count() == 1


def test_deleted_instances_are_remembered_for_a_while(polls: Any, cloud: Any, sink: Any, settings: Any) -> None:
    from fed_common.inventory.known import forget_deleted

    row = register()
    now = clock.now()
    shows(cloud, Sweep((instance("a"), instance("b")), now), Sweep((instance("b"),), now + timedelta(seconds=1)))
    poll = polls(row)
    poll.look()
    poll.look()
    assert forget_deleted() == 0
    settings.DELETED_RETENTION_HOURS = -1
    assert forget_deleted() == 1
    assert states() == {"b": "active"}


def test_a_vim_that_was_removed_during_a_look_leaves_nothing_behind(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    poll = polls(row)

    def removed(vim_id: str, since: Any) -> Sweep:
        Vim.objects.all().delete()
        return look(instance("a"))

    cloud.script = staticmethod(removed)
    poll.look()
    assert not Instance.objects.exists()
    assert not PollState.objects.exists()


def test_who_lost_the_vim_during_a_look_tells_nothing(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a")), look(instance("a", "paused"), at=1))
    polls(row).look()
    polls(row, may_tell=lambda: False).look()
    assert states() == {"a": "active"}
    assert not PolledFact.objects.exists()


def test_facts_of_a_vim_polled_only_need_not_be_remembered(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a")), look(instance("a", "paused"), at=1))
    poll = polls(row)
    assert poll.mode is Mode.POLL
    poll.look()
    poll.look()
    assert told(sink) == ["PAUSE a"]
    assert not PolledFact.objects.exists()


def test_a_cloud_that_never_shows_all_of_itself_is_not_waited_for_for_ever(
    polls: Any, cloud: Any, sink: Any
) -> None:
    row = register()
    parts = [look(instance("a"), at=n, complete=False) for n in range(5)]
    shows(cloud, *parts, look(instance("a", "paused"), at=9, complete=False))
    poll = polls(row)
    for _ in range(6):
        poll.look()
    assert told(sink) == ["PAUSE a"]


def test_looks_at_another_part_of_the_cloud_say_nothing_of_what_is_not_in_them(
    polls: Any, cloud: Any, sink: Any
) -> None:
    row = register()
    narrow = [
        replace(look(instance("a", state), at=at), scope="lab") for at, state in ((1, "active"), (2, "paused"))
    ]
    shows(cloud, look(instance("a"), instance("b")), *narrow)
    poll = polls(row)
    for _ in range(3):
        poll.look()
    assert told(sink) == ["PAUSE a"]
    assert states() == {"a": "paused"}


def test_a_vim_that_moved_to_another_cloud_begins_with_a_baseline(polls: Any, cloud: Any, sink: Any) -> None:
    row = register()
    shows(cloud, look(instance("a")), look(instance("b"), at=1), look(instance("b", "paused"), at=2))
    polls(row).look()
    row.auth_url = "https://another/"
    row.save()
    moved = polls(row)
    moved.look()
    moved.look()
    assert told(sink) == ["PAUSE b"]
