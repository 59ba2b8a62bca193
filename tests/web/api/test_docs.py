import hashlib
import re
from pathlib import Path

import web

STATIC = Path(web.__file__).parent / "static"
VENDOR = STATIC / "vendor" / "swagger-ui"


async def test_the_page_loads_nothing_from_elsewhere(visitor):
    page = await visitor.get("/docs")

    assert page.media == "text/html"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/openapi.json" in addresses
    for address in addresses:
        assert address == "/openapi.json" or (STATIC / address.removeprefix("/static/")).is_file()


async def test_the_page_may_run_our_scripts_and_no_others(visitor):
    page = await visitor.get("/docs")

    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)", page.text)


def test_vendored_files_are_as_they_came():
    listed = dict(reversed(line.split()) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())

    assert listed.keys() >= {"LICENSE", "swagger-ui-bundle.js", "swagger-ui.css"}
    assert listed.keys() == {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS", "README.md"}
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
