"""Listing, showing and following events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.cli import stream
from fed_common.cli.event import line
from fed_common.cli.stream import Frame, frames

ID = "a7f85fb2-7d33-4628-b042-880ae0cba831"


def event(sequence=1, **changed):
    return {
        "sequence": sequence,
        "id": f"event-{sequence}",
        "type": "compute.instance.delete.end",
        "vim_id": "vio_RegionOne",
        "instance_id": ID,
        "instance_name": "web-1",
        "kind": "DELETE",
        "phase": "end",
        "old_state": "active",
        "state": "deleted",
        "host": "compute-2",
        "tenant_id": "70b4",
        "occurred_at": "2026-11-21T01:37:19.486000Z",
        "received_at": "2026-11-21T01:37:19.491000Z",
        "payload": {"state": "deleted"},
        **changed,
    }


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(stream, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(stream, "LONGEST_WAIT", 0.002)


class TestList:
    def test_shows_the_newest_last_whatever_order_they_come_in(self, api, mcfed):
        api.answer("GET", "/events", {"events": [event(2, kind="PAUSE"), event(1)], "next": 2})
        ran = mcfed("event", "list", "-f", "json")
        assert [row["kind"] for row in ran.json] == ["DELETE", "PAUSE"]
        assert ran.json[0]["occurred_at"] == "2026-11-21T01:37:19.486000Z"

    def test_takes_a_bare_list(self, api, mcfed):
        api.answer("GET", "/events", [event()])
        assert len(mcfed("event", "list", "-f", "json").json) == 1

    def test_passes_only_the_filters_given(self, api, mcfed):
        api.answer("GET", "/events", [])
        mcfed(
            *("event", "list", "--vim", "vio_RegionOne", "--kind", "DELETE", "--kind", "PAUSE"),
            *("--phase", "end", "--instance", ID),
            *("--state", "deleted", "--after", "7", "--limit", "5", "--since", "2026-11-21T01:00:00+02:00"),
        )
        assert api.asked[0].query == {
            "vim_id": "vio_RegionOne",
            "kind": "DELETE,PAUSE",
            "phase": "end",
            "instance_id": ID,
            "state": "deleted",
            "after": "7",
            "limit": "5",
            "since": "2026-11-20T23:00:00.000000Z",
        }
        mcfed("event", "list")
        assert api.asked[1].query == {"limit": "50"}

    def test_since_may_be_how_long_ago(self, api, mcfed):
        api.answer("GET", "/events", [])
        mcfed("event", "list", "--since", "2h")
        since = datetime.fromisoformat(api.asked[0].query["since"])
        assert timedelta(hours=2) <= datetime.now(UTC) - since < timedelta(hours=3)

    @pytest.mark.parametrize("option", [("--since", "yesterday"), ("--limit", "0"), ("--limit", "many")])
    def test_an_option_that_cannot_be_read_ends_with_2(self, api, mcfed, capsys, option):
        with pytest.raises(SystemExit) as ended:
            mcfed("event", "list", *option)
        assert ended.value.code == 2
        assert option[0] in capsys.readouterr().err
        assert not api.asked

    def test_long_shows_more_columns_and_c_chooses(self, api, mcfed):
        api.answer("GET", "/events", [event()])
        assert "tenant_id" in mcfed("event", "list", "--long", "-f", "csv").out
        assert mcfed("event", "list", "--long", "-f", "value", "-c", "tenant_id").out == "70b4\n"

    def test_a_table_for_people_has_short_times_and_no_control_characters(self, api, mcfed):
        api.answer("GET", "/events", [event(host="evil\x1b[2J")])
        out = mcfed("event", "list").out
        assert "| 2026-11-21 01:37:19.486 |" in out
        assert "\x1b" not in out
        assert "evil?[2J" in out

    def test_an_answer_without_a_list_is_refused(self, api, mcfed):
        api.answer("GET", "/events", {"next": 1})
        assert mcfed("event", "list").err == "the gateway's answer to events holds no list\n"


class TestShow:
    def test_shows_everything_with_the_payload_as_json(self, api, mcfed):
        api.answer("GET", "/events/event-1", event())
        assert mcfed("event", "show", "event-1", "-f", "json").json["payload"] == {"state": "deleted"}
        assert '"state": "deleted"' in mcfed("event", "show", "event-1").out

    def test_an_id_is_one_part_of_the_path_whatever_it_holds(self, api, mcfed):
        api.answer("GET", "/events/a%2Fb%3F", event())
        assert mcfed("event", "show", "a/b?").code == 0

    def test_yaml_is_plain_data(self, api, mcfed):
        api.answer("GET", "/events/event-1", event())
        assert "payload:\n  state: deleted" in mcfed("event", "show", "event-1", "-f", "yaml").out


class TestTail:
    def test_prints_an_aligned_line_an_event(self, api, mcfed):
        api.stream(event(1), event(2, kind="PAUSE", state="paused", instance_name="database"))
        ran = mcfed("event", "tail", "--count", "2")
        lines = ran.out.splitlines()
        assert ran.code == 0
        assert lines[0].startswith("2026-11-21 01:37:19.486  DELETE            end")
        assert "active → deleted" in lines[0]
        assert lines[0].index("vio_RegionOne") == lines[1].index("vio_RegionOne")
        assert lines[0].index("compute-2") == lines[1].index("compute-2")

    def test_json_is_one_whole_object_a_line(self, api, mcfed):
        api.stream(event(1), event(2))
        out = mcfed("event", "tail", "-f", "json", "--count", "2").out.splitlines()
        assert [json.loads(text) for text in out] == [event(1), event(2)]

    def test_resumes_behind_the_last_event_when_the_stream_breaks(self, api, mcfed):
        api.stream(event(1), event(2), extra=b"id: 3\ndata: {half of")
        api.stream(event(3))
        ran = mcfed("event", "tail", "-f", "json", "--count", "3")
        assert [json.loads(text)["sequence"] for text in ran.out.splitlines()] == [1, 2, 3]
        assert "Last-Event-ID" not in api.asked[0].headers
        assert api.asked[1].headers["Last-Event-ID"] == "2"
        assert "the gateway ended the stream; trying again" in ran.err

    def test_keeps_trying_while_the_gateway_answers_503(self, api, mcfed, monkeypatch):
        api.stream(event(1))
        waits = []

        def lay_down_at_the_third_wait(seconds):
            waits.append(seconds)
            if len(waits) == 3:
                api.stream(event(2))

        monkeypatch.setattr(stream.time, "sleep", lay_down_at_the_third_wait)
        ran = mcfed("event", "tail", "-f", "json", "--count", "2")
        assert ran.code == 0
        assert waits == [0.001, 0.002, 0.002]
        assert [one.headers.get("Last-Event-ID") for one in api.asked] == [None, "1", "1", "1"]

    def test_a_refusal_ends_it_at_once(self, api, mcfed):
        api.refuse("GET", "/events/stream", 403, title="Forbidden", detail="this needs the role reader")
        ran = mcfed("event", "tail")
        assert ran.code == 1
        assert ran.err == "this needs the role reader\n"
        assert len(api.asked) == 1

    def test_no_gateway_at_the_first_try_ends_it(self, mcfed):
        assert mcfed("event", "tail", url="http://127.0.0.1:9").code == 1

    def test_begins_behind_a_sequence(self, api, mcfed):
        api.stream(event(8))
        mcfed("event", "tail", "--after", "7", "--count", "1")
        assert api.asked[0].query == {"after": "7"}

    def test_the_gateway_chooses_so_that_it_can_refuse_a_wrong_word(self, api, mcfed):
        api.stream(event(8))
        conditions = ("--kind", "DELETE", "--kind", "ERROR", "--vim", "vio_RegionOne", "--phase", "end")
        mcfed("event", "tail", *conditions, "--count", "1")
        assert api.asked[0].query == {"kind": "DELETE,ERROR", "vim_id": "vio_RegionOne", "phase": "end"}

    def test_what_is_no_event_is_told(self, api, mcfed):
        api.stream(extra=b"data: [1]\n\n")
        assert mcfed("event", "tail").err == "the stream holds what is no event: '[1]'\n"


def test_a_line_of_a_host_event_has_dashes_for_what_it_has_not():
    told = line({"kind": "HOST_DOWN", "phase": "moment", "host": "compute-2", "state": "down"})
    assert told.split() == ["-", "HOST_DOWN", "moment", "-", "-", "(-)", "down", "compute-2"]


def test_a_line_shows_no_control_characters():
    assert "\x1b" not in line(event(instance_name="\x1b]0;title\x07"))


def test_frames_join_data_lines_and_keep_the_last_id():
    lines = [b": hello", b"id: 7", b"data: a", b"data:b", b"", b"", b"event: x", b"data", b"", b"data: cut"]
    assert list(frames(lines)) == [Frame("7", "a\nb"), Frame("7", "")]


@given(st.lists(st.binary(max_size=40)))
def test_frames_read_any_bytes(lines):
    assert all(isinstance(frame.data, str) for frame in frames(lines))
