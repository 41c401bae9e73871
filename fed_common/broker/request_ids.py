"""The ids of a request: ours, and those that ONAP's components hand on. Missing ones are made."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

OURS = "X-Request-ID"
ONAP = ("X-ONAP-RequestID", "X-TransactionId")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def read_ids(header: Callable[[str], str]) -> dict[str, str]:
    """All three by name, ours first; ``header`` gives a request's value of a name, "" when it has none.

    Ours is what the caller named it by, else what ONAP does, else a new one. A value that no id looks
    like is replaced.
    """
    given = {name: value for name in (OURS, *ONAP) if _ID.fullmatch(value := header(name))}
    own = next(iter(given.values()), "") or uuid.uuid4().hex
    return {name: given.get(name, own) for name in (OURS, *ONAP)}
