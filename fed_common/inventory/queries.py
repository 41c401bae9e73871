"""What callers may ask of the lists of the inventory, read from the URL's query: conditions, order, page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from fed_common.core.errors import Invalid
from fed_common.core.instances import HostState
from fed_common.core.model import VimId
from fed_common.inventory.models import Vim

LIMIT_MAX = 1000
PAGE_MAX = 10**9

M = TypeVar("M", bound=Model)
Reader = Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some of the rows, the number of the page behind them (``None``: none), and how many rows there are."""

    rows: QuerySet[M]
    next: int | None
    total: int

    def shown(self, name: str, items: Any) -> dict[str, Any]:
        """The answer, with its rows as ``items`` under that name."""
        return {name: items, "next": self.next, "total": self.total}


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind of rows may be asked for.

    ``columns``  the database's name for each condition and order of the API.
    ``orders``   what may be ordered by.
    ``readers``  reads the value of a condition and raises Invalid; without one, any text is good.
    """

    columns: Mapping[str, str]
    orders: tuple[str, ...]
    conditions: tuple[str, ...]
    readers: Mapping[str, Reader] = field(default_factory=dict)

    def page(self, query: QueryDict, rows: QuerySet[M]) -> Page[M]:
        """The rows asked for; a condition that is repeated lets each of its values pass. Raises Invalid."""
        self._refuse_unknown(query)
        found = rows.filter(**{f"{column}__in": values for column, values in self._asked(query)})
        limit = _number(query, "limit", LIMIT_MAX) or LIMIT_MAX
        number = _number(query, "page", PAGE_MAX) or 1
        total = found.count()
        pages = max(1, -(-total // limit))
        if number > pages:
            raise Invalid("page", number, f"a whole number from 1 to {pages}: there are no more pages")
        page = found.order_by(*self._order(query), "pk")[(number - 1) * limit : number * limit]
        return Page(page, number + 1 if number < pages else None, total)

    def _asked(self, query: QueryDict) -> Iterable[tuple[str, list[object]]]:
        for name in self.conditions:
            read = self.readers.get(name, _text)
            if values := [read(name, text) for text in query.getlist(name) if text]:
                yield self.columns.get(name, name), values

    def _order(self, query: QueryDict) -> list[str]:
        """The columns of ``order=name,-created_at``; without it, as the rows are ordered by nature."""
        words = [word for word in query.get("order", "").split(",") if word] or [self.orders[0]]
        for word in words:
            if word.removeprefix("-") not in self.orders:
                raise Invalid(
                    "order", word, f"{', '.join(self.orders)}, with commas; '-' before one turns it round"
                )
        return [self._column(word) for word in words]

    def _column(self, word: str) -> str:
        sign, name = ("-", word[1:]) if word.startswith("-") else ("", word)
        return sign + self.columns.get(name, name)

    def _refuse_unknown(self, query: QueryDict) -> None:
        known = (*self.conditions, "order", "limit", "page")
        for name in query:
            if name not in known:
                raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(known)}")


def one_of(words: Iterable[str]) -> Reader:
    """Reads one word of these."""
    allowed = list(words)

    def read(name: str, text: str) -> str:
        if text not in allowed:
            raise Invalid(name, text, allowed)
        return text

    return read


def truth(name: str, text: str) -> bool:
    """Reads ``true`` or ``false``."""
    return one_of(("true", "false"))(name, text) == "true"


def vim_id_word(_name: str, text: str) -> str:
    """Reads the id of a VIM."""
    return str(VimId.parse(text))


def _text(_name: str, text: str) -> str:
    return text


def _number(query: QueryDict, name: str, most: int) -> int | None:
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most):
        raise Invalid(name, text, f"a whole number from 1 to {most}")
    return int(text)


VIMS = Listing(
    columns={"vim_id": "full_id", "cloud_region_id": "region"},
    conditions=("vim_id", "cloud_owner", "cloud_region_id", "name", "type", "status", "source", "enabled"),
    orders=(
        *("vim_id", "cloud_owner", "cloud_region_id", "name", "type", "status", "enabled"),
        *("status_at", "created_at", "updated_at"),
    ),
    readers={
        "vim_id": vim_id_word,
        "status": one_of(Vim.Status.values),
        "source": one_of(Vim.Source.values),
        "enabled": truth,
    },
)
INSTANCES = Listing(
    columns={"vim_id": "vim__full_id", "id": "instance_id", "state_changed_at": "changed_at"},
    conditions=("vim_id", "id", "name", "state", "host", "tenant_id"),
    orders=("vim_id", "id", "name", "state", "host", "tenant_id", "state_changed_at", "seen_at"),
    readers={"vim_id": vim_id_word},
)
_SAMPLE = {"vim_id": "vim__full_id", "sequence": "pk"}
SAMPLES = Listing(
    columns={**_SAMPLE, "since": "at"},
    conditions=("vim_id", "instance_id", "tenant_id", "state"),
    orders=("vim_id", "instance_id", "state", "since"),
    readers={"vim_id": vim_id_word},
)
CHANGES = Listing(
    columns=_SAMPLE,
    conditions=("vim_id", "instance_id", "tenant_id", "state", "old_state"),
    orders=("sequence", "at"),
    readers={"vim_id": vim_id_word},
)
HOSTS = Listing(
    columns={"state_changed_at": "changed_at"},
    conditions=("name", "state", "availability_zone"),
    orders=("name", "state", "availability_zone", "state_changed_at"),
    readers={"state": one_of(HostState)},
)
