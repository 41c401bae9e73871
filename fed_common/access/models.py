"""Who may call: API tokens with a role, and the Message Router's api keys."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a token may do: each role includes the ones before it."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"


class AccessToken(models.Model):
    """A bearer token; only its SHA-256 is kept."""

    name = models.CharField(max_length=100, unique=True)
    role = models.CharField(max_length=10, choices=Role)
    digest = models.CharField(max_length=64, unique=True)
    vims = models.JSONField(default=list, help_text="Globs of the vim_ids it may see; empty: all.")
    project = models.CharField(max_length=100, blank=True, help_text="The OpenStack project, if any.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)


class ApiKey(models.Model):
    """A Message Router api key: 16 characters, its 24 character secret sealed."""

    key = models.CharField(max_length=16, unique=True)
    sealed_secret = models.TextField()
    email = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
