"""The actions of a monitoring policy, as authors write them and as the house keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from fed_common.core.vnf import Scaling
from fed_common.monitor.actions.known import known_actions
from fed_common.monitor.vnfd.place import Place

FAILURE = "failure"
SCALING, WEBHOOK = "scaling", "webhook"
ALIASES = {"autoscaling": SCALING}
JOINED_BY = "%"
LONGEST_URL = 1000
MOST_ACTIONS = 10


class Actions:
    """Reads the actions of policies that watch one VDU, which the scaling policy may scale."""

    def __init__(self, scalings: Mapping[str, Scaling], vdu: str) -> None:
        self._scalings = scalings
        self._own = next((one.name for one in scalings.values() if vdu in one.targets), "")

    def of(self, place: Place) -> dict[str, tuple[str, ...]]:
        """What a monitor returns -> actions, as ``core.health.MonitoringPolicy`` has them. Raises Invalid."""
        found = {}
        for event in place.named():
            if event.name != FAILURE:
                event.warn(f"no monitor returns it; they return {FAILURE}")
            found[event.name] = tuple(self._read(event))
            if not 0 < len(found[event.name]) <= MOST_ACTIONS:
                raise event.invalid(f"1 to {MOST_ACTIONS} actions")
        return found

    def _read(self, place: Place) -> Iterator[str]:
        if isinstance(place.value, list):
            for one in place.items():
                yield from self._read_one(one)
        else:
            yield from self._read_one(place)

    def _read_one(self, place: Place) -> Iterator[str]:
        if isinstance(place.value, Mapping):
            place.use_only("name", "url")
            name = place.at("name").text()
            yield f"{WEBHOOK}:{_url(place.at('url'))}" if name == WEBHOOK else self._action(place.at("name"), name)
        else:
            for word in place.text().split(JOINED_BY):
                yield self._action(place, word)

    def _action(self, place: Place, word: str) -> str:
        name = ALIASES.get(word, word)
        if name == WEBHOOK:
            raise place.invalid("{name: webhook, url: ...}: it needs to know where")
        if name == SCALING or name in self._scalings:
            return f"{SCALING}:{self._scaling(place, name)}"
        if name not in action_names():
            raise place.invalid(self._allowed())
        return name

    def _scaling(self, place: Place, name: str) -> str:
        if name == SCALING and not self._own:
            raise place.invalid("scaling of a VDU that a policy of type tosca.policies.tacker.Scaling targets")
        return self._own if name == SCALING else name

    def _allowed(self) -> str:
        words = ", ".join((*action_names(), *ALIASES, *self._scalings))
        return f"{words}; several with '{JOINED_BY}' between them, or as a list"


def action_names() -> list[str]:
    """The names of the actions there are."""
    return known_actions().names()


def _url(place: Place) -> str:
    url = place.text(longest=LONGEST_URL)
    allowed = "http://host:port/path or https://..., without a user, beside the name webhook"
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or not url.isascii() or not url.isprintable() or " " in url:
        raise place.invalid(allowed)
    return url
