"""The one table of every metric; no other room names one."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

_MS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

RECEIVED = Counter("mcfed_notifications_received_total", "Notifications read from a cloud.", ["vim"])
DROPPED = Counter(
    "mcfed_events_dropped_total", "Went no further, by named reason.", ["vim", "reason", "subscription"]
)
PUBLISHED = Counter("mcfed_events_published_total", "Messages a sink holds.", ["publisher", "subscription"])
RETRIES = Counter("mcfed_sink_retries_total", "Failed attempts to publish.", ["publisher", "subscription"])
DEAD = Counter("mcfed_dead_events_total", "Events set aside with a reason.", ["vim"])
SINK_UP = Gauge("mcfed_sink_up", "1 while the sink takes messages.", ["publisher", "subscription"])
LATENCY = Histogram("mcfed_event_seconds", "From the cloud's clock to all sinks.", ["vim"], buckets=_MS)
OWNED = Gauge("mcfed_listener_vims", "VIMs this listener owns.")
CONNECTED = Gauge("mcfed_listener_connected", "1 while the VIM's bus is read.", ["vim"])
POLLED = Gauge("mcfed_poller_vims", "VIMs this poller owns.")
SWEEPS = Counter("mcfed_sweeps_total", "Looks at a cloud, by outcome: done, failed.", ["vim", "outcome"])
SWEEP_SECONDS = Histogram(
    "mcfed_sweep_seconds", "From asking a cloud to all its changes told.", ["vim"], buckets=_MS
)
INSTANCES = Gauge("mcfed_instances_known", "Instances of a VIM that are not deleted.", ["vim"])
STATES_LOST = Counter("mcfed_instance_states_lost_total", "Changes not kept: the database was away too long.")
LAST_SWEEP = Gauge("mcfed_last_sweep_timestamp_seconds", "When a VIM last answered, Unix time.", ["vim"])
REBUILDS = Counter("mcfed_kafka_producer_rebuilds_total", "Wedged producers thrown away.")
TOPIC_APPENDED = Counter("mcfed_topic_messages_appended_total", "Messages stored in topics.", ["topic"])
TOPIC_FETCHED = Counter("mcfed_topic_messages_fetched_total", "Messages handed to consumers.", ["topic"])
BROKER_REQUESTS = Counter(
    "mcfed_broker_requests_total",
    "Calls passed on, by kind of answer; none: the VIM gave none.",
    ["vim", "answer"],
)
BROKER_SECONDS = Histogram("mcfed_broker_seconds", "From a call to the head of its answer.", ["vim"], buckets=_MS)
BREAKER_OPEN = Gauge("mcfed_breaker_open", "1 while a VIM that does not answer is left alone.", ["vim"])
AAI_ASKED = Counter("mcfed_aai_requests_total", "Questions to A&AI, by what came of them.", ["outcome"])
AAI_STALE = Counter("mcfed_aai_stale_total", "Times A&AI failed and a VIM stayed as last known.", ["vim"])
CHECKS = Counter("mcfed_checks_total", "Checks of targets, by kind and verdict.", ["kind", "verdict"])
CHECK_SECONDS = Histogram(
    "mcfed_check_seconds", "Until the answer, of every 16th check that had one.", ["kind"], buckets=_MS
)
ENGINE_TARGETS = Gauge("mcfed_engine_targets", "Targets this executor asks.", ["kind"])
ENGINE_LAG = Gauge("mcfed_engine_lag_seconds", "How late the engine's loop was at worst in the last second.")
MONITOR_TARGETS = Gauge("mcfed_executor_targets", "Targets this executor watches.")
MONITOR_SHARDS = Gauge("mcfed_executor_shards", "Shards this executor owns.")
MONITOR_FENCED = Gauge("mcfed_executor_fenced", "1 while it cannot know that its shards are its own.")
MONITOR_BRAKE = Gauge("mcfed_executor_brake", "1 while so many targets failed at once that others are asked.")
MONITOR_FLIPS = Counter("mcfed_flips_total", "Targets judged otherwise, by health and rule.", ["health", "rule"])
MONITOR_CALLS = Counter("mcfed_executor_calls_total", "Calls to conductors, by outcome.", ["method", "outcome"])
OPERATIONS = Counter("mcfed_vnf_operations_total", "Operations on VNFs that ended, by how.", ["kind", "outcome"])
STALE_KILLS = Counter("mcfed_stale_kills_total", "Kills of actions that are not watched here.")
ALARM_CHANGES = Counter("mcfed_alarm_changes_total", "Changes of the table of active alarms.", ["kind"])

ALARM_EVENTS = Counter("mcfed_alarm_events_total", "Events the rules heard: evaluated, opted_out.", ["outcome"])
ALARM_TRANSITIONS = Counter(
    "mcfed_alarm_steps_total", "What matching events did: fire, again, clear, suppressed and the like.", ["step"]
)
ALARM_SECONDS = Histogram("mcfed_alarm_seconds", "From an event's arrival to its transitions stored.", buckets=_MS)
ALARM_RULES = Gauge("mcfed_alarm_rules", "Rules this process evaluates.")
ALARM_QUARANTINED = Gauge("mcfed_alarm_rules_quarantined", "Rules nobody can use.")

HOST_REPORTS = Counter(
    "mcfed_host_reports_total", "Reports that a host failed, by its fault's state.", ["vim", "state"]
)
DELIVERIES = Counter(
    "mcfed_deliveries_total",
    "Notices of alarms, by what became of a try: delivered, retried, dead, unusable.",
    ["notifier", "outcome"],
)
DELIVERY_SECONDS = Histogram(
    "mcfed_delivery_seconds", "From a transition to the far side having it.", ["notifier"], buckets=_MS
)
DELIVERIES_HELD = Gauge("mcfed_deliveries_held", "Notices this process has in hand, not yet ended.")


def render() -> tuple[bytes, str]:
    """The metrics page and its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
