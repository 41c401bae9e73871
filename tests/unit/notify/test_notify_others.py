"""What a VES collector, Tacker, Kafka and the log are told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from fed_common.core.alarm import EventCategory, ManagedObject, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Invalid
from fed_common.notify import targets
from fed_common.notify.kafka import KafkaNotifier, KafkaTargetConfig
from fed_common.notify.log import LogConfig, LogNotifier
from fed_common.notify.tacker import TackerConfig, TackerNotifier
from fed_common.notify.ves import VesConfig, VesNotifier, fault
from tests.consumers import Consumer
from tests.notices import a_notice
from tests.unit.notify.test_notify_http import tell

OURS = Path(__file__).parents[2] / "data" / "ves" / "vm-events.schema.json"
SCHEMA = Draft4Validator(json.loads(Path(os.environ.get("MCFED_TEST_VES_SCHEMA", OURS)).read_text()))
texts = st.text(max_size=6)


@given(
    st.sampled_from(NoticeKind),
    st.sampled_from(Severity),
    st.sampled_from(ObjectType),
    texts,
    texts,
    st.booleans(),
)
def test_every_notice_fits_the_schema_of_ves(
    kind: NoticeKind, severity: Severity, type: ObjectType, name: str, id: str, root_cause: bool
) -> None:
    about = ManagedObject("vio_RegionOne", type, id, name)
    words = {"kind": kind, "severity": severity, "category": EventCategory.EQUIPMENT}
    notice = a_notice(name, about=about, root_cause=root_cause, **words)
    SCHEMA.validate(json.loads(json.dumps({"event": fault(notice)})))


def test_a_raise_and_its_clear_are_paired_by_a_ves_collector(consumer: Consumer) -> None:
    notifier = VesNotifier(VesConfig(f"{consumer.url}/eventListener/v7", username="u", password="p"))
    times = {"raised_at": "2026-11-21T10:00:00Z", "changed_at": "2026-11-21T10:00:05Z"}
    tell(notifier, a_notice(specific_problem="Host down", probable_cause="power", sequence=4, **times))
    tell(notifier, a_notice(specific_problem="Host down", current="ok", sequence=5, **times))
    raised, cleared = (one.json["event"] for one in consumer.told)
    assert consumer.told[0].path == "/eventListener/v7"
    assert consumer.told[0].headers["Authorization"] == "Basic dTpw"
    assert raised["faultFields"]["eventSeverity"] == "MAJOR"
    assert cleared["faultFields"]["eventSeverity"] == "NORMAL"
    heads = [one["commonEventHeader"] for one in (raised, cleared)]
    assert [head["eventName"] for head in heads] == [
        "Fault_MultiCloud_Hostdown",
        "Fault_MultiCloud_HostdownCleared",
    ]
    assert {(head["sourceId"], head["sourceName"]) for head in heads} == {("vm-1", "web")}
    assert [head["sequence"] for head in heads] == [4, 5]
    assert heads[0]["lastEpochMicrosec"] - heads[0]["startEpochMicrosec"] == 5_000_000


def test_tacker_is_told_of_faults_and_not_of_their_end(consumer: Consumer) -> None:
    """N88"""
    consumer.answers = lambda _told, _number: 204
    path = "/server_notification/vnf_instances/v-1/servers/{server_id}/notify"
    notifier = TackerNotifier(TackerConfig(consumer.url + path, fault_id="1234", token="t"))
    tell(notifier, a_notice(fault_id="f-1"), a_notice(current="ok"))
    [told] = consumer.told
    assert told.path == "/server_notification/vnf_instances/v-1/servers/vm-1/notify"
    assert told.headers["X-Auth-Token"] == "t"
    assert told.json == {
        "notification": {
            "host_id": "host-1",
            "alarm_id": a_notice().alarm_id,
            "fault_id": "1234",
            "fault_type": "10",
            "fault_option": {"alarm_name": "vm-1 failed", "severity": "MAJOR"},
        }
    }


@pytest.mark.parametrize(
    ("action", "endpoint"),
    [
        ("ves+https://ves.example/eventListener/v7", "https://ves.example:443"),
        ("tacker+http://tacker.example:9890/server_notification/x", "http://tacker.example:9890"),
        ("HTTP://Consumer.example/failure", "http://consumer.example:80"),
        ("kafka://alarms", "kafka"),
        ("kafka:///alarms", "kafka"),
    ],
)
def test_a_url_names_its_notifier_and_its_endpoint(action: str, endpoint: str, settings: Any) -> None:
    settings.KAFKA = "127.0.0.1:9"
    assert targets.target_of(action).endpoint == endpoint


@pytest.mark.parametrize("options", [{"topic": "a b"}, {"topic": ""}, {"topic": "t", "format": "odd"}])
def test_a_kafka_target_needs_a_topic(options: dict[str, str], settings: Any) -> None:
    settings.KAFKA = "127.0.0.1:9"
    with pytest.raises(Invalid):
        KafkaNotifier(KafkaTargetConfig(**options))


def test_topics_of_one_cluster_share_a_producer(settings: Any) -> None:
    settings.KAFKA = "127.0.0.1:9"
    one, other = (KafkaNotifier(KafkaTargetConfig(topic=topic)) for topic in ("a", "b"))
    assert one._cluster is other._cluster


def test_the_log_gets_a_line_for_each_notice() -> None:
    with structlog.testing.capture_logs() as lines:
        tell(LogNotifier(LogConfig()), a_notice(), a_notice("other"))
    assert [(line["event"], line["name"], line["current"]) for line in lines] == [
        ("alarm", "vm-1 failed", "alarm"),
        ("alarm", "other", "alarm"),
    ]
