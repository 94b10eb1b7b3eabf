"""A headless browser for the tests of pages."""

from __future__ import annotations

import shutil

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """A browser of this machine, driven by playwright; without one the tests skip."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)} is on the path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra [test])")
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Open a page; at the end there must have been no message, no error, no dialog, and no request but for the pages."""
    context, troubles, requests, visited = browser.new_context(viewport={"width": 1400, "height": 1000}), [], [], []

    def call(path, **options):
        tab = context.new_page()
        visited.append(path.as_uri())
        tab.emulate_media(**options)
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield call
    context.close()
    assert not troubles
    assert [url.split("#")[0] for url in requests if not url.startswith(("blob:", "data:"))] == visited
