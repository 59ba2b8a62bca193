"""The OpenAPI 3.1 document, made from the routes and the annotations of their operations."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from quart import Quart
from werkzeug.routing import Rule

from web.api.jobs import NewJobInput
from web.operations import JSON, Operation, operation_of
from web.paths import IdConverter
from web.problems import PROBLEM_JSON, Problem
from web.site import site_of

Json = dict[str, object]

_REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

OF_ALL = (400, 421, 500, 503)
OF_INPUT = (422,)
OF_BODIES = (408, 413, 415, 422)
OF_PATHS = (404,)
OF_OPERATORS = (401, 403, 429)
OF_CHANGES = (403,)


def openapi(app: Quart) -> Json:
    """Describe every operation of `app`."""
    found = [(rule, operation) for rule in app.url_map.iter_rules() if (operation := _operation(app, rule))]
    types = site_of(app).deployment.app.types
    schemas = _schemas((operation for _, operation in found), types)
    paths: dict[str, Json] = {}
    for rule, operation in sorted(found, key=lambda item: (not item[1].public, item[0].rule)):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            described = _describe(rule, operation, schemas)
            paths.setdefault(_PARAMETER.sub(r"{\1}", rule.rule), {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{site_of(app).deployment.app.name}, run by Creche",
            "version": version("creche"),
            "description": "What has a lock is for operators. Errors are RFC 9457 problem documents.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schema of each model: what is read and what is written may differ."""

    def __init__(self, read: Iterable[type[BaseModel]], written: Iterable[type[BaseModel]]) -> None:
        both = [*((model, "validation") for model in read), *((model, "serialization") for model in written)]
        self._references, document = models_json_schema(both, ref_template=_REFERENCE)  # type: ignore[arg-type]
        self.definitions: Json = document.get("$defs", {})

    def read(self, model: type[BaseModel]) -> Json:
        """Reference to what is read."""
        return dict(self._references[model, "validation"])

    def written(self, model: type[BaseModel]) -> Json:
        """Reference to what is written."""
        return dict(self._references[model, "serialization"])


def _schemas(operations: Iterable[Operation], types: Mapping[str, type[BaseModel]]) -> _Schemas:
    """Of what the operations read and write, and of each job type's payload."""
    read: dict[type[BaseModel], None] = dict.fromkeys(types.values())
    written: dict[type[BaseModel], None] = {Problem: None}
    for operation in operations:
        if operation.body is not None:
            read[operation.body] = None
        if operation.answer is not None:
            written[operation.answer] = None
    schemas = _Schemas(read, written)
    if NewJobInput in read:
        _add_payloads(schemas, types)
    return schemas


def _add_payloads(schemas: _Schemas, types: Mapping[str, type[BaseModel]]) -> None:
    """What a payload must be depends on the type; one of a type that is not declared is refused."""
    new_job = cast("Json", schemas.definitions[NewJobInput.__name__])
    cast("Json", cast("Json", new_job["properties"])["type"])["enum"] = sorted(types)
    # Not `if` and `then`: few programs that read such documents know them.
    new_job["anyOf"] = [
        {
            "properties": {"type": {"const": name}, "payload": schemas.read(model)},
            "required": ["payload"]
            if any(field.is_required() for field in model.model_fields.values())
            else [],
        }
        for name, model in sorted(types.items())
    ]


def _operation(app: Quart, rule: Rule) -> Operation | None:
    return operation_of(app.view_functions[rule.endpoint])


def _describe(rule: Rule, operation: Operation, schemas: _Schemas) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [rule.endpoint.rpartition(".")[0]],
        "parameters": [*_path_parameters(rule), *_parameters(operation)],
        "responses": _responses(rule, operation, schemas),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        required = any(field.is_required() for field in operation.body.model_fields.values())
        content = {JSON: {"schema": schemas.read(operation.body)}}
        described["requestBody"] = {"required": required, "content": content}
    if not operation.public:
        described["security"] = [{"token": []}]
    return described


def _path_parameters(rule: Rule) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0}
            if isinstance(converter, IdConverter)
            else {"type": "string"},
        }
        for name, converter in rule._converters.items()  # noqa: SLF001 - werkzeug has no other door
    ]


def _parameters(operation: Operation) -> list[Json]:
    found: list[Json] = []
    for model, place in ((operation.query, "query"), (operation.headers, "header")):
        if model is None:
            continue
        schema = model.model_json_schema(ref_template=_REFERENCE)
        definitions: Mapping[str, Json] = schema.get("$defs", {})
        for name, value in schema["properties"].items():
            found.append(
                {
                    "name": name,
                    "in": place,
                    "required": name in schema.get("required", ()),
                    "schema": _inlined(value, definitions),
                }
            )
    return found


def _inlined(schema: object, definitions: Mapping[str, Json]) -> object:
    """A schema with the definitions that it refers to put in their place."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and (name := reference.rpartition("/")[2]) in definitions:
        return _inlined(definitions[name], definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _responses(rule: Rule, operation: Operation, schemas: _Schemas) -> Json:
    responses: Json = {}
    for status in (operation.status, *operation.more_statuses):
        shape = {} if operation.answer is None else {"schema": schemas.written(operation.answer)}
        response: Json = {"description": HTTPStatus(status).phrase}
        if status != HTTPStatus.NO_CONTENT:
            response["content"] = {operation.media: shape}
        if operation.answer_headers:
            response["headers"] = {
                name: {"description": meaning, "schema": {"type": "string"}}
                for name, meaning in operation.answer_headers.items()
            }
        responses[str(status)] = response
    for status in _problem_statuses(rule, operation):
        content = {PROBLEM_JSON: {"schema": schemas.written(Problem)}}
        responses.setdefault(str(status), {"description": HTTPStatus(status).phrase, "content": content})
    return dict(sorted(responses.items()))


def _problem_statuses(rule: Rule, operation: Operation) -> list[int]:
    statuses = {*OF_ALL, *operation.problems}
    if operation.body is not None:
        statuses.update(OF_BODIES)
    if operation.query is not None or operation.headers is not None:
        statuses.update(OF_INPUT)
    if rule.arguments:
        statuses.update(OF_PATHS)
    if not operation.public:
        statuses.update(OF_OPERATORS)
    if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
        statuses.update(OF_CHANGES)
    return sorted(statuses)
