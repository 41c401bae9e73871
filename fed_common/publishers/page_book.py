"""Who is owed which page of a group that reads Kafka, and what may be committed. Pure but for the clock."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fed_common.interfaces.topics import NOTHING, PAGE_BYTES, Page

QUEUED_MAX = 4096
LONG_AGO = float("-inf")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One record as Kafka gave it."""

    partition: int
    offset: int
    value: str


@dataclass(slots=True)
class Owed:
    """A page handed to a consumer."""

    receipt: int
    records: Sequence[Fetched]
    handed_at: float
    written: bool = False


class PageBook:
    """Records come in by ``add``, go out in pages, and are done once their page is confirmed.

    Not thread-safe: its owner locks.
    """

    def __init__(self) -> None:
        self._queue: deque[Fetched] = deque()
        self._queued_bytes = 0
        self._owed: dict[str, Owed] = {}
        self._read_to: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._receipts = itertools.count(1)

    @property
    def full(self) -> bool:
        """Whether enough is queued for the next page."""
        return len(self._queue) >= QUEUED_MAX or self._queued_bytes >= PAGE_BYTES

    def add(self, records: Iterable[Fetched]) -> None:
        """Queue what was read from Kafka, in order."""
        for record in records:
            self._queue.append(record)
            self._queued_bytes += len(record.value)
            self._read_to[record.partition] = record.offset + 1

    def hand_out(self, consumer: str, limit: int, *, redeliver_after: float) -> Page:
        """The page owed to this consumer, else one owed for too long, else the next from the queue."""
        owed = self._due(consumer, redeliver_after)
        records = owed.records if owed else self._taken(limit)
        if not records:
            return NOTHING
        receipt = next(self._receipts)
        if records[limit:]:
            self._owed[f"/{receipt}"] = Owed(receipt, records[limit:], LONG_AGO)
        self._owed[consumer] = Owed(receipt, records[:limit], time.monotonic())
        return Page([record.value for record in records[:limit]], receipt)

    def written(self, consumer: str, receipt: int, *, whole: bool) -> None:
        """The page was completely written to the consumer, or not after all."""
        owed = self._owed.get(consumer)
        if owed and owed.receipt == receipt:
            owed.written = whole

    def confirm(self, consumer: str) -> None:
        """The consumer came back: what was written to it is done."""
        if consumer in self._owed and self._owed[consumer].written:
            del self._owed[consumer]

    def to_commit(self) -> dict[int, int]:
        """By partition, the offset before which everything is done, where that has moved."""
        return {
            partition: offset
            for partition, offset in self._done_to().items()
            if offset > self._committed.get(partition, -1)
        }

    def committed(self, offsets: Mapping[int, int]) -> None:
        """Kafka has these."""
        self._committed.update(offsets)

    def settle(self, committed: Mapping[int, int | None]) -> dict[int, int]:
        """Take over exactly these partitions, with what Kafka has committed; where to read on in each.

        A partition in which another reader has got further than this one starts afresh there. One
        without a committed offset that was never read is left to Kafka's own rule.
        """
        for partition in self._read_to.keys() - committed.keys():
            self._drop(partition)
        done = self._done_to()
        for partition, offset in committed.items():
            if offset is not None and done.get(partition, -1) < offset:
                self._drop(partition)
                self._read_to[partition] = offset
            self._committed[partition] = -1 if offset is None else offset
        return dict(self._read_to)

    def park(self) -> None:
        """Nobody reads for now: keep only which pages were written, so that they can still be confirmed."""
        self._unread(self._queue)
        self._empty_queue()
        for consumer, owed in list(self._owed.items()):
            if owed.written:
                firsts = {record.partition: record for record in reversed(owed.records)}
                owed.records = [Fetched(one.partition, one.offset, "") for one in firsts.values()]
            else:
                self._unread(owed.records)
                del self._owed[consumer]

    def rewind(self) -> None:
        """Read again what is not done."""
        self._read_to = self._done_to()
        self._owed.clear()
        self._empty_queue()

    def _due(self, consumer: str, redeliver_after: float) -> Owed | None:
        if consumer in self._owed:
            return self._owed.pop(consumer)
        overdue = time.monotonic() - redeliver_after
        late = [name for name, owed in self._owed.items() if owed.handed_at <= overdue]
        return self._owed.pop(late[0]) if late else None

    def _taken(self, limit: int) -> Sequence[Fetched]:
        taken: list[Fetched] = []
        room = PAGE_BYTES
        while self._queue and len(taken) < limit and room > 0:
            taken.append(self._queue.popleft())
            room -= len(taken[-1].value)
        self._queued_bytes -= PAGE_BYTES - room
        return taken

    def _done_to(self) -> dict[int, int]:
        done = dict(self._read_to)
        for record in itertools.chain(self._queue, *(owed.records for owed in self._owed.values())):
            done[record.partition] = min(done[record.partition], record.offset)
        return done

    def _unread(self, records: Iterable[Fetched]) -> None:
        for record in records:
            self._read_to[record.partition] = min(self._read_to[record.partition], record.offset)

    def _empty_queue(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0

    def _drop(self, partition: int) -> None:
        self._read_to.pop(partition, None)
        self._committed.pop(partition, None)
        kept = [record for record in self._queue if record.partition != partition]
        self._queue = deque(kept)
        self._queued_bytes = sum(len(record.value) for record in kept)
        for consumer, owed in list(self._owed.items()):
            owed.records = [record for record in owed.records if record.partition != partition]
            if not owed.records:
                del self._owed[consumer]
