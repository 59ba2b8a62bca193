"""Visitor: sends requests to a site and checks what holds of every answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quart import Quart
from werkzeug.exceptions import HTTPException

from web.operations import operation_of

DOCUMENTED: dict[frozenset[str], dict[str, Any]] = {}
"""By the routes of a site: what its document says of them. One document for all tests of the same site."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    @property
    def fields(self) -> list[str]:
        """The fields at fault, of a problem."""
        return [error["field"] for error in self.json.get("errors", [])]


class Visitor:
    """A program on this machine, unless it is told to be elsewhere."""

    def __init__(self, app: Quart, *, address: str = "127.0.0.1", headers: Mapping[str, str] | None = None):
        self.app = app
        self._client = app.test_client(use_cookies=False)
        self._address = address
        self._headers = dict(headers or {})
        routes = frozenset(rule.rule for rule in app.url_map.iter_rules())
        if routes not in DOCUMENTED:
            DOCUMENTED[routes] = openapi_of(app)
        self._documented = DOCUMENTED[routes]

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.send("GET", path, headers=headers)

    async def post(self, path: str, json: object = None, **headers: str) -> Answer:
        return await self.send("POST", path, json=json, headers=headers)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Header names may be written with underscores."""
        named = {
            name.replace("_", "-"): value for name, value in {**self._headers, **(headers or {})}.items()
        }
        what = {"json": json} if json is not None else {"form": form} if form else {"data": body}
        response = await self._client.open(
            path,
            method=method,
            headers=named,
            scope_base={"client": (self._address, 50_000)},
            **what,
        )
        answer = Answer(response.status_code, response.headers, await response.get_data())
        self._check(method, path, answer)
        return answer

    def _check(self, method: str, path: str, answer: Answer) -> None:
        """What the document does not mention must not happen, and no error leaves another way."""
        if answer.status >= 400 and answer.media != "text/html" and method != "HEAD":
            if answer.media == "application/problem+json":
                assert answer.json["status"] == answer.status
                assert answer.json["requestId"] == answer.headers["X-Request-Id"]
            assert "Traceback" not in answer.text
        try:
            rule, _ = self.app.url_map.bind("localhost").match(
                path.partition("?")[0], method, return_rule=True
            )
        except HTTPException:
            return
        if method not in {"HEAD", "OPTIONS"} and operation_of(self.app.view_functions[rule.endpoint]):
            documented = self._documented[rule.rule][method.lower()]["responses"]
            assert str(answer.status) in documented, f"{method} {path}: {answer.status} is not documented"


def openapi_of(app: Quart) -> dict[str, Any]:
    """The operations of the OpenAPI document, by werkzeug's rule."""
    paths = json.loads(app.config["OPENAPI"]())["paths"]
    by_name = {operation["operationId"]: path for path, item in paths.items() for operation in item.values()}
    found: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is not None:
            found[rule.rule] = paths[by_name[operation.name]]
    return found
