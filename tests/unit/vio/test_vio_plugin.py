from __future__ import annotations

import subprocess
import sys

import pytest

from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind
from fed_common.core.model import Event, NotificationTransport, Vim, VimId
from fed_common.interfaces.source import EventSource, Unreadable
from multicloud_vio.plugin import VioPlugin
from tests.captures import load_legacy

VIM = Vim(VimId("vmware", "vio"), "vmware", transport=NotificationTransport("fake://"))
PAUSED = next(one for one in load_legacy() if one["event_type"] == "compute.instance.pause.end")


def test_it_serves_vmware():
    assert VioPlugin.name == "vmware"
    assert VioPlugin.vim_types == {"vmware"}


def test_a_vim_with_a_transport_pushes():
    assert isinstance(VioPlugin().event_source(VIM), EventSource)


def test_a_vim_without_a_transport_has_no_source():
    assert VioPlugin().event_source(Vim(VIM.id, "vmware")) is None


def test_a_transport_nobody_can_use_is_named():
    with pytest.raises(Invalid, match=r"transport\.url"):
        VioPlugin().event_source(Vim(VIM.id, "vmware", transport=NotificationTransport("pigeon://")))


def test_a_recorded_notification_is_read_again():
    event = VioPlugin().read_notification(VIM, PAUSED)
    assert isinstance(event, Event)
    assert (event.kind, event.vim_id) == (Kind.PAUSE, "vmware_vio")
    assert isinstance(VioPlugin().read_notification(VIM, {"body": "?"}), Unreadable)


def test_the_plugin_loads_no_message_bus_before_it_listens():
    loads = "import sys, multicloud_vio.plugin; print('oslo_messaging' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
