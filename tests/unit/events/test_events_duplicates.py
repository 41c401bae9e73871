"""Each fact once."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.events.duplicates import RecentFacts
from fed_common.events.opt_out import OptOuts
from tests.examples import event


def told(recent: RecentFacts, copies: list[tuple[str, str, str]]) -> list[str]:
    """The facts that get through, of (id, fact, wire) copies."""
    return [fact for id, fact, wire in copies if recent.repeats(event(id, fact=fact, wire=wire)) is None]


def test_a_redelivered_message_is_a_duplicate() -> None:
    recent = RecentFacts()
    assert recent.repeats(event("a")) is None
    assert recent.repeats(event("a")) == DropReason.DUPLICATE


def test_the_other_format_of_a_fact_is_its_twin_whichever_comes_first() -> None:
    """N53."""
    for first, second in (("legacy", "versioned"), ("versioned", "legacy")):
        recent = RecentFacts()
        assert recent.repeats(event("1", fact="f", wire=first)) is None
        assert recent.repeats(event("2", fact="f", wire=second)) == DropReason.TWIN


def test_a_fact_repeated_in_one_format_is_told_each_time() -> None:
    copies = [("1", "f", "legacy"), ("2", "f", "legacy"), ("3", "f", "versioned"), ("4", "f", "versioned")]
    assert told(RecentFacts(), copies) == ["f", "f"]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.randoms(use_true_random=False))
def test_however_two_ordered_formats_interleave_each_fact_is_told_once_and_in_order(
    facts: list[str], dice: random.Random
) -> None:
    legacy = [(f"l{n}", fact, "legacy") for n, fact in enumerate(facts)]
    versioned = [(f"v{n}", fact, "versioned") for n, fact in enumerate(facts)]
    mixed = []
    while legacy or versioned:
        mixed.append((legacy if legacy and (not versioned or dice.random() < 0.5) else versioned).pop(0))
    assert told(RecentFacts(), mixed) == facts


def test_an_opt_out_seen_in_one_format_holds_for_the_other_until_taken_back() -> None:
    opt_outs = OptOuts()
    assert OPT_OUT not in opt_outs.mark(event(wire="legacy")).traits
    said = event(wire="versioned", traits={OPT_OUT: "disabled"})
    assert opt_outs.mark(said) is said
    assert opt_outs.mark(event(wire="legacy")).traits[OPT_OUT] == "disabled"
    assert OPT_OUT not in opt_outs.mark(event(wire="legacy", instance_id="vm-2")).traits
    assert opt_outs.mark(event(wire="versioned")).traits[OPT_OUT] == "enabled"
    assert opt_outs.mark(event(wire="legacy")).traits[OPT_OUT] == "enabled"
