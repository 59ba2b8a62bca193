import re
from pathlib import Path

import pytest

import web

ROOT = Path(web.__file__).parent


@pytest.mark.parametrize(
    ("name", "media"),
    [("style.css", "text/css"), ("favicon.svg", "image/svg+xml"), ("docs.js", "text/javascript")],
)
async def test_static_files_are_served_with_their_type(visitor, name, media):
    answer = await visitor.get(f"/static/{name}")
    assert (answer.status, answer.media) == (200, media)
    assert answer.body == (ROOT / "static" / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "/etc/passwd",
        "//etc/passwd",
        "nothing",
        "",
        "%00",
        "x" * 5000,
        "%ff",
        "vendor",
    ],
)
async def test_nothing_but_static_files_is(visitor, path):
    assert (await visitor.get(f"/static/{path}")).status == 404


def templates():
    return sorted((ROOT / "templates").glob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_templates_escape_everything_and_carry_no_script_or_style(path):
    text = path.read_text()
    assert not re.search(r"\|\s*safe|Markup|autoescape", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*src=)", text)
    assert path.name == "docs.html" or "<script" not in text
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_no_sheet_or_picture_of_ours_loads_anything():
    for name in ("style.css", "favicon.svg"):
        text = (ROOT / "static" / name).read_text()
        assert not re.search(r"url\(|@import|href=|<script", text)
