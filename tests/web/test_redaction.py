import pytest

from tests.web.obedient import Echo
from web.redaction import MASK, names_secret, redacted


@pytest.mark.parametrize(
    "name",
    [
        *(
            "password",
            "Password",
            "userPassword",
            "user_password",
            "PASSWD",
            "secret",
            "clientSecret",
            "token",
        ),
        *("paymentToken", "ACCESS_TOKEN", "authorization", "Authorization", "apiKey", "API_KEY", "api-key"),
        *(
            "apikey",
            "privateKey",
            "card",
            "cardNumber",
            "credit_card",
            "cvv",
            "iban",
            "IBAN",
            "sessionCookie",
        ),
    ],
)
def test_names_of_secrets_are_known(name):
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["message", "postcard", "discard", "tokens", "secretary", "key", "api", "cardinality", "x", "", "42"],
)
def test_other_names_are_not_taken_for_secrets(name):
    assert not names_secret(name)


def test_secrets_are_masked_at_any_depth_and_the_rest_is_left():
    payload = {
        "to": "a@b.example",
        "login": {"user": "ada", "password": "hunter2"},
        "cards": [{"cardNumber": 4242, "name": "Ada"}],
        "token": ["a", "b"],
    }
    assert redacted(payload) == {
        "to": "a@b.example",
        "login": {"user": "ada", "password": MASK},
        "cards": [{"cardNumber": MASK, "name": "Ada"}],
        "token": MASK,
    }


def test_a_secret_that_is_not_there_looks_so():
    assert redacted({"token": "", "password": None}) == {"token": "", "password": None}


def test_names_that_an_application_has_marked_are_masked_too():
    payload = {"diagnosis": "flu", "rows": [{"diagnosis": "cold", "name": "ada"}]}
    assert redacted(payload, frozenset({"diagnosis"})) == {
        "diagnosis": MASK,
        "rows": [{"diagnosis": MASK, "name": "ada"}],
    }


async def test_a_field_that_its_job_marks_as_secret_is_shown_nowhere(visitor, deployment):
    job = await deployment.queue.enqueue(Echo(diagnosis="hypochondria", message="hello"))

    for path in ("/admin/jobs", f"/admin/jobs/{job.id}", "/dashboard"):
        assert "hypochondria" not in (await visitor.get(path)).text
    assert "hello" in (await visitor.get(f"/admin/jobs/{job.id}")).text
