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

from ..lab import running_lab

pytest.register_assert_rewrite("tests.browser.harness")
from .harness import Lab  # noqa: E402


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One page of one Lab for all tests."""
    folder: Path = tmp_path_factory.mktemp("notebooks")
    home: Path = tmp_path_factory.mktemp("home")
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True\n")
    with running_lab(folder, home) as address:
        lab = Lab(browser, address, folder)
        yield lab
        lab.page.close()
