"""From a vim_id to the VIM: memory first, the database and A&AI in a thread."""

from __future__ import annotations

from django.conf import settings

from fed_common.broker.threads import in_thread
from fed_common.core.model import Vim, VimId
from fed_common.inventory.directory import directory

FAKE = Vim(VimId("vmware", "fake"), "vmware", "4.0")


def cached_vim(vim_id: VimId) -> Vim | None:
    """The VIM out of memory; ``None``: ``resolve`` it. With MCFED_FAKE_VIM, ``vmware_fake`` is always there."""
    if settings.FAKE_VIM and vim_id == FAKE.id:
        return FAKE
    return directory().cached(vim_id)


async def resolve(vim_id: VimId) -> Vim:
    """The VIM. Raises as ``Directory.find``."""
    found = cached_vim(vim_id)
    return found if found else await in_thread(directory().find, vim_id)
