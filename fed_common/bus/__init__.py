"""The only room that imports oslo.messaging.

Importing it chooses oslo.service's threading backend and keeps eventlet out: its mere import, which
futurist tries, gives the importing thread a new sentinel, and whoever joins that thread waits for ever.
"""

import sys

sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]

from oslo_service.backend import BackendType, init_backend  # noqa: E402

init_backend(BackendType.THREADING)
