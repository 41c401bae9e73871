from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from fed_common.interfaces.topics import Page, Record
from fed_common.topics.log import EmbeddedLog

CONSUMERS = st.sampled_from(["a", "b", "c"])
_names = itertools.count()


class GroupOfConsumers(RuleBasedStateMachine):
    """Consumers that read, break off, come back and vanish: everything comes, nothing confirmed comes again."""

    @initialize()
    def start(self) -> None:
        self.log, self.topic = EmbeddedLog(), f"t{next(_names)}"
        self.log.create(self.topic)
        self.log.fetch(self.topic, "g", "a", limit=1)
        self.published: list[str] = []
        self.confirmed: set[str] = set()
        self.owed: dict[str, Page] = {}
        self.written: set[str] = set()

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        texts = [str(len(self.published) + n) for n in range(count)]
        self.log.append(self.topic, [Record("", text) for text in texts], timeout=60)
        self.published += texts

    @rule(consumer=CONSUMERS, limit=st.integers(1, 4))
    def come_back(self, consumer: str, limit: int) -> None:
        self.log.confirm(self.topic, "g", consumer)
        if consumer in self.written:
            self.confirmed |= set(self.owed.pop(consumer).messages)
            self.written.discard(consumer)
        before = self.owed.pop(consumer, None)
        page = self.log.fetch(self.topic, "g", consumer, limit=limit)
        assert len(page.messages) <= limit
        assert not self.confirmed & set(page.messages)
        assert not {text for other in self.owed.values() for text in other.messages} & set(page.messages)
        if before:
            assert page.messages == list(before.messages)[:limit]
        if page.messages:
            self.owed[consumer] = page

    @rule(consumer=CONSUMERS)
    def read_to_the_end(self, consumer: str) -> None:
        if consumer in self.owed:
            self.log.written(self.topic, "g", consumer, self.owed[consumer].receipt)
            self.written.add(consumer)

    @rule(consumer=CONSUMERS)
    def break_off_after_all(self, consumer: str) -> None:
        if consumer in self.owed:
            self.log.written(self.topic, "g", consumer, self.owed[consumer].receipt, whole=False)
            self.written.discard(consumer)

    @invariant()
    def nothing_unpublished_is_confirmed(self) -> None:
        assert self.confirmed <= set(self.published)

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        for consumer in ("a", "b", "c"):
            while page := self._read_one(consumer):
                self.confirmed |= set(page.messages)
        assert self.confirmed == set(self.published)

    def _read_one(self, consumer: str) -> Page | None:
        if consumer in self.written:
            self.confirmed |= set(self.owed[consumer].messages)
            self.written.discard(consumer)
        self.log.confirm(self.topic, "g", consumer)
        page = self.log.fetch(self.topic, "g", consumer, limit=3)
        if page.messages:
            self.log.written(self.topic, "g", consumer, page.receipt)
        return page if page.messages else None


@pytest.mark.django_db
def test_whatever_consumers_do_everything_comes_and_nothing_confirmed_comes_again():
    run_state_machine_as_test(
        GroupOfConsumers,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
