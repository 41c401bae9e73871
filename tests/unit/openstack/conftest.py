from __future__ import annotations

from collections.abc import Iterator

import pytest

from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.doubles.openstack import OpenStackDouble, openstack_double


@pytest.fixture
def cloud() -> Iterator[OpenStackDouble]:
    with openstack_double() as double:
        yield double


@pytest.fixture
def plugin() -> OpenStackPlugin:
    return OpenStackPlugin()
