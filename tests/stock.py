"""The stock ``openstack`` command, unchanged, set up as an operator would."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import Deployment

PASSWORD = "pl4nted-S3cret"
CONFIG = {
    "auth_url": "http://keystone:5000/v3",
    "username": "nfv_user",
    "password": PASSWORD,
    "project_name": "nfv",
    "project_domain_name": "Default",
    "user_domain_name": "Default",
    "cert_verify": "True",
}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Stock:
    """The client, set up as an operator would."""

    folder: Path
    bin: Path
    env: dict[str, str]

    def run(self, *words: str, **env: str) -> Ran:
        """One command."""
        command = [str(self.bin / "openstack"), *words]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        done = subprocess.run(
            command, env={**plain, **self.env, **env}, capture_output=True, text=True, timeout=120
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def config(self, **changes: str | None) -> str:
        """A file as the client's manual shows it; ``None`` leaves a line out."""
        lines = {name: value for name, value in {**CONFIG, **changes}.items() if value is not None}
        file = self.folder / "vim.yaml"
        file.write_text("".join(f"{name}: '{value}'\n" for name, value in lines.items()))
        return str(file)

    def register(self, name: str, *words: str, **changes: str | None) -> Ran:
        """``vim register`` with such a file."""
        return self.run("vim", "register", "--config-file", self.config(**changes), name, *words)

    @classmethod
    def of(cls, gateway: Deployment, bin: Path, folder: Path) -> Stock:
        """With the gateway's admin token, and nothing else."""
        token = str(gateway.session.headers["X-Auth-Token"])
        env = {"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": token, "OS_ENDPOINT": f"{gateway.url}/openstack"}
        return cls(folder, bin, env)
