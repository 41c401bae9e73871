"""The paths below ``v0`` as a Swagger 2.0 document, which old clients of the broker ask for. Pure."""

from __future__ import annotations

from typing import Any

from fed_common.broker.vim_paths import ROOT, vim_paths

BASE = f"{ROOT}/v0"
PLAIN = ("operationId", "summary", "description", "tags")


def swagger() -> dict[str, Any]:
    """The document, made of the same table as the OpenAPI one."""
    paths = {path: item for path, item in vim_paths().items() if path.startswith(f"{BASE}/")}
    return {
        "swagger": "2.0",
        "info": {"title": "Multicloud Event-Federation Gateway", "version": "v0"},
        "basePath": BASE,
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        "security": [{"token": []}],
        "paths": {path.removeprefix(BASE): _item(item) for path, item in paths.items()},
    }


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return {method: _operation(operation) for method, operation in item.items()}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    """Swagger has the body among the parameters, one schema an answer and no references into components."""
    parameters = [
        {**{name: value for name, value in one.items() if name != "schema"}, **_schema(one["schema"])}
        for one in operation["parameters"]
    ]
    if "requestBody" in operation:
        body = operation["requestBody"]
        schema = _schema(body["content"]["application/json"]["schema"])
        parameters.append({"in": "body", "name": "body", "required": body["required"], "schema": schema})
    plain = {name: operation[name] for name in PLAIN if name in operation}
    answers = {status: _answer(answer) for status, answer in operation["responses"].items()}
    return {**plain, "parameters": parameters, "responses": answers}


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in answer:
        return {"description": "a problem document (RFC 9457)"}
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return {"description": answer["description"], **({"schema": _schema(schema)} if schema else {})}


def _schema(schema: Any) -> Any:
    """Swagger has no ``nullable``."""
    if isinstance(schema, dict):
        return {"x-nullable" if name == "nullable" else name: _schema(inner) for name, inner in schema.items()}
    return [_schema(inner) for inner in schema] if isinstance(schema, list) else schema
