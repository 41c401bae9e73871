"""``manage.py monitor``: what it needs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from fed_common.core.errors import Invalid


@pytest.mark.parametrize("url", ["fake://", "fake:///", "carrier-pigeon://host/"])
def test_it_does_not_start_on_a_bus_that_reaches_nobody(settings: Any, url: str) -> None:
    settings.TRANSPORT_URL = url
    with pytest.raises(Invalid, match="MCFED_TRANSPORT_URL"):
        call_command("monitor", metrics_port=0)
