"""Which URL a service has: Keystone's catalogue, read by type and by name. Pure.

A type (``compute``, ``image``) names the service's root, to which callers add the version themselves:
``compute/v2.1/servers``. A name (``nova``, ``glance``) keeps the version that the catalogue has, as ONAP's VIO
plugin did: ``nova/{project}/servers``. The project's id at a URL's end is left out in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from os_service_types import ServiceTypes

_TYPES = ServiceTypes()
_VERSION = re.compile(r"/v\d+(\.\d+)?$")
_PROJECT = re.compile(r"/(AUTH_[^/]+|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")


class Catalogue:
    """The public endpoints of one region."""

    def __init__(self, services: object, region: str) -> None:
        """Raises ValueError when ``services`` is no catalogue, or tells of several regions and none is named."""
        found = [one for service in _list(services) for one in _endpoints(service)]
        regions = sorted({one[2] for one in found})
        if not region and len(regions) > 1:
            raise ValueError(f"Keystone has several regions, region_name has to say which: {', '.join(regions)}")
        here = [one for one in found if region in ("", one[2])]
        self._types: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for kind, name, _, url in here:
            self._types.setdefault(kind, url)
            self._names.setdefault(name, url)

    def url(self, service: str) -> str | None:
        """The URL of a service of this type as the catalogue has it; ``None``: there is none."""
        return next((self._types[kind] for kind in _same(service) if kind in self._types), None)

    def base(self, service: str) -> str | None:
        """What stands in for the first segment of a caller's path; ``None``: there is no such service."""
        if url := self.url(service):
            return root(url)
        if url := self._names.get(service) or self.url(_project_type(service)):
            return without_project(url)
        return None


def without_project(url: str) -> str:
    """The URL without the project's id at its end."""
    return _PROJECT.sub("", url.rstrip("/"))


def root(url: str) -> str:
    """The URL without project and version at its end."""
    return _VERSION.sub("", without_project(url))


def _same(service: str) -> list[str]:
    """The type, then the other types that clouds have for the same service."""
    return [service, *(_TYPES.get_all_types(service) if _TYPES.is_known(service) else ())]


def _project_type(name: str) -> str:
    """The type of the service of that project: nova is compute."""
    data: Mapping[str, Any] | None = _TYPES.get_service_data_for_project(name.rstrip("v23"))  # cinderv3
    return str(data["service_type"]) if data else name


def _endpoints(service: Any) -> Iterator[tuple[str, str, str, str]]:
    """Type, name, region and URL of each public endpoint."""
    kind, name = _text(service, "type"), _text(service, "name")
    for endpoint in _list(service.get("endpoints", [])):
        url = _text(endpoint, "url")
        if _text(endpoint, "interface") == "public" and url:
            yield kind, name, _text(endpoint, "region_id") or _text(endpoint, "region"), url.rstrip("/")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("the catalogue is no list")
    return value


def _text(part: object, key: str) -> str:
    if not isinstance(part, dict):
        raise ValueError("the catalogue holds something that is no object")
    value = part.get(key)
    return value if isinstance(value, str) else ""
