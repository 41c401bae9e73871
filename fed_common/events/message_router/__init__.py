"""The gateway as a Message Router: DMaaP's HTTP API over the embedded log or over Kafka."""
