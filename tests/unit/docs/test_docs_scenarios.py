"""The tables of scenarios: every number has a test that carries it, or a reason for having none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
PAGES = {"T": ("monitor-scenarios.md", 109), "N": ("alarm-scenarios.md", 90)}
Row = tuple[str, str, str]


def rows(letter: str) -> list[Row]:
    page = TESTS.parent / "docs" / "develop" / PAGES[letter][0]
    found = re.findall(rf"^\| {letter}(\d+) \| (.+) \| (.*) \|$", page.read_text(), re.MULTILINE)
    return [(f"{letter}{number}", words, where) for number, words, where in found]


ROWS = [row for letter in PAGES for row in rows(letter)]


@pytest.mark.parametrize("letter", PAGES)
def test_every_scenario_is_there_once(letter: str) -> None:
    wanted = [f"{letter}{number}" for number in range(1, PAGES[letter][1] + 1)]
    assert [number for number, _, _ in rows(letter)] == wanted


@pytest.mark.parametrize(("number", "words", "where"), ROWS, ids=[f"row-{number}" for number, _, _ in ROWS])
def test_a_scenario_is_covered_by_the_tests_named_or_left_out_for_a_reason(
    number: str, words: str, where: str
) -> None:
    files = re.findall(r"`([^`]+\.py)`", where)

    if not files:
        assert re.fullmatch(r"left out: .{10,}", where), words
    for name in files:
        assert re.search(rf"\b{number}\b", (TESTS / name).read_text()), f"{name} does not name {number}"
