"""From a vim_id to the VIM: memory first, the database and A&AI in a thread."""

from __future__ import annotations

from django.conf import settings

from fed_common.broker.threads import begun, shared
from fed_common.core.model import Vim, VimId
from fed_common.inventory.directory import directory

FAKE = Vim(VimId("vmware", "fake"), "vmware", "4.0")


def cached_vim(vim_id: VimId) -> Vim | None:
    """The VIM out of memory; ``None``: ``resolve`` it. With MCFED_FAKE_VIM, ``vmware_fake`` is always there."""
    if settings.FAKE_VIM and vim_id == FAKE.id:
        return FAKE
    return directory().cached(vim_id)


async def resolve(vim_id: VimId) -> Vim:
    """The VIM. Raises as ``Directory.find``.

    What memory holds is refreshed aside, before it is too old, so that a steady stream of calls never waits.
    """
    found = cached_vim(vim_id)
    if found is None:
        return await shared(("find", vim_id), directory().find, vim_id)
    if directory().ageing:
        begun("refresh", directory().refresh)
    return found
