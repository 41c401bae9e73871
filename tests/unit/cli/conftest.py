"""The command line, run in this process against a gateway of the test's own."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fed_common.cli.main import Mcfed
from tests.doubles.gateway_api import GatewayApi


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def api() -> Iterator[GatewayApi]:
    with GatewayApi() as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("MCFED_URL", "MCFED_TOKEN", "MCFED_VIM_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MCFED_DATA", str(tmp_path))
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = before[0]
    logging.root.setLevel(before[1])


@pytest.fixture
def token() -> str:
    return "token-of-the-test"


@pytest.fixture
def mcfed(api: GatewayApi, token: str) -> Callable[..., Ran]:
    def run(*argv: str, url: str = api.url, token: str = token, stdin: str = "") -> Ran:
        out, err = io.StringIO(), io.StringIO()
        app = Mcfed(stdin=io.StringIO(stdin), stdout=out, stderr=err)
        options = ["--url", url, *(["--token", token] if token else [])]
        return Ran(app.run([*options, *argv]), out.getvalue(), err.getvalue())

    return run
