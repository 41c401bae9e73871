"""What host faults say of the instances under them, asked only where it matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fed_common.alarms.evaluator.rule_book import Match
from fed_common.core.kinds import Origin
from fed_common.core.model import Event
from fed_common.core.rules import Rule
from fed_common.faults.queries import open_faults, told_in_error


class HostFaults:
    """The open faults that concern these matches. Asks the database; raises Retryable."""

    def __init__(self, cut: Sequence[Match]) -> None:
        hosts: defaultdict[str, set[str]] = defaultdict(set)
        instances: defaultdict[str, set[str]] = defaultdict(set)
        for match in cut:
            if _is_under(match.entry.rule, match.event):
                hosts[match.event.vim_id].add(match.event.host)
            if _is_news_of_error(match.event):
                instances[match.event.vim_id].add(match.event.instance_id)
        self._open = {vim_id: open_faults(vim_id, names) for vim_id, names in hosts.items()}
        self._told = {vim_id: told_in_error(vim_id, ids) for vim_id, ids in instances.items()}

    def told(self, event: Event) -> bool:
        """Whether a host fault told that this instance is in error, before the cloud did."""
        return _is_news_of_error(event) and event.instance_id in self._told.get(event.vim_id, {})

    def over(self, rule: Rule, event: Event) -> str:
        """The open fault of the host whose alarm stands for this one; empty: there is none."""
        if not _is_under(rule, event):
            return ""
        found = self._open.get(event.vim_id, {}).get(event.host)
        return str(found) if found else ""


def _is_under(rule: Rule, event: Event) -> bool:
    return rule.extras.under_host and bool(event.instance_id and event.host)


def _is_news_of_error(event: Event) -> bool:
    """Whether the cloud says that an instance is in error."""
    return event.origin is not Origin.HOUSE and event.state == "error" and bool(event.instance_id)
