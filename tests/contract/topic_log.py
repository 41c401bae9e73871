"""What every log of topics must do, whatever keeps the messages; subclassed per log."""

from __future__ import annotations

import threading
import uuid

import pytest

from fed_common.core.errors import Invalid, NotFound
from fed_common.interfaces.topics import LIMIT_MAX, NOTHING, PAGE_BYTES, Page, Record, TopicLog
from tests.waiting import until

ODD_TEXTS = [
    'q"uote\\',
    "two\nlines\r\n",
    "",
    " ",
    "\u00e9\u4e2d\U0001f600",
    "nul\0nul",
    '{"s":"\\u0000"}',
    "\u2028\x1e",
]


class Group:
    """The consumers of one group of one topic, as the face would act for them."""

    def __init__(self, log: TopicLog, topic: str, name: str = "g") -> None:
        self.log, self.topic, self.name = log, topic, name

    def poll(self, consumer: str = "c", limit: int = LIMIT_MAX) -> Page:
        """One request that does not wait."""
        self.log.confirm(self.topic, self.name, consumer)
        return self.log.fetch(self.topic, self.name, consumer, limit=limit)

    def wait(self, consumer: str = "c", limit: int = LIMIT_MAX) -> Page:
        """One request that waits for messages."""
        self.log.confirm(self.topic, self.name, consumer)
        return until(lambda: self._page(consumer, limit))

    def take(self, consumer: str = "c", limit: int = LIMIT_MAX) -> list[str]:
        """The next messages, read to the end."""
        page = self.wait(consumer, limit)
        self.wrote(page, consumer)
        return list(page.messages)

    def take_all(self, count: int, *consumers: str, limit: int = LIMIT_MAX) -> list[str]:
        """``count`` messages, asked for by the consumers in turn."""
        found: list[str] = []

        def complete() -> bool:
            for consumer in consumers or ("c",):
                page = self.poll(consumer, limit)
                self.wrote(page, consumer)
                found.extend(page.messages)
            return len(found) >= count

        until(complete)
        return found

    def wrote(self, page: Page, consumer: str = "c", *, whole: bool = True) -> None:
        """The page was written to the consumer."""
        if page.messages:
            self.log.written(self.topic, self.name, consumer, page.receipt, whole=whole)

    def _page(self, consumer: str, limit: int) -> Page | None:
        page = self.log.fetch(self.topic, self.name, consumer, limit=limit)
        return page if page.messages else None


