"""Which headers pass, in both directions. Pure; names of requests are in lower case already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from fed_common.access.authentication import COOKIE
from fed_common.broker.request_ids import ONAP, OURS
from fed_common.core.errors import Invalid

Headers = Iterable[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"trailers", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_TOKENS = (b"x-auth-token", b"authorization")
_COOKIE = COOKIE.encode()
_IDS = tuple(name.lower().encode() for name in (OURS, *ONAP))
REPLACED = frozenset({b"host", b"x-multicloud-token", *FORWARDED, *_IDS})


def by_name(headers: Headers) -> dict[bytes, bytes]:
    """Each name with its value; several lines of one name are one, with commas, as RFC 9110 has it."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b"%b, %b" % (found[name], value) if name in found else value
    return found


def end_to_end(headers: Sequence[tuple[bytes, bytes]], drop: Collection[bytes] = ()) -> list[tuple[bytes, bytes]]:
    """Without those of one connection only, those that ``Connection`` lists, and those in ``drop``."""
    gone = HOP_BY_HOP.union(drop)
    for name, value in headers:
        if name.lower() == b"connection":
            gone = gone.union(token.strip().lower() for token in value.split(b","))
    return [pair for pair in headers if pair[0].lower() not in gone]


def without_token(headers: Headers, token: str) -> list[tuple[bytes, bytes]]:
    """Without the gateway's own token, wherever it stands, and without the page's cookie."""
    secret = token.encode("latin-1", "replace")
    kept = []
    for name, value in headers:
        if name == b"cookie" and _COOKIE in value:
            value = _without_cookie(value)
            if not value:
                continue
        elif name in _TOKENS and secret and value.rpartition(b" ")[2].strip() == secret:
            continue
        kept.append((name, value))
    return kept


def forwarded(given: Mapping[bytes, bytes], client: str, scheme: str) -> list[tuple[str, str]]:
    """``X-Forwarded-*``: what came from a proxy before us, and the client."""
    hops, proto, host = (given.get(name, b"").decode("latin-1") for name in FORWARDED)
    return [
        ("X-Forwarded-For", f"{hops}, {client}" if hops else client),
        ("X-Forwarded-Proto", proto or scheme),
        ("X-Forwarded-Host", host or given.get(b"host", b"").decode("latin-1")),
    ]


def as_text(headers: Headers) -> list[tuple[str, str]]:
    """The form the HTTP client takes. Raises Invalid: bytes that are no UTF-8, which it could not repeat."""
    try:
        return [(name.decode("ascii"), value.decode()) for name, value in headers]
    except UnicodeDecodeError as error:
        raise Invalid("headers", repr(error.object[:80]), "header fields in ASCII or UTF-8") from None


def missing(answer: Headers, ids: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The ids of a request that its answer does not carry by itself."""
    there = {name.lower() for name, _ in answer}
    told = [(name.lower().encode(), value.encode()) for name, value in ids.items()]
    return [pair for pair in told if pair[0] not in there]


def _without_cookie(value: bytes) -> bytes:
    pairs = [pair for pair in value.split(b";") if pair.partition(b"=")[0].strip() != _COOKIE]
    return b";".join(pairs).strip()
