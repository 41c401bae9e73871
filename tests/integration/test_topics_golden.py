"""The recorded requests to the real Message Router, made again to ours, and the answers compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.processes import ROOT
from tests.router_process import running_router

GOLDEN = ROOT / "tests" / "data" / "dmaap-golden"
CHANGING = {"serverTimeMs", "secret", "key"}

DIFFERENT_STATUS = {
    "create no content type json": (500, 200),  # we read JSON whatever the type says
    "get T1 after delete": (200, 404),  # ours really deletes
    "pub json array spaces": (400, 200),  # blanks around JSON are JSON
    "pub json object leading ws": (400, 200),
    "pub json obj trailing newline": (400, 200),
    "pub chunked json": (400, 200),
    "pub chunked text": (400, 200),
    "pub 1.2MB text": (200, 413),  # the real one lies and drops it
    "pub illegal topic": (200, 400),  # the real one lies and drops it
    "PUT events/T1": (500, 405),
    "HEAD": (200, 405),  # the real one hands messages out and throws them away
}
DIFFERENT_WORDS = {  # other words for where the JSON is wrong, with the same codes
    "create bad json",
    "create illegal name",
    "pub json array 2nd bad",
    "pub json obj trailing garbage",
    "pub json truncated",
}
DIFFERENT_BODY = {
    "list",  # T3 is there too, see above
    "listAll",
    "pub json string",  # the real one's body is no JSON here: a status, then an object
    "pub json object leading ws",
    "pub empty body json",
    "pub cambria-zip not gz",
    "pub charset lower",  # the real one takes it for one raw message
    "topics after",
    "apikey missing",  # a page of HTML
    "second get",  # the text of a message stays as it was sent; the real one writes it anew
}
NOT_OURS = {"metrics", "metrics one", "metrics missing", "admin cache", "admin blacklist", "unknown path"}
SLOW = ('c "empty default timeout"', 'c "bad timeout"')


class Answer(NamedTuple):
    """One recorded answer."""

    status: int
    headers: dict[str, str]
    body: str


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The face alone, on an empty database, without authentication."""
    with running_router(tmp_path) as process:
        yield process.port


def replay(name: str, port: int, folder: Path) -> dict[str, Answer]:
    """Run a recorded script against our server."""
    lines = (GOLDEN / f"{name}.curl.sh").read_text().splitlines(keepends=True)
    script = "".join(line for line in lines if not line.startswith(SLOW))
    env = {**os.environ, "U": f"http://127.0.0.1:{port}"}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, timeout=600)
    return read_answers(done.stdout.decode())


def read_answers(text: str) -> dict[str, Answer]:
    """The sections ``### name`` of a recording."""
    answers = {}
    for section in re.split(r"^### ", text, flags=re.M)[1:]:
        name, _, rest = section.partition("\n")
        rest = rest.replace("HTTP/1.1 100 Continue\n\n", "")
        head, _, body = rest.partition("\n\n")
        lines = head.splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        answers[name] = Answer(int(lines[0].split()[1]), headers, body.rpartition("\n[t=")[0].strip())
    return answers


def comparable(body: str) -> Any:
    """The body as far as it is the same in every run; of an error's words, those before the details."""
    try:
        plain = json.loads(body)
    except ValueError:
        return body
    if not isinstance(plain, dict):
        return plain
    if "mrstatus" in plain:
        plain["message"] = re.split(r" at \d| \(class|, not| from 127| ?Topic |403 |404 ", plain["message"])[
            0
        ].strip(" .")
    return {name: "…" if name in CHANGING else value for name, value in plain.items()}


def compare(name: str, ours: Answer, real: Answer) -> None:
    if name in DIFFERENT_STATUS:
        assert (real.status, ours.status) == DIFFERENT_STATUS[name]
        return
    assert ours.status == real.status, ours
    if name in DIFFERENT_BODY:
        assert comparable(ours.body) != comparable(real.body), "no longer different: take it off the list"
        return
    mine, theirs = comparable(ours.body), comparable(real.body)
    if name in DIFFERENT_WORDS:
        assert mine.pop("message") != theirs.pop("message"), "no longer different: take it off the list"
    assert mine == theirs


def test_36_publishing_and_administration_answer_as_the_real_one(port, tmp_path):
    recorded = read_answers((GOLDEN / "publish-admin.txt").read_text())
    answers = replay("publish-admin", port, tmp_path)
    assert answers.keys() == recorded.keys()
    for name in answers.keys() - NOT_OURS:
        compare(name, answers[name], recorded[name])


def test_36_consuming_answers_as_the_real_one(port, tmp_path):
    recorded = read_answers((GOLDEN / "consume.txt").read_text())
    answers = replay("consume", port, tmp_path)
    assert len(answers) > 10
    for name, answer in answers.items():
        compare(name, answer, recorded[name])
        if answer.status == 200:
            for header in ("cache-control", "pragma", "expires", "content-type"):
                assert answer.headers[header] == recorded[name].headers[header], f"{name}: {header}"
