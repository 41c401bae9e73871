"""Apache Kafka, the live sink."""

from fed_common.publishers.kafka.publisher import KafkaPublisher

__all__ = ["KafkaPublisher"]
