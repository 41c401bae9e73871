from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fed_common.interfaces.topics import NOTHING, PAGE_BYTES, Page
from fed_common.publishers.page_book import QUEUED_MAX, Fetched, PageBook

CONSUMERS = st.sampled_from(["a", "b", "c"])


def records(*offsets: int, partition: int = 0) -> list[Fetched]:
    return [Fetched(partition, offset, f"{partition}.{offset}") for offset in offsets]


def book_at(**starts: int) -> PageBook:
    """A book that has taken over partitions p0, p1… at these offsets."""
    book = PageBook()
    book.settle({int(name[1:]): offset for name, offset in starts.items()})
    return book


def take(book: PageBook, consumer: str = "a", limit: int = 100, redeliver_after: float = 1e9) -> list[str]:
    """One whole round: come back, get a page, read it to the end."""
    book.confirm(consumer)
    page = book.hand_out(consumer, limit, redeliver_after=redeliver_after)
    book.written(consumer, page.receipt, whole=True)
    return list(page.messages)


def test_only_what_is_confirmed_is_committed():
    book = book_at(p0=5)
    book.add(records(5, 6, 7))
    assert take(book, limit=2) == ["0.5", "0.6"]
    assert book.to_commit() == {}
    book.confirm("a")
    assert book.to_commit() == {0: 7}
    book.committed({0: 7})
    assert book.to_commit() == {}


def test_a_page_confirmed_out_of_order_waits_for_the_one_before():
    book = book_at(p0=0)
    book.add(records(0, 1))
    take(book, "a", limit=1)
    take(book, "b", limit=1)
    book.confirm("b")
    assert book.to_commit() == {}
    book.confirm("a")
    assert book.to_commit() == {0: 2}


def test_a_gap_in_the_offsets_is_committed_over():
    book = book_at(p0=0)
    book.add(records(3, 9))
    take(book)
    book.confirm("a")
    assert book.to_commit() == {0: 10}


def test_a_queue_is_full_by_count_or_by_size():
    book = book_at(p0=0)
    book.add([Fetched(0, 0, "x" * PAGE_BYTES)])
    assert book.full
    book = book_at(p0=0)
    book.add(records(*range(QUEUED_MAX)))
    assert book.full
    take(book, limit=1)
    assert not book.full


def test_a_rebalance_that_leaves_partitions_here_keeps_what_is_owed_of_them():
    book = book_at(p0=0, p1=0)
    book.add(records(0) + records(0, partition=1))
    take(book)
    assert book.settle({0: 0}) == {0: 1}
    assert take(book, "b") == []
    book.confirm("a")
    assert book.to_commit() == {0: 1}


def test_a_partition_that_another_reader_has_got_further_in_is_read_on_from_there():
    book = book_at(p0=0)
    book.add(records(0, 1, 2))
    take(book, limit=1)
    assert book.settle({0: 8}) == {0: 8}
    assert book.hand_out("a", 10, redeliver_after=1e9) == NOTHING


def test_a_partition_without_a_committed_offset_is_left_to_kafka():
    assert PageBook().settle({0: None}) == {}


def test_a_page_written_before_a_pause_is_confirmed_after_it_and_does_not_come_again():
    book = book_at(p0=0)
    book.add(records(0, 1, 2, 3))
    assert take(book, limit=2) == ["0.0", "0.1"]
    book.park()
    book.confirm("a")
    book.rewind()
    assert book.settle({0: 0}) == {0: 2}
    assert book.to_commit() == {0: 2}


def test_what_was_not_written_before_a_pause_is_read_again():
    book = book_at(p0=0)
    book.add(records(0, 1, 2, 3))
    take(book, "a", limit=1)
    book.hand_out("b", 1, redeliver_after=1e9)
    book.park()
    book.confirm("b")
    book.rewind()
    assert book.settle({0: 0}) == {0: 0}


class Readers(RuleBasedStateMachine):
    """Consumers of one group in any order of doings, against what may be committed and what must come."""

    def __init__(self) -> None:
        super().__init__()
        self.book = book_at(p0=0, p1=0)
        self.ends = {0: 0, 1: 0}
        self.confirmed: set[str] = set()
        self.owed: dict[str, Page] = {}
        self.written: set[str] = set()

    @rule(partition=st.integers(0, 1), count=st.integers(1, 5))
    def fetched(self, partition: int, count: int) -> None:
        end = self.ends[partition]
        self.book.add(records(*range(end, end + count), partition=partition))
        self.ends[partition] = end + count

    @rule(consumer=CONSUMERS, limit=st.integers(1, 4))
    def come_back(self, consumer: str, limit: int) -> None:
        self.book.confirm(consumer)
        if consumer in self.written:
            self.confirmed |= set(self.owed.pop(consumer).messages)
            self.written.discard(consumer)
        before = self.owed.pop(consumer, None)
        page = self.book.hand_out(consumer, limit, redeliver_after=1e9)
        assert len(page.messages) <= limit
        assert not self.confirmed & set(page.messages)
        if before:
            assert page.messages == list(before.messages)[:limit]
        if page.messages:
            self.owed[consumer] = page

    @rule(consumer=CONSUMERS, whole=st.booleans())
    def read_to_the_end(self, consumer: str, whole: bool) -> None:
        if consumer in self.owed:
            self.book.written(consumer, self.owed[consumer].receipt, whole=whole)
            (self.written.add if whole else self.written.discard)(consumer)

    @rule()
    def commit(self) -> None:
        self.book.committed(self.book.to_commit())

    @invariant()
    def nothing_unconfirmed_is_committed(self) -> None:
        for partition, offset in self.book.to_commit().items():
            assert {f"{partition}.{n}" for n in range(offset)} <= self.confirmed

    def teardown(self) -> None:
        for consumer in self.written:
            self.confirmed |= set(self.owed[consumer].messages)
        for consumer in ("a", "b", "c"):
            while messages := take(self.book, consumer, limit=3):
                self.confirmed |= set(messages)
        everything = {f"{partition}.{n}" for partition, end in self.ends.items() for n in range(end)}
        assert self.confirmed == everything
        self.book.committed(self.book.to_commit())
        assert self.book.settle(dict(self.ends)) == self.ends


TestReaders = Readers.TestCase
TestReaders.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
