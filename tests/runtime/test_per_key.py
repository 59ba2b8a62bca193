"""PerKey: what a handler says of the keys of its jobs."""

import pytest

from runtime.errors import ConfigurationError
from runtime.job import Job
from runtime.model.rates import Rate
from runtime.per_key import BROKEN, PerKey


class Mail(Job, type="mail"):
    user: str = "ada"
    age: int | None = None


def test_a_key_is_told_by_the_payload():
    by_user = PerKey[Mail](lambda job: job.user, rate="60/m:5", concurrency=2)

    assert by_user.lane_of(Mail, '{"user":"bob"}') == '"bob"'
    assert by_user.parsed_rate() == Rate.parse("60/m:5")
    assert PerKey[Mail](lambda job: job.age).lane_of(Mail, '{"age":5}') == "5"
    assert PerKey[Mail](lambda job: job.age).parsed_rate() is None


def test_what_has_no_key_or_a_payload_that_does_not_fit_has_no_lane():
    by_age = PerKey[Mail](lambda job: job.age, concurrency=1)

    assert by_age.lane_of(Mail, "{}") is None
    assert by_age.lane_of(Mail, '{"age":"old"}') is None


@pytest.mark.parametrize("key", [lambda job: 1 // 0, lambda job: [job.user], lambda job: True])
def test_those_whose_key_cannot_be_told_share_a_lane(key):
    assert PerKey(key, concurrency=1).lane_of(Mail, "{}") == BROKEN


@pytest.mark.parametrize(
    ("limits", "says"),
    [({"concurrency": 0}, "concurrency must be 1"), ({"rate": "fast"}, "'fast' is not a rate")],
)
def test_a_limit_that_cannot_work_is_refused_where_it_is_written(limits, says):
    with pytest.raises(ConfigurationError, match=f"^per_key: .*{says}"):
        PerKey(lambda job: job.user, **limits)
