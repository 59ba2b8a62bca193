"""Looks at pages with Chromium, and tells what ran in them: `python browsing.py URL…`.

Run by an environment that has playwright; nothing here imports the project. Prints one
JSON object: the dialogs that opened, the pages whose scripts ran, and what was asked of other hosts.
"""

import json
import sys

from playwright.sync_api import sync_playwright


def look(urls: list[str]) -> dict[str, list[str]]:
    """Open each page, and wait until it has nothing more to load."""
    seen: dict[str, list[str]] = {"dialogs": [], "scripted": [], "requested": []}
    own = tuple(urls[0].split("/", 3)[:3])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: _note_stranger(request.url, own, seen["requested"]))
        for url in urls:
            page.goto(url, wait_until="load")
            if page.evaluate("Boolean(window.pwned)"):
                seen["scripted"].append(url)
        browser.close()
    return seen


def _note_stranger(url: str, own: tuple[str, ...], requested: list[str]) -> None:
    if tuple(url.split("/", 3)[:3]) != own and not url.startswith("data:"):
        requested.append(url)


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1:])))
