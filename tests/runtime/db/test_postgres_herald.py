"""Who is told of a commit: this process always, the others with it or soon after it."""

import pytest

from runtime.db.postgres_herald import LocalHerald, WideHerald
from runtime.db.postgres_pipeline import Repeated

SUBJECTS = frozenset({"a"})


class Told:
    """An announcer and a bell that keep what they are told."""

    def __init__(self) -> None:
        self.said = []

    def committed(self, subjects):
        self.said.append(("here", subjects))

    def along(self, subjects):
        return Repeated("told", b"NOTIFY " + ",".join(subjects).encode())

    def ring(self, subjects):
        self.said.append(("ring", subjects))

    def rest(self, told):
        self.said.append(("rest", told))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def herald(told):
    return WideHerald(told, told)


def test_what_goes_along_with_a_commit_is_the_bells_to_say(herald):
    assert herald.along(SUBJECTS) == Repeated("told", b"NOTIFY a")


def test_after_a_commit_that_told_the_others_the_bell_rests(herald, told):
    herald.committed(SUBJECTS, told=0.002)

    assert told.said == [("rest", 0.002), ("here", SUBJECTS)]


def test_after_a_commit_that_did_not_the_bell_is_rung(herald, told):
    herald.committed(SUBJECTS, told=None)

    assert told.said == [("ring", SUBJECTS), ("here", SUBJECTS)]


def test_a_local_herald_tells_this_process_alone():
    heard = []
    herald = LocalHerald(heard.append)

    assert herald.along(SUBJECTS) is None
    herald.committed(SUBJECTS, told=None)
    assert heard == [SUBJECTS]
