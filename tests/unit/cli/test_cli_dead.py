"""Dead events: seen, replayed, removed."""

from __future__ import annotations

import pytest

ROW = {
    "id": 7,
    "stage": "publish",
    "vim_id": "vio_RegionOne",
    "event_id": "event-1",
    "subscription": "vnfm",
    "publisher": "kafka",
    "topic": "vm-events",
    "reason": "the message is too large",
    "tries": 2,
    "created_at": "2026-11-21T01:37:19.486000Z",
    "replayed_at": None,
}


def done(replayed=0, failed=0, left=0, reasons=()):
    return {"replayed": replayed, "failed": failed, "left": left, "reasons": list(reasons)}


def test_list_shows_why_each_is_dead(api, mcfed):
    api.answer("GET", "/dead-events", {"dead_events": [ROW], "next": 7})
    out = mcfed("dead", "list", "-f", "value", "-c", "id", "-c", "reason").out
    assert out == "7 the message is too large\n"
    assert api.asked[0].query == {"limit": "50"}


def test_list_passes_the_choice(api, mcfed):
    api.answer("GET", "/dead-events", {"dead_events": []})
    mcfed("dead", "list", "--vim", "vio_RegionOne", "--subscription", "vnfm", "--waiting", "--limit", "5")
    assert api.asked[0].query == {
        "vim_id": "vio_RegionOne",
        "subscription": "vnfm",
        "replayed": "false",
        "limit": "5",
    }


def test_show_has_the_notification(api, mcfed):
    api.answer("GET", "/dead-events/7", {**ROW, "body": {"message_id": "event-1"}})
    assert mcfed("dead", "show", "7", "-f", "json").json["body"] == {"message_id": "event-1"}


def test_what_is_not_there_yet_is_empty_for_people_and_null_for_machines(api, mcfed):
    api.answer("GET", "/dead-events/7", ROW)
    assert "None" not in mcfed("dead", "show", "7").out
    assert mcfed("dead", "show", "7", "-f", "json").json["replayed_at"] is None


def test_replay_of_some_goes_on_behind_one_that_fails(api, mcfed):
    api.refuse("POST", "/dead-events/7/replay", 422, title="Unprocessable", detail="still too large")
    api.answer("POST", "/dead-events/8/replay", ROW)
    ran = mcfed("dead", "replay", "7", "8")
    assert ran.code == 1
    assert ran.err == "7: still too large\n"
    assert ran.out == "replayed 8\n"


def test_replay_of_some_ends_with_0_when_all_are_told(api, mcfed):
    api.answer("POST", "/dead-events/8/replay", ROW)
    assert mcfed("dead", "replay", "8").code == 0


def test_replay_of_all_says_how_many(api, mcfed):
    api.answer("POST", "/dead-events/replay", done(replayed=3))
    ran = mcfed("dead", "replay", "--all", "--subscription", "vnfm")
    assert ran.code == 0
    assert ran.out == "replayed 3, failed 0, not tried 0\n"
    assert api.asked[0].query == {"subscription": "vnfm"}


def test_replay_of_all_asks_again_while_portions_bring_something(api, mcfed):
    api.answers("POST", "/dead-events/replay", done(2, 1, 4, ["1: no"]), done(3, 1, 0, ["1: no"]))
    ran = mcfed("dead", "replay", "--all")
    assert ran.code == 1
    assert ran.out == "replayed 5, failed 1, not tried 0\n"
    assert ran.err == "1: no\n"


def test_replay_of_all_gives_up_when_a_portion_brings_nothing(api, mcfed):
    api.answer("POST", "/dead-events/replay", done(failed=2, left=9, reasons=["1: no", "2: no"]))
    ran = mcfed("dead", "replay", "--all")
    assert ran.code == 1
    assert ran.out == "replayed 0, failed 2, not tried 9\n"
    assert len(api.asked) == 1


@pytest.mark.parametrize("words", [(), ("7", "--all")])
def test_replay_wants_some_or_all(api, mcfed, words):
    ran = mcfed("dead", "replay", *words)
    assert ran.code == 1
    assert ran.err == "name dead events or --all, one of both\n"
    assert not api.asked


def test_remove_removes_each(api, mcfed):
    api.answer("DELETE", "/dead-events/7", status=204)
    api.answer("DELETE", "/dead-events/8", status=204)
    assert mcfed("dead", "remove", "7", "8").out == "removed 7\nremoved 8\n"


def test_remove_of_what_is_not_there_says_so(api, mcfed):
    api.refuse("DELETE", "/dead-events/7", 404, detail="there is no dead event '7'")
    ran = mcfed("dead", "remove", "7")
    assert ran.code == 1
    assert ran.err == "there is no dead event '7'\n"
