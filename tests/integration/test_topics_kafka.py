"""The log of topics over a real Kafka."""

from __future__ import annotations

import pytest

from fed_common.core.errors import Invalid
from fed_common.publishers import kafka_group
from fed_common.publishers.kafka.config import KafkaConfig
from fed_common.publishers.kafka_log import KafkaTopicLog
from tests.contract.topic_log import Group, TopicLogContract
from tests.waiting import until

pytestmark = pytest.mark.servers


class TestKafkaTopicLog(TopicLogContract):
    @pytest.fixture
    def log(self, kafka_bootstrap):
        self.bootstrap, self.opened = kafka_bootstrap, []
        yield self._open()
        for log in self.opened:
            log.close()

    def reopened(self, log):
        log.close()
        return self._open()

    def _open(self) -> KafkaTopicLog:
        self.opened.append(KafkaTopicLog(KafkaConfig(bootstrap=self.bootstrap)))
        return self.opened[-1]

    def test_what_was_confirmed_before_a_restart_does_not_come_again(self, log, topic, group):
        self.publish(log, topic, "1", "2")
        assert group.take_all(2) == ["1", "2"]
        group.poll()
        after = Group(self.reopened(log), topic)
        self.publish(after.log, topic, "3")
        assert after.take() == ["3"]

    def test_a_reader_nobody_asks_ends_and_a_consumer_that_comes_late_goes_on(
        self, log, topic, group, monkeypatch
    ):
        self.publish(log, topic, "1", "2")
        assert group.take(limit=1) == ["1"]
        reader = log._readers[topic, "g"]
        monkeypatch.setattr(kafka_group, "IDLE_SECONDS", 0.0)
        until(lambda: reader._thread is None)
        monkeypatch.setattr(kafka_group, "IDLE_SECONDS", 120.0)
        assert group.take() == ["2"]
        self.publish(log, topic, "3")
        assert group.take() == ["3"]

    def test_keys_decide_the_partition_and_records_without_one_stay_together(self, log, topic):
        from kafka import KafkaConsumer

        self.publish(log, topic, "a", key="k")
        self.publish(log, topic, "b", key="k")
        self.publish(log, topic, "c", "d", key="")
        consumer = KafkaConsumer(
            topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", group_id=None
        )
        found = {}
        until(lambda: found.update(_partitions(consumer.poll(200))) or len(found) == 4)
        consumer.close()
        assert found["a"][0] == found["b"][0]
        assert found["a"][1] == b"k"
        assert found["c"] == found["d"]
        assert found["c"][1].isdigit()


def _partitions(polled):
    return {one.value.decode(): (place.partition, one.key) for place, records in polled.items() for one in records}


def test_the_setting_that_is_missing_is_named(settings):
    settings.KAFKA = ""
    with pytest.raises(Invalid, match="MCFED_KAFKA"):
        KafkaTopicLog()
