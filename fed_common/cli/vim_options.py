"""The options that describe a VIM, and how one is shown on one level."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from fed_common.cli.client import Refusal
from fed_common.cli.values import on_or_off
from fed_common.core.model import VimId

PASSWORD = "MCFED_VIM_PASSWORD"  # noqa: S105 - where it is read from
SHOWN_AS = {"url": "transport_url", "verify": "tls_verify", "ca": "tls_ca"}
ON_STDIN = "-"


def add_vim_options(parser: argparse.ArgumentParser) -> None:
    """Everything a VIM is described by but its id."""
    parser.add_argument("--type", help="one of the vim_types of 'mcfed words'")
    parser.add_argument("--name", help="a name for people, default the VIM_ID")
    parser.add_argument("--description")
    parser.add_argument("--cloud-version", help="of the cloud's software")
    parser.add_argument("--poll-interval", type=float, metavar="SECONDS", help="1 or more")
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--enable", action="store_true", default=None, dest="enabled", help="hear of it")
    switch.add_argument("--disable", action="store_false", dest="enabled", help="keep it, do not hear of it")
    parser.add_argument(
        "--maintenance", type=on_or_off, metavar="on|off", help="on: watch it, respawn and heal none of its VNFs"
    )
    _add_api_options(parser.add_argument_group("API", "where and how the gateway signs in"))
    _add_transport_options(parser.add_argument_group("notifications", "where the cloud tells what happens"))


def vim_fields(args: argparse.Namespace, stdin: TextIO) -> dict[str, Any]:
    """The fields of the REST API that were given. Raises Refusal."""
    transport = given(
        url=_secret(args.transport_url, stdin), exchange=args.exchange, topics=args.topic, pool=args.pool
    )
    credentials = given(
        username=args.username,
        password=_password(args, stdin),
        user_domain=args.user_domain,
        project_domain=args.project_domain,
    )
    tls = given(verify=args.verify, ca=_read(args.ca_file))
    return given(
        type=args.type,
        name=args.name,
        description=args.description,
        version=args.cloud_version,
        auth_url=args.auth_url,
        credentials=credentials or None,
        projects=args.project,
        region_name=args.region_name,
        tls=tls or None,
        poll_interval=args.poll_interval,
        transport=transport or None,
        enabled=args.enabled,
        maintenance=args.maintenance,
    )


def pair_of(vim_id: str, owner: str | None) -> dict[str, str]:
    """The pair in a VIM's id; an owner that holds ``_`` has to be said. Raises Invalid, Refusal."""
    if owner is None:
        parsed = VimId.parse(vim_id)
        return {"cloud_owner": parsed.owner, "cloud_region_id": parsed.region}
    if not vim_id.startswith(f"{owner}_"):
        raise Refusal(f"--cloud-owner: {vim_id} does not begin with {owner}_")
    return {"cloud_owner": owner, "cloud_region_id": vim_id.removeprefix(f"{owner}_")}


def flat(vim: Mapping[str, Any]) -> dict[str, Any]:
    """A VIM with the fields of its transport, credentials and TLS beside the others."""
    inner = {name: vim.get(name) or {} for name in ("transport", "credentials", "tls")}
    shown = {name: value for name, value in vim.items() if name not in inner}
    for fields in inner.values():
        shown |= {SHOWN_AS.get(name, name): value for name, value in fields.items() if name != "password"}
    return shown


def given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def _add_api_options(group: Any) -> None:
    group.add_argument("--auth-url", metavar="URL", help="of Keystone, with or without /v3, or of a vSphere's SDK")
    group.add_argument("--username")
    group.add_argument(
        "--password",
        help=f"'-': on stdin; default {PASSWORD}, when --username or --auth-url is given",
    )
    group.add_argument("--user-domain", metavar="NAME", help="default Default")
    group.add_argument("--project-domain", metavar="NAME", help="default Default")
    group.add_argument("--project", action="append", metavar="NAME", help="repeatable; the first is signed in to")
    group.add_argument("--region-name", metavar="NAME", help="the region inside one Keystone")
    group.add_argument("--ca-file", metavar="FILE", help="certificates that are trusted, PEM; '': the system's")
    trust = group.add_mutually_exclusive_group()
    trust.add_argument(
        "--insecure", action="store_false", dest="verify", default=None, help="trust any certificate"
    )
    trust.add_argument("--secure", action="store_true", dest="verify", help="verify the certificate again")


def _add_transport_options(group: Any) -> None:
    group.add_argument("--transport-url", metavar="URL", help="rabbit://user:password@host:5672/; '-': on stdin")
    group.add_argument("--exchange", help="default nova")
    group.add_argument(
        "--topic", action="append", help="repeatable; default notifications and versioned_notifications"
    )
    group.add_argument("--pool", help="listeners of one pool share the notifications")


def _password(args: argparse.Namespace, stdin: TextIO) -> str | None:
    if args.password is None and (args.username is not None or args.auth_url is not None):
        return os.environ.get(PASSWORD)
    return _secret(args.password, stdin)


def _secret(text: str | None, stdin: TextIO) -> str | None:
    return stdin.readline().rstrip("\r\n") if text == ON_STDIN else text


def _read(file: str | None) -> str | None:
    if not file:
        return file
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"--ca-file: cannot read {file}: {error}") from error
