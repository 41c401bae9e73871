"""A&AI's cloud region with its esr-system-info as a VIM of ours. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fed_common.core.errors import CloudFailed
from fed_common.core.model import VIM_ID_FORM, Credentials, Tls, Vim, VimId

TRANSPORT = "notification_transport"
LONGEST_NAME, LONGEST_WORD, LONGEST_URL, LONGEST_PEM = 100, 50, 2000, 1024 * 1024
_KEYSTONE_REGION = "openstack-region-id"

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What A&AI says of one VIM: ``vim`` without its transport, the ``transport`` as in our REST API."""

    vim: Vim
    transport: Plain | None = None
    notes: tuple[str, ...] = ()


def read_region(vim_id: VimId, region: Plain) -> Told:
    """Raises CloudFailed when the record cannot be used, saying what is wrong with it."""
    reader = _Reader(str(vim_id))
    reader.check_names(vim_id, region)
    systems = reader.systems(region)
    system = systems[0] if systems else {}
    extra = _object(region.get("cloud-extra-info"))
    transport = extra.get(TRANSPORT)
    vim = Vim(
        id=vim_id,
        type=reader.cloud_type(region),
        version=reader.text(region, "cloud-region-version", LONGEST_WORD),
        auth_url=reader.text(system, "service-url", LONGEST_URL),
        credentials=reader.credentials(system),
        projects=tuple(filter(None, [reader.text(system, "default-tenant", LONGEST_NAME)])),
        region_name=reader.keystone_region(system, region, extra) or vim_id.region,
        tls=Tls(not reader.flag(system, "ssl-insecure"), reader.text(system, "ssl-cacert", LONGEST_PEM)),
    )
    return Told(vim, transport if isinstance(transport, Mapping) else None, _notes(vim, systems, transport))


def read_listed(region: object) -> Told:
    """The same of one out of a list, which names its VIM itself. Raises CloudFailed."""
    reader = _Reader("a cloud region")
    plain = reader.mapping(region, "it")
    vim_id = VimId(*(reader.text(plain, key, LONGEST_NAME) for key in ("cloud-owner", "cloud-region-id")))
    if not vim_id.sound:
        raise CloudFailed(str(vim_id), f"A&AI: the gateway has no VIM of that name: {VIM_ID_FORM}")
    return read_region(vim_id, plain)


def _notes(vim: Vim, systems: list[Plain], transport: object) -> tuple[str, ...]:
    said = {
        f"{len(systems)} entries of esr-system-info: the first is used": len(systems) > 1,
        "no user-name and password: the gateway itself cannot sign in": vim.credentials is None,
        f"{TRANSPORT} of cloud-extra-info is no object": not isinstance(transport, Mapping | None),
        "its certificate is not verified: ssl-insecure": not vim.tls.verify,
    }
    return tuple(note for note, holds in said.items() if holds)


def _object(text: object) -> Plain:
    """A&AI keeps JSON as text in some attributes; whatever else is written there is none of ours."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except (ValueError, RecursionError):
            return {}
    return text if isinstance(text, Mapping) else {}


class _Reader:
    """Takes single attributes of a record. Every method raises CloudFailed naming the attribute."""

    def __init__(self, vim_id: str) -> None:
        self._vim_id = vim_id

    def mapping(self, value: object, name: str) -> Plain:
        if not isinstance(value, Mapping):
            raise self._wrong(f"{name} is no object")
        return value

    def text(self, plain: Plain, name: str, most: int) -> str:
        """The attribute as text; empty when it is not there."""
        value = plain.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(f"{name} is no text")
        if len(value) > most or "\0" in value or value.encode(errors="ignore").decode() != value:
            raise self._wrong(f"{name} is not a text of at most {most} characters")
        return value

    def flag(self, plain: Plain, name: str) -> bool:
        """The attribute as yes or no; no when it is not there."""
        value = plain.get(name)
        words = {None: False, True: True, False: False, "true": True, "false": False}
        word = value.lower() if isinstance(value, str) else value
        if not isinstance(word, str | bool | None) or word not in words:
            raise self._wrong(f"{name} is neither true nor false")
        return words[word]

    def cloud_type(self, region: Plain) -> str:
        found = self.text(region, "cloud-type", LONGEST_WORD)
        if not found:
            raise self._wrong("the cloud region has no cloud-type")
        return found

    def systems(self, region: Plain) -> list[Plain]:
        held = self.mapping(region.get("esr-system-info-list") or {}, "esr-system-info-list")
        found = held.get("esr-system-info") or []
        if not isinstance(found, list):
            raise self._wrong("esr-system-info is no list")
        return [self.mapping(one, "esr-system-info") for one in found]

    def credentials(self, system: Plain) -> Credentials | None:
        username = self.text(system, "user-name", LONGEST_NAME)
        password = self.text(system, "password", LONGEST_URL)
        domain = self.text(system, "cloud-domain", LONGEST_NAME) or "Default"
        return Credentials(username, password, domain, domain) if username and password else None

    def keystone_region(self, system: Plain, region: Plain, extra: Plain) -> str:
        places = (system, _object(region.get("cloud-epa-caps")), extra)
        return next(filter(None, (self.text(place, _KEYSTONE_REGION, LONGEST_NAME) for place in places)), "")

    def check_names(self, vim_id: VimId, region: Plain) -> None:
        for name, wanted in (("cloud-owner", vim_id.owner), ("cloud-region-id", vim_id.region)):
            if region.get(name, wanted) != wanted:
                raise self._wrong(f"it answered with another cloud region: {name} differs")

    def _wrong(self, said: str) -> CloudFailed:
        return CloudFailed(self._vim_id, f"A&AI: {said}")
