"""Which application and which database."""

import sys

import pytest

from runtime.cli.failures import explain
from runtime.cli.target import Target
from runtime.errors import ConfigurationError, UnsupportedDatabase
from tests.runtime.cli.sample import app

SAMPLE = "tests.runtime.cli.sample"


def test_an_application_is_found_by_module_and_attribute():
    assert Target(f"{SAMPLE}:app", "sqlite:///x.db").load() is app


def test_an_application_is_found_in_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "here_only.py").write_text(
        "from runtime.app import App\nclass outer:\n    app = App('here')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    assert Target("here_only:outer.app", "sqlite:///x.db").load().name == "here"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("shop.app", "MODULE:ATTRIBUTE"),
        (":app", "MODULE:ATTRIBUTE"),
        ("nosuch_module:app", "cannot import nosuch_module"),
        (f"{SAMPLE}:nothing", "no attribute 'nothing'"),
        (f"{SAMPLE}:Greet", "not a runtime.app.App"),
    ],
)
def test_what_is_no_application_is_said(text, says):
    with pytest.raises(ConfigurationError, match=says):
        Target(text, "sqlite:///x.db").load()


def test_a_module_that_fails_to_import_is_said(tmp_path, monkeypatch):
    (tmp_path / "fails_at_import.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    with pytest.raises(ConfigurationError, match="ZeroDivisionError: division by zero"):
        Target("fails_at_import:app", "sqlite:///x.db").load()


def test_an_action_runs_on_the_opened_application(path):
    async def action(deployment):
        return deployment.app, (await deployment.queue.stats()).pending

    assert Target(f"{SAMPLE}:app", f"sqlite:///{path}").run(action) == (app, 0)


def test_what_an_action_raises_comes_through(path):
    async def action(deployment):
        await deployment.queue.job(7)

    # In a group or alone: the application is opened inside nurseries.
    with pytest.raises(Exception) as raised:
        Target(f"{SAMPLE}:app", f"sqlite:///{path}").run(action)
    assert explain(raised.value) == (1, "there is no job 7")


def test_an_unknown_database_is_refused():
    async def action(_deployment):  # noqa: ASYNC124
        raise AssertionError

    with pytest.raises(UnsupportedDatabase):
        Target(f"{SAMPLE}:app", "mysql://x").run(action)
