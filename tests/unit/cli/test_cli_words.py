"""The words of the gateway."""

from __future__ import annotations

WORDS = {"kinds": ["DELETE", "PAUSE"], "phases": ["start", "end"], "drop_reasons": []}


def test_words_are_lists_for_machines_and_lines_for_people(api, mcfed):
    api.answer("GET", "/words", WORDS)
    assert mcfed("words", "-f", "json").json == WORDS
    assert "| kinds        | DELETE, PAUSE |" in mcfed("words").out


def test_an_unknown_column_says_which_there_are(api, mcfed):
    api.answer("GET", "/words", WORDS)
    ran = mcfed("words", "-c", "colours")
    assert ran.code == 1
    assert "kinds" in ran.err
