"""What is known of one VIM, in memory and in the database; told first, kept afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.core.differences import DELETED, Change, HostChange, Knowledge, Known, KnownHost, first_look
from fed_common.core.errors import Retryable
from fed_common.core.instances import Sweep
from fed_common.events.models import PollState
from fed_common.events.polling.polled_vim import PolledVim
from fed_common.inventory import known
from fed_common.inventory.models import Vim
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

TIMEOUT = 20.0
PATIENCE = 5

log = get_logger(__name__)


class Ledger:
    """The knowledge of one VIM. Not thread-safe."""

    def __init__(self, polled: PolledVim) -> None:
        self._key, self._vim_id = polled.key, polled.id
        self._cloud = f"{polled.vim.auth_url} {polled.vim.region_name}".strip()
        self._knowledge: Knowledge | None = None
        self._baseline_of: str | None = None
        self._first_looks = 0
        self._unwritten: dict[str, Known] = {}
        self._unwritten_hosts: dict[str, KnownHost | None] = {}

    def begun(self, sweep: Sweep) -> bool:
        """Whether this cloud, or this part of it, was looked at as a whole: only then a difference is news."""
        return self._baseline_of == self._of(sweep)

    def forget(self) -> None:
        """Read it anew when it is next needed: somebody else may write it."""
        self._knowledge = None

    def knowledge(self) -> Knowledge:
        """What is known now. Raises Retryable."""
        if self._knowledge is None:
            self._write()
            with reachable():
                state = PollState.objects.filter(vim=self._key).first()
            self._knowledge = known.read_knowledge(self._key)
            self._baseline_of = state.baseline_of if state and state.baseline_at else None
        return self._knowledge

    def begin(self, sweep: Sweep) -> None:
        """Keep what a first look shows. Raises Retryable.

        Unless it was complete, the next is a first one too, but a few times only: what a cloud has lost
        sight of for good must not keep all else from being told.
        """
        self._first_looks += 1
        if self._baseline_of is not None:
            self._begin_anew()
        first = first_look(sweep)
        known.write_knowledge(self._key, first.instances, first.hosts)
        knowledge = self.knowledge()
        knowledge.instances.update(first.instances)
        knowledge.hosts.update(first.hosts)
        if sweep.complete or self._first_looks >= PATIENCE:
            self._mark(sweep)
            log.info("first look taken", vim=self._vim_id, instances=len(first.instances))
        self._tidy(knowledge)

    def begin_hosts(self, sweep: Sweep) -> None:
        """Keep the hosts of the first look that shows any."""
        knowledge = self.knowledge()
        if not knowledge.hosts:
            knowledge.hosts.update(first_look(sweep).hosts)
            self._unwritten_hosts.update(knowledge.hosts)

    def keep(self, changes: Sequence[Change], hosts: Sequence[HostChange]) -> None:
        """Know what was told; while the database is down it is written later."""
        knowledge = self.knowledge()
        now, hosts_now = {one.id: one.now for one in changes}, {one.name: one.now for one in hosts}
        self._unwritten |= now
        self._unwritten_hosts |= hosts_now
        knowledge.instances.update(now)
        knowledge.hosts.update({name: one for name, one in hosts_now.items() if one})
        for name in [name for name, one in hosts_now.items() if one is None]:
            knowledge.hosts.pop(name, None)
        self._tidy(knowledge)
        try:
            self._write()
        except Retryable as error:
            log.warning("what was told is kept later", vim=self._vim_id, reason=error.reason)

    def _write(self) -> None:
        if self._unwritten or self._unwritten_hosts:
            known.write_knowledge(self._key, self._unwritten, self._unwritten_hosts)
            self._unwritten, self._unwritten_hosts = {}, {}

    def _of(self, sweep: Sweep) -> str:
        return f"{self._cloud} {sweep.scope}".strip()

    def _begin_anew(self) -> None:
        """What was known is of another cloud or another part of it: nothing of it has vanished."""
        log.warning("another cloud, or another part of it, is looked at", vim=self._vim_id)
        known.forget(self._key)
        self._knowledge, self._baseline_of = Knowledge(), None

    def _mark(self, sweep: Sweep) -> None:
        baseline = {"baseline_at": sweep.taken_at, "baseline_of": self._of(sweep)}
        with writing(TIMEOUT):
            if Vim.objects.filter(pk=self._key).exists():
                PollState.objects.update_or_create(vim_id=self._key, defaults=baseline)
        self._baseline_of = self._of(sweep)

    def _tidy(self, knowledge: Knowledge) -> None:
        """Deleted instances are remembered for a while; their rows go by themselves (``known.forget_deleted``)."""
        limit = known.deleted_limit()
        gone = {id: one.since for id, one in knowledge.instances.items() if one.instance.state == DELETED}
        for id in [id for id, since in gone.items() if since < limit]:
            del knowledge.instances[id]
        metrics.INSTANCES.labels(self._vim_id).set(
            len(knowledge.instances) - sum(since >= limit for since in gone.values())
        )
