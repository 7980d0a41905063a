"""The site: built without a warning, its links lead somewhere, it loads nothing, and all can read it."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from rustgpt_lab.bootstrap import ROOT

from .test_export import offline
from .test_readable import problems

PAGES = (
    "index", "hub", "accessibility", "notebooks/gallery", "notebooks/03_self_attention", "reference/layers", "search",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python3 -m tests.site FOLDER` makes, which fails at any warning and at any link that leads nowhere."""
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-c",
        "import sys; from tests.site.__main__ import main; main(sys.argv[1:])",
        str(out),
    ]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return out


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_by_all(name: str, site: Path, browser: Browser) -> None:
    page = offline(browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / f"{name}.html").as_uri())
    assert problems(page) == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


def test_every_notebook_shows_its_pictures_and_folds_its_answers(site: Path, browser: Browser) -> None:
    page = offline(browser)
    page.goto((site / "notebooks" / "03_self_attention.html").as_uri())
    widths = page.locator(".rl-twin img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths and min(widths) > 99
    assert page.locator("math").count() > 40
    folded = page.locator("details.hide, details.rl-answer-03q1, details[class^=rl-answer]")
    assert folded.count() > 3
    assert folded.evaluate_all("all => all.filter(each => each.open).length") == 0
    page.close()
