"""What each recorded notification must be read as: ``python -m tests.nova_expected`` writes the file anew."""

from __future__ import annotations

from datetime import UTC, datetime

from fed_common.interfaces.source import Ignored, Reading, Unreadable
from multicloud_vio.notifications import to_event
from tests.captures import NOVA, Notification, load_all

EXPECTED = NOVA / "expected.tsv"
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)
VIM = "vmware_vio"


def read(notification: Notification) -> Reading:
    """The reading of a recorded notification."""
    return to_event(notification, VIM, RECEIVED)


def row(notification: Notification) -> list[str]:
    """The columns of a notification's line."""
    reading = read(notification)
    if isinstance(reading, Ignored):
        return [notification["message_id"], f"ignored:{reading.reason}"]
    assert not isinstance(reading, Unreadable), reading.reason
    one = reading
    told = [
        one.type,
        one.kind,
        one.phase,
        one.state,
        one.old_state,
        one.state_description,
        one.launched_at,
        one.host,
    ]
    return [one.id, *map(str, told)]


def expected() -> dict[str, list[str]]:
    """The committed lines by message id."""
    lines = EXPECTED.read_text().splitlines()
    return {line.split("\t")[0]: line.split("\t") for line in lines}


if __name__ == "__main__":
    EXPECTED.write_text("".join("\t".join(row(one)) + "\n" for one in load_all()))
