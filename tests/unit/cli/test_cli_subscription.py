"""Subscriptions: filter, sinks with their options, files."""

from __future__ import annotations

import json

import pytest

VNFM = {
    "name": "vnfm",
    "filter": {"kinds": ["DELETE"], "honour_opt_out": False},
    "enabled": True,
    "sinks": [
        {"publisher": "kafka", "topic": "vm-events", "format": "spec", "required": True, "options": {}},
        {"publisher": "log", "topic": "", "format": "spec", "required": False, "options": {}},
    ],
}


@pytest.fixture(autouse=True)
def _created(api):
    api.answer("POST", "/subscriptions", VNFM, status=201)


def test_list_shows_filter_and_sinks_in_short(api, mcfed):
    everything = {"name": "all", "filter": {}, "enabled": True, "sinks": []}
    api.answer("GET", "/subscriptions", {"subscriptions": [VNFM, everything]})
    out = mcfed("subscription", "list").out
    assert "kafka:vm-events:spec" in out
    assert "log:spec (optional)" in out
    assert "also VMs that opted out" in out
    assert "everything" in out
    assert mcfed("subscription", "list", "-f", "json").json[0] == VNFM


def test_show_is_the_whole_as_json(api, mcfed):
    api.answer("GET", "/subscriptions/vnfm", VNFM)
    assert mcfed("subscription", "show", "vnfm", "-f", "json").json == VNFM


def test_options_belong_to_the_sink_before_them(api, mcfed):
    ran = mcfed(
        *("subscription", "create", "vnfm", "--kind", "DELETE", "--sink", "kafka:vm-events:cloudevents"),
        *("--option", "bootstrap=kafka:9092", "--option", "batch=5", "--option", 'password="5"'),
        *("--sink", "embedded:vm-events", "--optional", "--sink", "log"),
        *("--sink-json", '{"publisher": "dmaap", "topic": "t", "options": {"url": "http://mr"}}'),
    )
    assert ran.code == 0
    assert api.asked[0].body == {
        "name": "vnfm",
        "filter": {"kinds": ["DELETE"]},
        "sinks": [
            {
                "publisher": "kafka",
                "topic": "vm-events",
                "format": "cloudevents",
                "options": {"bootstrap": "kafka:9092", "batch": 5, "password": "5"},
            },
            {"publisher": "embedded", "topic": "vm-events", "required": False},
            {"publisher": "log"},
            {"publisher": "dmaap", "topic": "t", "options": {"url": "http://mr"}},
        ],
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--option", "a=b"), "--option belongs behind the --sink it is for"),
        (("--optional",), "--optional belongs behind the --sink it is for"),
        (("--sink", "kafka:t:spec:more"), "'kafka:t:spec:more' is not PUBLISHER:TOPIC[:FORMAT]"),
        (("--sink", ":t"), "':t' is not PUBLISHER:TOPIC[:FORMAT]"),
        (("--sink-json", "{"), "no JSON"),
        (("--sink-json", "[]"), "'[]' is no JSON object"),
        (("--sink", "log", "--option", "=b"), "'=b' is not KEY=VALUE"),
    ],
)
def test_a_sink_that_cannot_be_read_ends_with_2(api, mcfed, capsys, words, told):
    with pytest.raises(SystemExit) as ended:
        mcfed("subscription", "create", "vnfm", *words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert not api.asked


def test_a_file_is_sent_under_the_name_given_and_options_win(api, mcfed, tmp_path):
    file = tmp_path / "vnfm.json"
    file.write_text(json.dumps({**VNFM, "name": "other"}))
    mcfed("subscription", "create", "vnfm", "--from-file", str(file), "--disable", "--phase", "end")
    assert api.asked[0].body == {**VNFM, "enabled": False, "filter": {**VNFM["filter"], "phases": ["end"]}}


def test_what_show_prints_can_be_created_again_from_standard_input(api, mcfed):
    shown = {**VNFM, "created_at": "2026-11-21T01:37:19Z", "updated_at": "2026-11-21T01:37:19Z"}
    api.answer("GET", "/subscriptions/vnfm", shown)
    printed = mcfed("subscription", "show", "vnfm", "-f", "json").out
    assert mcfed("subscription", "create", "vnfm", "--from-file", "-", stdin=printed).code == 0
    assert api.asked[1].body == VNFM


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_file_that_cannot_be_used_is_named(api, mcfed, tmp_path, content):
    file = tmp_path / "broken.json"
    if content is not None:
        file.write_text(content)
    ran = mcfed("subscription", "create", "vnfm", "--from-file", str(file))
    assert ran.code == 1
    assert ran.err.startswith("--from-file: ")
    assert str(file) in ran.err
    assert not api.asked


def test_set_sends_only_the_parts_named(api, mcfed):
    api.answer("PATCH", "/subscriptions/vnfm", VNFM)
    mcfed("subscription", "set", "vnfm", "--sink", "log")
    mcfed("subscription", "set", "vnfm", "--enable")
    assert [one.body for one in api.asked] == [{"sinks": [{"publisher": "log"}]}, {"enabled": True}]


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (("--phase", "end"), {"kinds": ["DELETE"], "phases": ["end"], "honour_opt_out": False}),
        (("--kind", "PAUSE"), {"kinds": ["PAUSE"], "honour_opt_out": False}),
        (("--clear-filter", "--phase", "end"), {"phases": ["end"]}),
        (("--clear-filter",), {}),
    ],
)
def test_set_changes_the_conditions_given_and_leaves_the_others(api, mcfed, words, sent):
    api.answer("GET", "/subscriptions/vnfm", VNFM)
    api.answer("PATCH", "/subscriptions/vnfm", VNFM)
    mcfed("subscription", "set", "vnfm", *words)
    assert api.asked[-1].body == {"filter": sent}


def test_set_without_a_part_says_so(api, mcfed):
    ran = mcfed("subscription", "set", "vnfm")
    assert ran.code == 1
    assert "nothing to change" in ran.err
    assert not api.asked


def test_delete_says_what_it_deleted(api, mcfed):
    api.answer("DELETE", "/subscriptions/vnfm", status=204)
    assert mcfed("subscription", "delete", "vnfm").out == "deleted vnfm\n"


def test_a_taken_name_is_told(api, mcfed):
    api.refuse("POST", "/subscriptions", 409, title="Conflict", detail="subscription 'vnfm' exists already")
    ran = mcfed("subscription", "create", "vnfm", "--sink", "log")
    assert ran.code == 1
    assert ran.err == "subscription 'vnfm' exists already\n"
