"""Log lines: for people or programs, and never in anybody's way."""

import io
import json
import logging
import threading

import pytest
import structlog

from runtime.cli.logging import MOST_WAITING, PatientHandler, logging_to_stderr


def lines(capsys):
    return capsys.readouterr().err.splitlines()


def test_a_line_for_programs_is_json_with_its_context(capsys):
    with logging_to_stderr("info", "auto"):
        with structlog.contextvars.bound_contextvars(job=7):
            structlog.stdlib.get_logger("creche").info("job done", seconds=0.5)

    [line] = lines(capsys)
    said = json.loads(line)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "job done", "job": 7, "seconds": 0.5, "level": "info", "logger": "creche"}


def test_lines_of_other_libraries_look_the_same(capsys):
    with logging_to_stderr("info", "json"):
        logging.getLogger("hypercorn").warning("port %d", 8000)

    [line] = lines(capsys)
    assert json.loads(line)["event"] == "port 8000"
    assert json.loads(line)["logger"] == "hypercorn"


def test_a_line_for_people_holds_no_control_characters(capsys):
    with logging_to_stderr("info", "human"):
        structlog.stdlib.get_logger("creche").info("said", message="\x1b[2J\nhidden")

    [line] = lines(capsys)
    assert "\x1b" not in line
    assert "\\x1b[2J\\nhidden" in line


@pytest.mark.parametrize("style", ["human", "json"])
def test_an_error_comes_with_its_trace(capsys, style):
    with logging_to_stderr("info", style):
        try:
            raise ValueError("deep")
        except ValueError:
            structlog.stdlib.get_logger("creche").exception("it broke")

    err = capsys.readouterr().err
    assert "ValueError: deep" in err
    assert "Traceback" in err


def test_what_is_below_the_level_is_not_logged(capsys):
    with logging_to_stderr("warning", "json"):
        structlog.stdlib.get_logger("creche").info("quiet")
        logging.getLogger("other").info("quiet too")

    assert lines(capsys) == []


def test_afterwards_everything_is_as_before():
    before = (structlog.get_config(), logging.getLogger().handlers[:], logging.getLogger().level)

    with logging_to_stderr("debug", "json"):
        pass

    assert (structlog.get_config(), logging.getLogger().handlers, logging.getLogger().level) == before


class Stuck(io.StringIO):
    """A stream whose reader reads nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.begun.set()
        self.released.wait()
        return super().write(text)


def record(text):
    return logging.LogRecord("creche", logging.INFO, __file__, 1, text, (), None)


def test_a_reader_that_does_not_read_holds_nobody_up():
    stream = Stuck()
    handler = PatientHandler(stream)
    handler.emit(record("first"))
    stream.begun.wait()

    for _ in range(MOST_WAITING + 5):
        handler.emit(record("more"))

    stream.released.set()
    handler.close()
    assert stream.getvalue().count("\n") == MOST_WAITING + 2
    assert "(5 log lines were dropped" in stream.getvalue()


def test_a_reader_that_has_gone_away_is_no_error():
    stream = io.StringIO()
    handler = PatientHandler(stream)
    stream.close()

    handler.emit(record("unheard"))
    handler.close()

    assert not handler._thread.is_alive()


def test_flush_waits_until_the_lines_are_written():
    stream = io.StringIO()
    handler = PatientHandler(stream)

    handler.emit(record("last words"))
    handler.flush()

    assert stream.getvalue() == "last words\n"
    handler.close()


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


def test_a_value_that_cannot_be_written_is_no_error():
    stream = io.StringIO()
    handler = PatientHandler(stream)

    handler.emit(logging.LogRecord("creche", logging.INFO, __file__, 1, "odd: %s", (Unprintable(),), None))
    handler.close()

    assert stream.getvalue() == "a log line of 'creche' could not be written\n"
