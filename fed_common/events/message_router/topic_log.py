"""Which log holds the topics: one place decides."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from fed_common.interfaces.registry import load
from fed_common.interfaces.topics import TopicLog

LOGS = {
    "embedded": "fed_common.topics.log.EmbeddedLog",
    "kafka": "fed_common.publishers.kafka_log.KafkaTopicLog",
}


@cache
def topic_log() -> TopicLog:
    """The log of this process, as MCFED_TOPIC_LOG says."""
    log: TopicLog = load(LOGS[settings.TOPIC_LOG])()
    return log
