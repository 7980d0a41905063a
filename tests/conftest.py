"""What all tests share: settings that make two runs alike, and a browser."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

os.environ["MPLBACKEND"] = "agg"

# No deadline: a slow machine is not a wrong answer. In CI the examples are the same every time.
settings.register_profile("rustgpt_lab", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("rustgpt_lab")

CHROMIUM_FLAGS = [
    "--no-sandbox",  # root, as in a container, has no sandbox; the only pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The path of a browser, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Where there is none the test is skipped; but in CI, where it must be, it fails."""
    path = chromium()
    if path is None:
        give_up = pytest.fail if "CI" in os.environ else pytest.skip
        give_up("no Chromium on this machine: install it to run this test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
