"""Python's garbage collector in processes that are to answer at once: while it looks, all threads halt."""

from __future__ import annotations

import gc

FULL_COLLECTION_AFTER = 50


def leave_loaded_alone() -> None:
    """Look at nothing again that is loaded by now, and at the rest more rarely. Safe to call twice.

    A full collection of a worker takes 70 ms and more, and a thousand events bring on several.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_AFTER)
