"""Which plugin serves a VIM: a class in this process, or a remote service of ONAP's ``provider-plugin.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from fed_common.core.errors import Invalid, Unsupported
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry

VERB = "be called through"


@dataclass(frozen=True, slots=True)
class RemotePlugin:
    """A plugin service: calls go to ``{url}/api/{name}/v0/…`` or ``v1``."""

    name: str
    url: str

    @property
    def prefix(self) -> str:
        """What stands in for our own ``/api/multicloud``."""
        return f"{self.url}/api/{self.name}"


@dataclass(frozen=True, slots=True)
class ProviderType:
    """One entry of the file: who serves which version of a type; ``default`` the rest, "" nobody."""

    versions: Mapping[str, str]
    default: str

    def plugin_name(self, version: str) -> str:
        """Who serves this version; "" nobody."""
        return self.versions.get(version) or self.default


class Providers:
    """The table of all types. A type that the file names is served as the file says, else in process."""

    def __init__(
        self, plugins: Registry[CloudPlugin], file: Mapping[str, ProviderType], urls: Mapping[str, str], msb: str
    ) -> None:
        self._plugins, self._file, self._urls, self._msb = plugins, file, urls, msb
        self._made: dict[str, CloudPlugin] = {}

    def of(self, vim: Vim) -> CloudPlugin | RemotePlugin:
        """Who serves this VIM. Raises Unsupported naming the type, version or plugin that nothing is known of."""
        if vim.type in self._file:
            return self._remote(vim)
        plugin = self._made.get(vim.type)
        if plugin is None:
            if vim.type not in self._plugins.names():
                raise Unsupported(repr(vim.type), f"{VERB}: no plugin serves them")
            plugin = self._made.setdefault(vim.type, self._plugins.get(vim.type)())
        return plugin

    def types(self) -> list[dict[str, Any]]:
        """Every type with its versions: those of the file in its order, then those in process."""
        told = [{"vim_type": name, "versions": list(entry.versions)} for name, entry in self._file.items()]
        here = [name for name in self._plugins.names() if name not in self._file]
        return told + [{"vim_type": name, "versions": list(self._plugins.get(name).versions)} for name in here]

    def _remote(self, vim: Vim) -> RemotePlugin:
        name = self._file[vim.type].plugin_name(vim.version)
        if not name:
            raise Unsupported(repr(vim.type), f"{VERB}: no plugin serves the version {vim.version!r}")
        url = self._urls.get(name, self._msb)
        if not url:
            raise Unsupported(repr(vim.type), f"{VERB}: {name} has no address (MCFED_PLUGIN_URLS, MCFED_MSB)")
        return RemotePlugin(name, url)


def read_provider_file(text: str) -> dict[str, ProviderType]:
    """ONAP's ``provider-plugin.json``. Raises Invalid."""
    try:
        return {name: _entry(name, entry) for name, entry in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise Invalid("MCFED_PROVIDERS", str(error), "a file of ONAP's provider-plugin.json format") from None


def read_urls(text: str) -> dict[str, str]:
    """``name=http://host:port`` with commas. Raises Invalid."""
    pairs = [one.strip().partition("=") for one in text.split(",") if one.strip()]
    return {name.strip(): read_url("MCFED_PLUGIN_URLS", url.strip()) for name, _, url in pairs}


def read_url(setting: str, text: str) -> str:
    """An http or https address without a slash at its end; "" stays so. Raises Invalid."""
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise Invalid(setting, text, "http://host:port")
    return text.rstrip("/")


@cache
def providers() -> Providers:
    """The table of this process. Raises Invalid: a setting that cannot be used."""
    text = "{}"
    if settings.PROVIDERS:
        try:
            text = Path(settings.PROVIDERS).read_text()
        except OSError as error:
            raise Invalid("MCFED_PROVIDERS", settings.PROVIDERS, f"a file ({error.strerror})") from None
    plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
    urls, msb = read_urls(settings.PLUGIN_URLS), read_url("MCFED_MSB", settings.MSB)
    return Providers(plugins, read_provider_file(text), urls, msb)


def _entry(name: str, entry: Mapping[str, Any]) -> ProviderType:
    versions = {version: str(told["provider_plugin"]) for version, told in entry.get("versions", {}).items()}
    default = entry.get("provider_plugin", "")
    if not isinstance(default, str) or not (versions or default):
        raise ValueError(f"{name} names no provider_plugin")
    return ProviderType(versions, default)
