"""The documents that describe the API: sound, complete, and the same for everybody."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from fed_common.broker.schema_views import document
from fed_common.broker.swagger_v0 import swagger
from tests.callers import Caller

API = "/api/multicloud/"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def test_the_generator_has_nothing_to_warn_of() -> None:
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    assert yaml.safe_load(out.getvalue())["openapi"].startswith("3.")


@pytest.mark.django_db
def test_it_is_served_to_everybody_as_json_and_as_yaml(nobody: Caller) -> None:
    as_json, as_yaml = nobody.ask("GET", "//api/schema"), nobody.ask("GET", "//api/schema?format=yaml")

    assert as_json["Content-Type"] == "application/json"
    assert as_yaml["Content-Type"] == "application/yaml"
    assert as_json.json() == yaml.safe_load(as_yaml.content)
    assert nobody.ask("GET", "//api/schema?format=xml").json()["field"] == "format"
    assert nobody.ask("POST", "//api/schema").status_code == 405


def methods_of(callback: Any) -> set[str]:
    names = getattr(callback, "view_class", None)
    return {one for one in ("get", "post", "put", "patch", "delete") if names and hasattr(names, one)}


def served(patterns: Any = None, prefix: str = "/") -> dict[str, set[str]]:
    """Every view of the framework below the API, by path as the document writes it."""
    found: dict[str, set[str]] = {}
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            found |= served(one.url_patterns, path)
        elif isinstance(one, URLPattern) and methods_of(one.callback) and path.startswith(API):
            found |= dict.fromkeys(readable(path), methods_of(one.callback))
    return found


def readable(path: str) -> list[str]:
    """Both versions of a path that is served below both."""
    path = re.sub(r"\(\?!\(\?:[^)]*\)/\)", "", path)  # what an owner may not be named
    text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", re.sub(r"\(\?P<(\w+)>(?:\[[^]]*\]\+?|v\[01\])\)", r"{\1}", path))
    text = text.replace("^", "").replace("/?$", "").replace("$", "")
    return [text.replace(word, one) for one in ("v0", "v1") for word in ("v[01]", "{api}") if word in text] or [
        text
    ]


def test_every_path_and_method_is_described(described: dict[str, Any]) -> None:
    paths = served()

    assert len(paths) > 20
    assert {path: methods - set(described["paths"].get(path, {})) for path, methods in paths.items()} == {
        path: set() for path in paths
    }


def test_every_operation_says_who_may_what_is_refused_and_what_it_does(described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert operation["security"] == [{"token": []}, {"bearer": []}, {"cookie": []}]
            assert {"400", "401", "403", "429", "503"} <= set(operation["responses"]), (method, path)
            assert ("404" in operation["responses"]) or "{" not in path


def test_refusals_are_problem_documents_with_the_headers_they_bring(described: dict[str, Any]) -> None:
    for status, answer in described["components"]["responses"].items():
        assert answer["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
        assert ("headers" in answer) == (status in ("401", "429", "503"))


def test_no_two_operations_share_an_id(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in described["paths"].values() for operation in item.values()]

    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for pointer in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described))):
        found = described
        for part in pointer.split("/"):
            found = found[part]


@pytest.mark.django_db
def test_b_01_the_old_swagger_document_is_there(nobody: Caller) -> None:
    answer = nobody.ask("GET", "//api/multicloud/v0/swagger.json")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["swagger"] == "2.0"
    assert answer.json()["basePath"] == "/api/multicloud/v0"
    assert {"/vim_types", "/check_vim_capacity", "/{vim_id}/check_vim_status"} <= set(answer.json()["paths"])


def test_the_old_document_is_swagger_as_others_read_it() -> None:
    schema = schemathesis.openapi.from_dict(swagger())
    schema.validate()

    assert "nullable" not in re.findall(r'"(\w+)":', json.dumps(swagger()))
    assert len(list(schema.get_all_operations())) > 10
