"""The table of the monitor's scenarios: every number has a test that carries it, or a reason for having none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "develop" / "monitor-scenarios.md"
ROWS = [
    (int(number), words, where)
    for number, words, where in re.findall(r"^\| T(\d+) \| (.+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
]


def test_every_scenario_is_there_once() -> None:
    assert [number for number, _, _ in ROWS] == list(range(1, 110))


@pytest.mark.parametrize(("number", "words", "where"), ROWS, ids=[f"row{number}" for number, _, _ in ROWS])
def test_a_scenario_is_covered_by_the_tests_named_or_left_out_for_a_reason(
    number: int, words: str, where: str
) -> None:
    files = re.findall(r"`([^`]+\.py)`", where)

    if not files:
        assert re.fullmatch(r"left out: .{10,}", where), words
    for name in files:
        assert re.search(rf"\bT{number}\b", (TESTS / name).read_text()), f"{name} does not name T{number}"
