"""Photographs of every card and figure of the gallery, to be looked at.

python -m tests.browser.contact_sheet OUT

Writes to the folder OUT a sheet for each way in which a picture is seen: 1,600 px wide, light, and dark after a switch
of the theme; 600 px; filling the page as on a projector; and the still figures, in both themes. The single photographs
are in OUT/single.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Locator, expect, sync_playwright

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.views import NAMES

from ..conftest import CHROMIUM_FLAGS, chromium
from .harness import Lab, open_lab

GAP = 16
SHEET = 2400
"""The width of a sheet, in pixels."""


def joined(files: Iterable[Path], columns: int) -> Image.Image:
    """Pictures side by side, each in the column that is the shortest so far, all of one width."""
    width = (SHEET - GAP) // columns - GAP
    heights, places = [GAP] * columns, []
    for file in files:
        with Image.open(file) as picture:
            small = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)))
        column = heights.index(min(heights))
        places.append((small, (GAP + column * (width + GAP), heights[column])))
        heights[column] += small.height + GAP
    sheet = Image.new("RGB", (SHEET, max(heights)), "#808080")
    for small, place in places:
        sheet.paste(small, place)
    return sheet


def photograph(lab: Lab, out: Path) -> None:
    """Run the gallery, and take all of its pictures."""
    single = out / "single"
    single.mkdir(parents=True, exist_ok=True)

    def sheet(name: str, pictures: Locator, columns: int) -> None:
        files = []
        for k, picture in enumerate(pictures.all()):
            picture.scroll_into_view_if_needed()
            lab.page.wait_for_timeout(400)
            files.append(single / f"{name}_{k:02}.png")
            picture.screenshot(path=files[-1])
        joined(files, columns).save(out / f"{name}.png")

    lab.width(1600, high=1700)  # so that the largest card is in sight at once
    lab.open("gallery")
    lab.run_all(lab.page.evaluate(CODE_CELLS))
    expect(lab.page.locator("[aria-busy=true]")).to_have_count(0)
    sheet("light_1600", lab.views, 2)
    lab.width(1600)
    projected = []
    for k, view in enumerate(lab.views.all()):
        view.get_by_role("button", name="Projector").first.click()
        lab.page.wait_for_timeout(400)  # bars slide to their places
        projected.append(single / f"projector_{k:02}.png")
        lab.page.screenshot(path=projected[-1])
        lab.press("Escape")
    joined(projected, 2).save(out / "projector.png")
    lab.width(1600, high=1700)
    lab.theme("dark")
    sheet("dark_1600", lab.views, 2)
    lab.width(600, high=2600)
    sheet("dark_600", lab.views, 4)
    lab.theme("light")
    sheet("light_600", lab.views, 4)
    lab.save()
    lab.width(1600, high=1700)
    lab.shut_down()
    lab.close()
    lab.open("gallery")
    expect(lab.views).to_have_count(0)
    last = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").last
    while lab.twins.count() < len(NAMES):  # Lab puts a cell into its page when one comes near
        last.scroll_into_view_if_needed()
        lab.settle()
    sheet("figures_light", lab.twins, 3)
    lab.theme("dark")
    sheet("figures_dark", lab.twins, 3)


CODE_CELLS = """
    () => [...window.jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === "code").length"""


def main(out: Path) -> None:
    gallery = (ROOT / "notebooks" / "gallery.ipynb").read_bytes()
    with TemporaryDirectory() as folder, TemporaryDirectory() as home, sync_playwright() as playwright:
        Path(folder, "gallery.ipynb").write_bytes(gallery)
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        with open_lab(browser, Path(folder), Path(home)) as lab:
            photograph(lab, out)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
