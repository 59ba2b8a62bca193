"""What commits announce reaches the listeners of this process, on the trio thread, and the others at once."""

import threading

import pytest
import trio

from runtime.db.announcer import Announcer
from runtime.db.doorbell import silent

SUBJECTS = frozenset({"a"})


def on_a_thread(fn, *args):
    thread = threading.Thread(target=fn, args=args)
    thread.start()
    thread.join()


async def test_a_commit_rings_the_others_at_once_and_is_told_here_when_the_answers_are():
    rung, heard = [], []
    announcer = Announcer(rung.append)
    announcer.listen(heard.append)

    on_a_thread(announcer.committed, SUBJECTS)
    assert (rung, heard) == ([SUBJECTS], [])
    announcer.tell()
    assert heard == [SUBJECTS]


async def test_what_was_told_is_not_told_again():
    heard = []
    announcer = Announcer(silent)
    announcer.listen(heard.append)
    on_a_thread(announcer.committed, SUBJECTS)
    on_a_thread(announcer.committed, frozenset({"b"}))

    announcer.tell()
    announcer.tell()
    assert heard == [SUBJECTS, frozenset({"b"})]


async def test_what_others_announce_is_heard_without_an_answer():
    heard = trio.Event()
    announcer = Announcer(silent)
    announcer.listen(lambda _: heard.set())

    on_a_thread(announcer.heard_elsewhere, SUBJECTS)
    with trio.fail_after(5):
        await heard.wait()


async def test_who_has_stopped_listening_hears_nothing():
    announcer = Announcer(silent)
    stop = announcer.listen(lambda _: pytest.fail("it has stopped"))

    stop()
    announcer.heard(SUBJECTS)
