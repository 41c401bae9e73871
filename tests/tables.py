"""Our tables in a database of a test: copied from one that was migrated once for all of this process."""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from contextlib import closing
from functools import cache
from pathlib import Path

import psycopg

ROOT = Path(__file__).parent.parent
TOKEN = (
    "insert into access_accesstoken (name, role, digest, vims, project, created_at)"
    " values ('test', 'admin', '{digest}', '[]', '', current_timestamp)"
)


def lay_tables(database_url: str) -> None:
    """Give this empty database what ``manage.py migrate`` would; one that has it is left as it is."""
    if database_url.startswith("sqlite"):
        _copy_file(Path(_path(database_url)))
    else:
        _copy_database(database_url)


def lay_token(database_url: str) -> str:
    """A new admin's token named ``test``, kept as ``manage.py createtoken`` does."""
    token = secrets.token_urlsafe(32)
    statement = TOKEN.format(digest=hashlib.sha256(token.encode()).hexdigest())
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(_path(database_url))) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(database_url) as database:
            database.execute(statement)  # type: ignore[call-overload]
    return token


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _copy_file(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(_migrated_file(), path)


def _copy_database(url: str) -> None:
    with psycopg.connect(url) as database:
        if database.execute("select to_regclass('django_migrations')").fetchone() != (None,):
            return
    server, _, name = url.rpartition("/")
    template = _migrated_database(server)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as postgres:
        postgres.execute(f"drop database {name} with (force)")
        postgres.execute(f"create database {name} template {template}")


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mcfed-tables-"))
    atexit.register(shutil.rmtree, folder)
    path = folder / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@cache
def _migrated_database(server: str) -> str:
    name = f"mcfed_tables_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as postgres:
        postgres.execute(f"create database {name}")
    atexit.register(_drop, server, name)
    _migrate(f"{server}/{name}")
    return name


def _drop(server: str, name: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as postgres:
        postgres.execute(f"drop database {name} with (force)")


def _migrate(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        own = {"MCFED_DATA": folder, "MCFED_DATABASE_URL": url}
        env = {**{k: v for k, v in os.environ.items() if not k.startswith("MCFED_")}, **own}
        command = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=300)
