import json
import re

import pytest

from web.openapi import openapi

METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture
async def document(customer):
    answer = await customer.get("/openapi.json")
    assert answer.media == "application/json"
    return answer.json


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


async def test_it_is_an_openapi_3_1_document(document):
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]
    assert {method for _, method, _ in operations(document)} <= METHODS


async def test_every_operation_of_the_contract_is_in_it(document):
    found = {f"{method.upper()} {path}" for path, method, _ in operations(document)}
    assert found >= {
        *("GET /health", "GET /livez", "GET /readyz", "GET /metrics", "GET /products"),
        *("POST /orders", "GET /orders", "GET /orders/{order_id}", "GET /orders/{order_id}/events"),
        *("GET /orders/{order_id}/invoice.pdf", "GET /admin/queue/stats", "GET /admin/workers"),
        *("GET /admin/jobs", "POST /admin/jobs", "GET /admin/jobs/{job_id}"),
        *("POST /admin/jobs/{job_id}/cancel", "POST /admin/jobs/{job_id}/retry"),
        *("GET /admin/dlq", "POST /admin/dlq/retry", "POST /admin/dlq/{letter_id}/retry"),
        *("POST /admin/dlq/{letter_id}/review", "GET /admin/cron", "POST /admin/cron/{name}/run"),
        *("POST /admin/cron/{name}/pause", "POST /admin/cron/{name}/resume"),
        *("GET /admin/limits", "PUT /admin/limits/{job_type}", "DELETE /admin/limits/{job_type}"),
        *("GET /admin/types", "POST /admin/types/{job_type}/pause", "POST /admin/types/{job_type}/resume"),
    }


async def test_every_reference_leads_somewhere_and_every_schema_is_used(document):
    found = set(references(document))
    assert found == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


async def test_operations_have_names_of_their_own_and_say_what_they_do(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert operation["tags"]


async def test_parameters_are_what_the_path_names_and_are_there_once(document):
    for path, _, operation in operations(document):
        parameters = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        assert len(parameters) == len(set(parameters))
        assert {name for place, name in parameters if place == "path"} == set(re.findall(r"{(\w+)}", path))
        for parameter in operation["parameters"]:
            assert parameter["required"] is True or parameter["in"] != "path"
            assert "$ref" not in json.dumps(parameter["schema"])


async def test_every_operation_documents_its_errors_as_problems(document):
    for path, method, operation in operations(document):
        responses = operation["responses"]
        expected = {"400", "421", "500", "503"}
        if "requestBody" in operation:
            expected |= {"408", "413", "415", "422"}
        if "security" in operation:
            expected |= {"401", "403", "429"}
        if "{" in path:
            expected |= {"404"}
        assert expected <= responses.keys(), f"{method} {path}"
        for status in expected - {"503"}:
            assert list(responses[status]["content"]) == ["application/problem+json"]


async def test_placing_an_order_documents_each_way_it_can_end(document):
    responses = document["paths"]["/orders"]["post"]["responses"]
    assert responses.keys() >= {"201", "400", "402", "409", "413", "415", "422", "502", "503", "504"}
    assert "Location" in responses["201"]["headers"]


async def test_only_what_is_for_operators_asks_for_a_token(document):
    locked = {path for path, _, operation in operations(document) if "security" in operation}
    assert locked == {path for path in document["paths"] if path.startswith(("/admin", "/webhooks"))} | {
        "/metrics",
        "/orders",
    }
    assert "security" not in document["paths"]["/orders"]["post"]


async def test_an_application_without_a_site_of_its_own_has_a_document_too(app):
    assert "/orders" not in openapi(app)["paths"]


async def test_what_a_payload_must_be_stands_there_for_each_job_type(document):
    schemas = document["components"]["schemas"]
    new_job = schemas["NewJobInput"]
    said = {
        rule["properties"]["type"]["const"]: rule["properties"]["payload"]["$ref"]
        for rule in new_job["anyOf"]
    }

    assert sorted(said) == new_job["properties"]["type"]["enum"]
    invoice = schemas[said["generate_invoice"].rpartition("/")[2]]
    assert invoice["required"] == ["order_id"]
