"""The page's files, on a real server and in this process."""

from __future__ import annotations

import pytest
import requests
from django.test import Client

from tests.serving import served

FILE = "/static/web/stream.js"


def test_a_file_is_served_with_its_type() -> None:
    answer = Client().get(FILE)

    assert (answer.status_code, answer["Content-Type"]) == (200, 'text/javascript; charset="utf-8"')
    assert b"EventSource" in answer.content


def test_what_is_no_file_goes_on(db: None) -> None:
    assert Client().get("/static/web/nothing.js").status_code == 404
    assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("error")
def test_the_same_holds_on_a_real_server_and_an_unchanged_file_is_not_sent_again() -> None:
    with served() as url:
        first = requests.get(url + FILE, timeout=60)
        again = requests.get(url + FILE, headers={"If-Modified-Since": first.headers["Last-Modified"]}, timeout=60)
        head = requests.head(url + FILE, timeout=60)
        missing = requests.get(f"{url}/static/web/nothing.js", timeout=60)

    assert first.text == Client().get(FILE).content.decode()
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert missing.status_code == 404
