"""A VIM in Tacker's words: as callers send it, as it becomes ours, as it is shown.

Source: Tacker's api-ref (v1, vims) and tackerclient/tacker/v1_0/nfvo/vim_utils.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from fed_common.inventory.endpoints import shown_credentials
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.models import Vim
from fed_common.inventory.serializers import StrictSerializer
from fed_common.inventory.services import vim_types
from fed_common.telemetry.redact import MASK

VERIFY = {True: "True", False: "False"}

Plain = dict[str, Any]


class AuthCred(StrictSerializer):
    """What is signed in with; an empty text is as good as none, because the stock client sends it so."""

    username = TextField(max_length=255, allow_blank=True, required=False)
    password = TextField(max_length=2000, allow_blank=True, trim_whitespace=False, required=False)
    user_domain_name = TextField(max_length=255, allow_blank=True, required=False)
    cert_verify = TextField(required=False)
    auth_url = serializers.CharField(read_only=True)
    project_name = serializers.CharField(read_only=True)
    project_domain_name = serializers.CharField(read_only=True)

    def validate_cert_verify(self, word: str) -> str:
        """See the framework."""
        if word not in VERIFY.values():
            raise serializers.ValidationError(", ".join(VERIFY.values()))
        return word


class VimProject(StrictSerializer):
    """Where the gateway signs in."""

    name = TextField(max_length=255)
    project_domain_name = TextField(max_length=255, allow_blank=True, required=False)


class Changed(StrictSerializer):
    """What a PUT may say of a VIM."""

    auth_cred = AuthCred(required=False)
    vim_project = VimProject(required=False)
    name = TextField(max_length=100, required=False)
    description = TextField(max_length=2000, allow_blank=True, required=False)
    is_default = TruthField(required=False)


class Registered(Changed):
    """What a POST says of a VIM."""

    type = TextField()
    auth_url = TextField()
    auth_cred = AuthCred()
    vim_project = VimProject()
    name = TextField(max_length=100)
    tenant_id = TextField(max_length=100, allow_blank=True, required=False)

    def get_fields(self) -> dict[str, Any]:
        """The type first: what else is wrong with a VIM of another type does not matter."""
        fields = super().get_fields()
        return {"type": fields.pop("type"), **fields}

    def validate_type(self, word: str) -> str:
        """See the framework."""
        if word not in vim_types():
            raise serializers.ValidationError(", ".join(vim_types()))
        return word


class Body(StrictSerializer):
    """The wrapping of both."""

    def __init__(self, inner: Changed, data: Any) -> None:
        super().__init__(data=data)
        self.fields["vim"] = inner


def registration(sent: Mapping[str, Any]) -> Plain:
    """The fields of ``services.register_vim``: the owner is a setting, the region the VIM's name."""
    return {
        "cloud_owner": settings.TACKER_OWNER,
        "cloud_region_id": sent["name"],
        "type": sent["type"],
        "auth_url": sent["auth_url"],
        "tenant_id": sent.get("tenant_id", ""),
        **changes(sent, []),
    }


def changes(sent: Mapping[str, Any], projects: list[str]) -> Plain:
    """The fields of ``services.change_vim`` for a VIM that has these projects: the first one is replaced."""
    ours = {name: sent[name] for name in ("name", "description", "is_default") if name in sent}
    cred, project = sent.get("auth_cred", {}), sent.get("vim_project", {})
    told = {
        "username": cred.get("username"),
        "password": cred.get("password"),
        "user_domain": cred.get("user_domain_name"),
        "project_domain": project.get("project_domain_name"),
    }
    if credentials := {name: text for name, text in told.items() if text}:
        ours["credentials"] = credentials
    if "cert_verify" in cred:
        ours["tls"] = {"verify": cred["cert_verify"] == VERIFY[True]}
    if project:
        ours["projects"] = [project["name"], *projects[1:]]
    return ours


def shown(vim: Vim) -> Plain:
    """The VIM as Tacker shows one."""
    cred = shown_credentials(vim) or {"username": "", "password": MASK, "user_domain": "", "project_domain": ""}
    project = next(iter(vim.projects), "")
    return {
        "id": str(vim.uuid),
        "name": vim.name,
        "description": vim.description,
        "tenant_id": vim.tenant_id,
        "type": vim.type,
        "auth_url": vim.auth_url,
        "auth_cred": {
            "username": cred["username"],
            "password": cred["password"],
            "user_domain_name": cred["user_domain"],
            "project_name": project,
            "project_domain_name": cred["project_domain"],
            "auth_url": vim.auth_url,
            "cert_verify": VERIFY[vim.tls_verify],
        },
        "vim_project": {"name": project, "project_domain_name": cred["project_domain"]},
        "placement_attr": {"regions": [vim.region_name] if vim.region_name else []},
        "is_default": vim.is_default,
        "status": vim.status,
        "created_at": moment(vim.created_at),
        "updated_at": moment(vim.updated_at),
    }


def moment(when: datetime) -> str:
    """Tacker's form of a time: UTC, without a zone."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