class TopicLogContract:
    """Subclasses give a ``log`` fixture and say how a process that restarts finds the log again."""

    @pytest.fixture
    def topic(self, log: TopicLog) -> str:
        name = f"t.{uuid.uuid4().hex}"
        log.create(name)
        return name

    @pytest.fixture
    def group(self, log: TopicLog, topic: str) -> Group:
        """A group that asked once, so it gets what is published from now on."""
        made = Group(log, topic)
        assert made.poll() == NOTHING
        return made

    def reopened(self, log: TopicLog) -> TopicLog:
        raise NotImplementedError

    def publish(self, log: TopicLog, topic: str, *texts: str, key: str = "k") -> None:
        log.append(topic, [Record(key, text) for text in texts], timeout=20)

    def test_messages_come_in_the_order_they_were_published(self, log, topic, group):
        self.publish(log, topic, "1", "2", "3")
        self.publish(log, topic, "4")
        assert group.take_all(4) == ["1", "2", "3", "4"]
        assert group.poll() == NOTHING

    def test_19_a_new_group_gets_what_is_published_after_its_first_request(self, log, topic):
        self.publish(log, topic, "before")
        group = Group(log, topic, "new")
        assert group.poll() == NOTHING
        self.publish(log, topic, "after")
        assert group.take() == ["after"]

    def test_22_a_limit_walks_through_the_topic(self, log, topic, group):
        self.publish(log, topic, *"12345")
        assert [group.take(limit=2) for _ in range(3)] == [["1", "2"], ["3", "4"], ["5"]]

    def test_groups_do_not_know_of_each_other(self, log, topic, group):
        other = Group(log, topic, "other")
        other.poll()
        self.publish(log, topic, "1")
        assert group.take() == ["1"]
        assert other.take() == ["1"]

    def test_24_a_page_that_was_not_written_comes_again(self, log, topic, group):
        self.publish(log, topic, "1", "2")
        assert group.wait().messages == ["1", "2"]
        assert group.wait().messages == ["1", "2"]

    def test_a_page_that_was_written_but_not_confirmed_by_coming_back_comes_again(self, log, topic, group):
        self.publish(log, topic, "1")
        group.wrote(group.wait())
        again = log.fetch(topic, "g", "c", limit=10)
        assert again.messages == ["1"]

    def test_a_page_whose_client_broke_off_after_all_comes_again(self, log, topic, group):
        self.publish(log, topic, "1")
        page = group.wait()
        group.wrote(page)
        group.wrote(page, whole=False)
        assert group.wait().messages == ["1"]

    def test_a_late_report_of_an_older_page_does_not_mark_the_newer_one(self, log, topic, group):
        self.publish(log, topic, "1", "2")
        first = group.wait(limit=1)
        group.wrote(first)
        assert group.wait(limit=1).messages == ["2"]
        group.wrote(first)
        assert group.wait(limit=1).messages == ["2"]

    def test_25_consumers_of_a_group_get_disjoint_pages_and_together_everything(self, log, topic, group):
        group.poll("d")
        for key in range(9):
            self.publish(log, topic, *(f"{key}-{n}" for n in range(3)), key=str(key))
        found = group.take_all(27, "c", "d", limit=4)
        assert sorted(found) == sorted(f"{key}-{n}" for key in range(9) for n in range(3))
        for key in range(9):
            assert [text for text in found if text.startswith(f"{key}-")] == [f"{key}-{n}" for n in range(3)]

    def test_a_page_owed_for_too_long_goes_to_the_next_consumer_that_asks(self, log, topic, group, settings):
        self.publish(log, topic, "1", "2")
        page = group.wait("gone", limit=1)
        group.wrote(page, "gone")
        assert group.take("c") == ["2"]
        settings.REDELIVER_SECONDS = 0
        assert group.wait("c").messages == ["1"]

    def test_a_smaller_limit_splits_a_page_that_comes_again_and_loses_nothing(self, log, topic, group):
        self.publish(log, topic, *"12345")
        assert group.wait(limit=4).messages == [*"1234"]
        assert group.take(limit=2) == [*"12"]
        assert sorted(group.take_all(3)) == [*"345"]

    def test_23_what_was_not_confirmed_survives_a_restart(self, log, topic, group):
        self.publish(log, topic, *"12345")
        assert group.take(limit=1) == ["1"]
        assert group.take(limit=1) == ["2"]
        after = Group(self.reopened(log), topic)
        found = after.take_all(3)
        assert found[-3:] == [*"345"]

    def test_29_every_text_comes_out_as_it_went_in(self, log, topic, group):
        self.publish(log, topic, *ODD_TEXTS)
        assert group.take_all(len(ODD_TEXTS)) == ODD_TEXTS

    def test_a_page_has_a_bounded_size_but_always_one_message(self, log, topic, group):
        big = "x" * (PAGE_BYTES // 5)
        for _ in range(10):
            self.publish(log, topic, big)
        page = group.wait()
        assert 1 <= len(page.messages) <= 6
        group.wrote(page)
        assert len(page.messages) + len(group.take_all(10 - len(page.messages))) == 10

    def test_publishing_wakes_who_waits(self, log, topic, group):
        woken = threading.Event()
        with log.arrivals(topic, "g", woken.set):
            group.poll()
            self.publish(log, topic, "1")
            assert woken.wait(20)
            assert group.take() == ["1"]

    def test_publishing_creates_the_topic(self, log):
        name = f"t.{uuid.uuid4().hex}"
        self.publish(log, name, "1")
        assert name in log.topics()

    def test_27_an_unknown_topic_is_not_found(self, log):
        with pytest.raises(NotFound):
            log.fetch("nope", "g", "c", limit=1)
        with pytest.raises(NotFound):
            log.delete("nope")
        assert "nope" not in log.topics()

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "x" * 250, "t\n", "\u00e9"])
    def test_an_illegal_topic_name_is_refused(self, log, name):
        with pytest.raises(Invalid):
            log.append(name, [Record("", "1")], timeout=5)
        with pytest.raises(Invalid):
            log.create(name)

    @pytest.mark.parametrize("name", ["", "a/b", "x" * 201, "nul\0"])
    def test_an_illegal_group_or_consumer_is_refused(self, log, topic, name):
        with pytest.raises(Invalid):
            log.fetch(topic, name, "c", limit=1)
        with pytest.raises(Invalid):
            log.fetch(topic, "g", name, limit=1)

    def test_a_deleted_topic_is_gone_and_may_be_made_again_empty(self, log, topic, group):
        self.publish(log, topic, "old")
        log.delete(topic)
        until(lambda: topic not in log.topics())
        assert until(lambda: self._gone(group))
        log.create(topic)
        until(lambda: topic in log.topics())
        fresh = Group(log, topic, "fresh")
        assert until(lambda: self._asked(fresh))
        self.publish(log, topic, "new")
        assert fresh.take() == ["new"]

    def test_creating_twice_changes_nothing(self, log, topic, group):
        self.publish(log, topic, "1")
        log.create(topic)
        assert group.take() == ["1"]

    def test_publishers_at_once_lose_and_double_nothing(self, log, topic, group):
        def publish(name: int) -> None:
            for batch in range(5):
                self.publish(log, topic, *(f"{name}.{batch}.{n}" for n in range(20)), key=str(name))

        threads = [threading.Thread(target=publish, args=[name]) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = group.take_all(600, limit=97)
        assert len(set(found)) == len(found) == 600
        for name in range(6):
            mine = [text for text in found if text.startswith(f"{name}.")]
            assert mine == [f"{name}.{batch}.{n}" for batch in range(5) for n in range(20)]

    def _gone(self, group: Group) -> bool:
        try:
            group.poll()
        except NotFound:
            return True
        return False

    def _asked(self, group: Group) -> bool:
        try:
            return group.poll() == NOTHING
        except NotFound:
            return False
