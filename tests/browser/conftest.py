"""The Lab in which the views are tested. A view's test is a few lines:

def drive(lab, view):                        # by the keyboard alone
    lab.reach(view, "Layer")                 # Tab until the control of that label has the focus
    lab.press("ArrowRight")
    assert "2 of 3" in view.inner_text()

def test_attention(lab):
    check_view(lab, "attention", SETUP, "views.attention(llm, 'the sun rises')", drive, "input[type=range]")
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

pytest.register_assert_rewrite("tests.browser.harness")
from .harness import Lab, open_lab  # noqa: E402


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One page of one Lab for all tests."""
    folder: Path = tmp_path_factory.mktemp("notebooks")
    with open_lab(browser, folder, tmp_path_factory.mktemp("home")) as lab:
        yield lab
