"""oslo.messaging runs on threads that can be joined."""

from __future__ import annotations

import subprocess
import sys

FIRST_USE_IN_A_THREAD = """
import sys, threading
def use():
    import fed_common.bus.listen
thread = threading.Thread(target=use, daemon=True)
thread.start()
thread.join(60)
assert not thread.is_alive(), "the thread that imported the bus first cannot be joined"
assert sys.modules["eventlet"] is None
print("joined")
"""


def test_a_thread_that_uses_the_bus_first_can_be_joined_and_eventlet_stays_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE_IN_A_THREAD], capture_output=True, text=True, timeout=90
    )
    assert done.stdout.strip() == "joined", done.stderr
