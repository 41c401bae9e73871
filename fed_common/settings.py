"""Composition root: every setting comes from the environment, prefix ``MCFED_``."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet

from fed_common.core.errors import Invalid

BASE_DIR = Path(__file__).resolve().parent.parent


def setting(name: str, default: str = "") -> str:
    """One setting of ours as text."""
    return os.environ.get(f"MCFED_{name}", default)


def flag(name: str, default: bool = False) -> bool:
    """A yes/no setting; anything but the known words stops the start, naming the setting."""
    word = setting(name, str(int(default))).lower()
    if word not in ("0", "1", "yes", "no", "true", "false", "on", "off"):
        raise Invalid(f"MCFED_{name}", word, ("1", "0"))
    return word in ("1", "yes", "true", "on")


def choice(name: str, *allowed: str) -> str:
    """A setting with a closed set of words, the first being the default."""
    word = setting(name, allowed[0])
    if word not in allowed:
        raise Invalid(f"MCFED_{name}", word, allowed)
    return word


def number(name: str, default: float) -> float:
    """A setting that is a number."""
    try:
        return float(setting(name, str(default)))
    except ValueError:
        raise Invalid(f"MCFED_{name}", setting(name), "a number") from None


def private_file(path: Path, content: str) -> str:
    """The content of a file only we may read, written on first use; several processes may start at once."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(content)
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise Invalid("MCFED_DATA", str(path.parent), f"a folder we can write to ({error.strerror})") from error


def database(url: str) -> dict[str, object]:
    """Django's form of ``sqlite:///path`` or ``postgresql://user:password@host:port/name``."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        options = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:],
            "OPTIONS": options,
            "CONN_MAX_AGE": None,
            "TEST": {"NAME": f"{parts.path[1:]}.test"},
        }
    if parts.scheme not in ("postgresql", "postgres"):
        raise Invalid("MCFED_DATABASE_URL", parts.scheme, ("sqlite:///<path>", "postgresql://…"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3, "pool": {"min_size": 1, "max_size": 20, "timeout": 3}},
    }


DATA = Path(setting("DATA", "./var")).resolve()
DEMO = flag("DEMO") or "--demo" in sys.argv
BIND = setting("BIND", "127.0.0.1")
PORT = int(number("PORT", 9001))
AUTH = choice("AUTH", "token", "none")
LOG_LEVEL = choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")

SECRET_KEY = private_file(DATA / "secret_key", secrets.token_urlsafe(48))
SEALING_KEY = setting("SEALING_KEY") or private_file(DATA / "sealing_key", Fernet.generate_key().decode())
DEBUG = False
ALLOWED_HOSTS = ["*"] if BIND not in ("127.0.0.1", "::1", "localhost") else ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS += [host for host in setting("HOSTS").split(",") if host]
DATABASES = {"default": database(setting("DATABASE_URL", f"sqlite:///{DATA / 'mcfed.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "fed_common.urls"
ASGI_APPLICATION = "fed_common.asgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = int(number("MAX_BODY", 4 * 1024 * 1024))

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "rest_framework",
    "fed_common.access",
    "fed_common.topics",
    "fed_common.inventory",
    "fed_common.events",
    "fed_common.broker",
    "fed_common.web",
]
MIDDLEWARE = [
    "fed_common.broker.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "fed_common.web.static_files.StaticFiles",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
LOGGING_CONFIG = None

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["fed_common.access.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["fed_common.access.permissions.ByRole"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["fed_common.broker.json_body.JsonBody"],
    "EXCEPTION_HANDLER": "fed_common.broker.problems.problem",
    "UNAUTHENTICATED_USER": None,
}

CLOUD_PLUGINS = {
    "vmware": "multicloud_vio.plugin.VioPlugin",
    "openstack": "multicloud_generic.openstack.plugin.OpenStackPlugin",
    "vsphere": "multicloud_generic.vsphere.plugin.VspherePlugin",
}
PUBLISHERS = {
    "kafka": "fed_common.publishers.kafka.KafkaPublisher",
    "dmaap": "fed_common.publishers.dmaap.DmaapPublisher",
    "bus": "fed_common.publishers.bus.BusPublisher",
    "embedded": "fed_common.publishers.embedded.EmbeddedPublisher",
    "store": "fed_common.events.store.EventStore",
    "log": "fed_common.publishers.log.LogPublisher",
    "memory": "fed_common.publishers.memory.MemoryPublisher",
}
DEMO_VIM = "demo_RegionOne"
DEMO_FEED = "multicloud_vio.demo.DemoFeed"

DEFAULT_TOPIC = setting("TOPIC", "unauthenticated.MULTICLOUD_VM_EVENTS")
KAFKA = setting("KAFKA")
TOPIC_LOG = choice("TOPIC_LOG", "embedded", "kafka")
TOPIC_RETENTION_HOURS = number("TOPIC_RETENTION_HOURS", 168)
TOPIC_ANONYMOUS_READ = flag("TOPIC_ANONYMOUS_READ", default=DEMO)
NEW_GROUP_STARTS = choice("NEW_GROUP_STARTS", "latest", "earliest")
REDELIVER_SECONDS = number("REDELIVER_SECONDS", 60)
PUBLISH_TIMEOUT_SECONDS = number("PUBLISH_TIMEOUT_SECONDS", 10)
EMPTY_POLLS_PER_MINUTE = int(number("EMPTY_POLLS_PER_MINUTE", 10))
API_KEY_WINDOW_SECONDS = number("API_KEY_WINDOW_SECONDS", 600)
MESSAGE_MAX_BYTES = int(number("MESSAGE_MAX_BYTES", 1024 * 1024))
EVENT_RETENTION_HOURS = number("EVENT_RETENTION_HOURS", 168)
PUBLISH_TIMEOUT = number("PUBLISH_TIMEOUT", 30)
CLOUD_TIMEOUT = number("CLOUD_TIMEOUT", 10)
POLL_INTERVAL = number("POLL_INTERVAL", 30)
METRICS_PORT = int(number("METRICS_PORT", 9102))
