"""Paths of calls to a VIM, read from the raw bytes of the request line. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from fed_common.core.errors import Invalid
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.inventory.services import RESERVED_OWNERS

ROOT = b"/api/multicloud"
V0, V1 = ROOT + b"/v0/", ROOT + b"/v1/"
NO_VIMS = frozenset({"vim_types", "check_vim_capacity", "swagger.json"})
OWN_VERBS = frozenset({"check_vim_status", "events_check", "capacity_check", "extensions", "registry"})
HOUSE_VERBS = frozenset({"hosts"})
"""Of every VIM, whoever serves it: what the gateway does about its hosts."""
QUESTIONS = frozenset({"check_vim_status", "events_check", "capacity_check"})
GENERIC = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_ALLOWED = {
    "": ("DELETE", "OPTIONS"),
    "registry": ("GET", "HEAD", "OPTIONS", "POST"),
    "extensions": ("GET", "HEAD", "OPTIONS"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a VIM.

    ``tail``     the raw path after ``/api/multicloud``: what a remote plugin is asked for.
    ``service``  the first segment after the VIM, decoded; "" for the VIM itself.
    ``rest``     the raw path after the service.
    """

    vim_id: VimId
    tail: str
    service: str
    rest: str

    def asks_only(self, method: str) -> bool:
        """Whether nothing is changed by it: some questions come as POST, for their conditions are in the body."""
        is_question = method == "POST" and self.service in QUESTIONS and self.rest in ("", "/")
        return is_question or method in ("GET", "HEAD", "OPTIONS")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods that may be used here."""
        return _ALLOWED.get(self.service, GENERIC) if self.rest in ("", "/") else GENERIC


def read_call(raw_path: bytes) -> Call | None:
    """The call, or ``None``: no VIM is named. Raises Invalid: a malformed vim_id, or ``..`` in the path."""
    found = _split(raw_path)
    if found is None:
        return None
    vim_id, after = found
    tail = raw_path[len(ROOT) :].decode("latin-1")
    if "." in after or "%2" in after:
        _refuse_dots(after)
    service, slash, rest = after[1:].partition("/")
    return Call(vim_id, tail, _decoded(service), slash + rest)


def _split(raw_path: bytes) -> tuple[VimId, str] | None:
    """The VIM and the raw path after it."""
    if raw_path.startswith(V0):
        name, slash, rest = raw_path[len(V0) :].decode("latin-1").partition("/")
        text = _decoded(name)
        return None if not text or text in NO_VIMS else (VimId.parse(text), slash + rest)
    if not raw_path.startswith(V1):
        return None
    owner, _, more = raw_path[len(V1) :].decode("latin-1").partition("/")
    region, slash, rest = more.partition("/")
    vim_id = VimId(_decoded(owner), _decoded(region))
    if not region or not owner or vim_id.owner in RESERVED_OWNERS:
        return None
    if not vim_id.sound:
        raise Invalid("vim_id", str(vim_id), VIM_ID_FORM)
    return vim_id, slash + rest


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment).decode(errors="replace") if "%" in segment else segment


def _refuse_dots(path: str) -> None:
    """A far side that resolves them would leave the VIM's own part of its paths."""
    if any(part in (".", "..") for part in _decoded(path).replace("\\", "/").split("/")):
        raise Invalid("path", path, "a path without . and .. segments")
