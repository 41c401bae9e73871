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
from fed_common.core.model import VimId

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


def pairs(name: str, default: str, *allowed: str) -> dict[str, str]:
    """A setting of ``name=word`` with commas, the words from a closed set."""
    given = dict(pair.partition("=")[::2] for pair in setting(name, default).split(",") if pair)
    for name_given, word in given.items():
        if not name_given or word not in allowed:
            raise Invalid(f"MCFED_{name}", f"{name_given}={word}", f"name={'|'.join(allowed)}, with commas")
    return given


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
        "ENGINE": "fed_common.topics.postgresql",
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
AUTH = choice("AUTH", "token", "none", "keystone")
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
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "fed_common.access",
    "fed_common.topics",
    "fed_common.inventory",
    "fed_common.events",
    "fed_common.notify",
    "fed_common.faults",
    "fed_common.alarms",
    "fed_common.monitor",
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
    "DEFAULT_SCHEMA_CLASS": "fed_common.broker.openapi.ApiSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Multicloud Event-Federation Gateway",
    "DESCRIPTION": "What happens to the VMs and hosts of many clouds, told once, in one form.",
    "VERSION": "1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "PREPROCESSING_HOOKS": ["fed_common.broker.openapi.views_of_nouns"],
    "POSTPROCESSING_HOOKS": ["fed_common.broker.openapi.finish"],
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
VIM_FOLLOWERS = ["fed_common.monitor.vims.VimMonitoring"]
HOUSE_PUBLISHERS = {
    "monitor": "fed_common.monitor.river.MonitorPublisher",
    "alarms": "fed_common.alarms.ear.AlarmPublisher",
}
NOTIFIERS = {
    "http": "fed_common.notify.http.HttpNotifier",
    "log": "fed_common.notify.log.LogNotifier",
    "snmp": "fed_common.notify.snmp.notifier.SnmpNotifier",
    "kafka": "fed_common.notify.kafka.KafkaNotifier",
    "ves": "fed_common.notify.ves.VesNotifier",
    "tacker": "fed_common.notify.tacker.TackerNotifier",
    "sol003": "fed_common.notify.sol003.Sol003Notifier",
}
DETECTORS = {
    "ping": "fed_common.monitor.hosts.PingDetector",
    "tcp": "fed_common.monitor.hosts.TcpDetector",
    "snmp_trap": "fed_common.faults.detectors.snmp_trap.SnmpTrapDetector",
}
POLICY_ACTIONS = {
    "log": "fed_common.monitor.actions.log.Log",
    "log_and_kill": "fed_common.monitor.actions.log.LogAndKill",
    "notify": "fed_common.monitor.actions.notify.Notify",
    "respawn": "fed_common.monitor.actions.respawn.Respawn",
    "vdu_autoheal": "fed_common.monitor.actions.heal.Heal",
    "scaling": "fed_common.monitor.actions.scaling.ScaleOut",
    "webhook": "fed_common.monitor.actions.webhook.Webhook",
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
POLL_FULL_EVERY = int(number("POLL_FULL_EVERY", 10))
POLL_THREADS = int(number("POLL_THREADS", 32))
RECONCILE_INTERVAL = number("RECONCILE_INTERVAL", 300)
RECONCILE_SETTLE = number("RECONCILE_SETTLE", 30)
FALLBACK_AFTER = number("FALLBACK_AFTER", 10)
DELETED_RETENTION_HOURS = number("DELETED_RETENTION_HOURS", 24)

TRANSPORT_URL = setting("TRANSPORT_URL", "fake://")
VIM_PROBE = choice("VIM_PROBE", "api", "ping", "both")
VIM_API_INTERVAL, VIM_API_TIMEOUT = number("VIM_API_INTERVAL", 10), number("VIM_API_TIMEOUT", 5)
VIM_PING_INTERVAL, VIM_PING_TIMEOUT = number("VIM_PING_INTERVAL", 1), number("VIM_PING_TIMEOUT", 1)
VIM_API_THREADS = int(number("VIM_API_THREADS", 32))
BOOT_WAIT = number("BOOT_WAIT", 30)
BOOT_TIMEOUT, OPERATION_THREADS = number("BOOT_TIMEOUT", 600), int(number("OPERATION_THREADS", 16))
FALL, RISE = int(number("FALL", 1)), int(number("RISE", 1))
SECOND_OPINION = flag("SECOND_OPINION", default=True)
BRAKE_PERCENT, BRAKE_COUNT = number("BRAKE_PERCENT", 20), int(number("BRAKE_COUNT", 10))
BRAKE_WINDOW = number("BRAKE_WINDOW", 10)

ALARM_TOPIC, ALARM_EXCHANGE = setting("ALARM_TOPIC", "alarm.all"), setting("ALARM_EXCHANGE", "aodh")
ALARM_QUERY_TERMS = int(number("ALARM_QUERY_TERMS", 100))
ALARM_ACTIONS = int(number("ALARM_ACTIONS", 20))
ALARM_RETENTION_HOURS = number("ALARM_RETENTION_HOURS", 168)
NOTIFY_TIMEOUT, NOTIFY_TRIES = number("NOTIFY_TIMEOUT", 5), int(number("NOTIFY_TRIES", 8))
NOTIFY_SECRET = setting("NOTIFY_SECRET")
FORBIDDEN_NETWORKS = [
    net
    for net in setting(
        "FORBIDDEN_NETWORKS",
        "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/4,240.0.0.0/4,::/128,::1/128,fe80::/10,ff00::/8",
    ).split(",")
    if net
]
ALLOWED_NETWORKS = [net for net in setting("ALLOWED_NETWORKS").split(",") if net]
ENTERPRISE_OID = setting("ENTERPRISE_OID", "1.3.6.1.4.1.99999")
SNMP_ENGINE_ID, SNMP_SYSTEM = setting("SNMP_ENGINE_ID"), setting("SNMP_SYSTEM", "mcfed")
SNMP_TRAP_LISTEN, SNMP_TRAP_CONFIG = setting("SNMP_TRAP_LISTEN"), setting("SNMP_TRAP_CONFIG")
SNMP_TRAP_COMMUNITY = setting("SNMP_TRAP_COMMUNITY")
FAULT_THREADS = int(number("FAULT_THREADS", 16))
FAULT_CALL_TIMEOUT, FAULT_TRIES = number("FAULT_CALL_TIMEOUT", 10), int(number("FAULT_TRIES", 5))

TACKER_OWNER = setting("TACKER_OWNER", "tacker")
if not VimId(TACKER_OWNER, "x").sound:
    raise Invalid("MCFED_TACKER_OWNER", TACKER_OWNER, "letters, digits, '.', '-', '_'")

AAI_URL = setting("AAI_URL").rstrip("/")
if AAI_URL and not (AAI_URL.startswith(("http://", "https://")) and "@" not in AAI_URL):
    raise Invalid("MCFED_AAI_URL", "***", "https://host:port/aai/v13; the user goes to MCFED_AAI_USERNAME")
AAI_USERNAME, AAI_PASSWORD = setting("AAI_USERNAME"), setting("AAI_PASSWORD")
AAI_CA = setting("AAI_CA")
if AAI_CA and not Path(AAI_CA).is_file():
    raise Invalid("MCFED_AAI_CA", AAI_CA, "a PEM file that is there")
AAI_TIMEOUT, AAI_TTL = number("AAI_TIMEOUT", 5), number("AAI_TTL", 300)
if not 0 < AAI_TIMEOUT <= 600:
    raise Invalid("MCFED_AAI_TIMEOUT", AAI_TIMEOUT, "more than 0, at most 600 seconds")
if not 0 < AAI_TTL <= 86400:
    raise Invalid("MCFED_AAI_TTL", AAI_TTL, "more than 0, at most 86400 seconds")

PROVIDERS = setting("PROVIDERS")
PLUGIN_URLS = setting("PLUGIN_URLS")
MSB = setting("MSB")
FAKE_VIM = flag("FAKE_VIM")
CONNECT_TIMEOUT = number("CONNECT_TIMEOUT", 3)
IDLE_TIMEOUT = number("IDLE_TIMEOUT", 60)
CAPACITY_DEADLINE = number("CAPACITY_DEADLINE", 20)
VIM_REQUESTS = int(number("VIM_REQUESTS", 100))
BREAKER_FAILURES = int(number("BREAKER_FAILURES", 5))
BREAKER_SECONDS = number("BREAKER_SECONDS", 10)
METRICS_PORT = int(number("METRICS_PORT", 9102))

KEYSTONE_URL = setting("KEYSTONE_URL").rstrip("/").removesuffix("/v3")
if AUTH == "keystone" and not KEYSTONE_URL.startswith(("http://", "https://")):
    raise Invalid("MCFED_KEYSTONE_URL", KEYSTONE_URL, "the URL of Keystone, because MCFED_AUTH is keystone")
KEYSTONE_CA = setting("KEYSTONE_CA")
KEYSTONE_ROLES = pairs(
    "KEYSTONE_ROLES", "admin=admin,member=operator,reader=reader", "reader", "operator", "admin"
)
RATE_PER_SECOND = number("RATE_PER_SECOND", 500)
RATE_BURST = number("RATE_BURST", 2 * RATE_PER_SECOND)
FAILURES_PER_MINUTE = number("FAILURES_PER_MINUTE", 60)
