"""A real JupyterLab in a real browser, and everything that every view is checked for in it."""

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, expect

from ..lab import TOKEN, running_lab

SHOTS = os.environ.get("RUSTGPT_LAB_SHOTS")
"""A folder for screenshots, to be looked at; none are taken without it."""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
VIEW = ".jp-NotebookPanel:not(.lm-mod-hidden) .rl-live"
TWIN = ".jp-NotebookPanel:not(.lm-mod-hidden) .rl-twin"

NAME_OF = "el => el.getAttribute('aria-label') ?? el.closest('label')?.innerText ?? el.innerText"
OUTLINE_OF = (
    "el => getComputedStyle(el.matches('.rl-choice input') ? el.nextElementSibling : el).outlineStyle"
)
REDRAWS = """
    async (view, selector) => {
        const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        const control = view.querySelector(selector), found = [];
        for (let k = 0; k < 40; k++) {
            await frame();
            const start = performance.now();
            const next = Number(control.value) < control.max ? Number(control.value) + 1 : 0;
            if (control.type === "range") control.value = next;
            else if (control.type === "text") control.value += k % 8 ? "a" : " ";
            else control.checked = !control.checked;
            control.dispatchEvent(new Event("input", { bubbles: true }));
            view.getBoundingClientRect();
            await frame();
            found.push(performance.now() - start);
        }
        return found;
    }"""
ANSWERS = """
    async (view, [selector, values]) => {
        const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        const control = view.querySelector(selector), found = [];
        for (const value of values) {
            control.value = value;
            const start = performance.now();
            control.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            for (const name of ["input", "change"]) control.dispatchEvent(new Event(name, { bubbles: true }));
            while (view.querySelector("[aria-busy=true]")) await new Promise(done => setTimeout(done));
            await frame();
            found.push(performance.now() - start);
        }
        return found;
    }"""
CLIPPED = """
    view => [...view.querySelectorAll("*")]
        .filter(el => el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).overflowX === "hidden"
            || el.matches("p, span, button, label, small, td, th")
            && el.getBoundingClientRect().right > view.getBoundingClientRect().right + 1)
        .map(el => el.className + ": " + el.textContent.slice(0, 60))"""

ROUNDED = (
    "view => [...view.querySelectorAll('.rl-picture')].some(el => el.scrollWidth - el.clientWidth === 1)"
)
"""Whether a picture scrolls by one pixel, because the half pixel of a column was drawn as a whole one."""

INVISIBLE = """
    view => [...view.querySelectorAll("line, polyline, path, circle, rect")].filter(el => {
        const { stroke, fill } = getComputedStyle(el);
        return stroke === "none" && (fill === "none" || el.matches("line"));
    }).length"""

Drive = Callable[["Lab", Locator], None]


LATE = ("Canceled future for", "widget model not found")
"""What Lab says, sometimes late, of the notebook before, which was closed or opened without its kernel."""
SLACK = 5
"""How often its budget a view may take before a test fails: a busy machine must not make the suite red. What was
measured is printed beside each test (`pytest -s`)."""


class Lab:
    """One page of one Lab, in which notebooks are opened one after the other.

    Attributes:
        page: Playwright's page.
        errors: what the console called an error since the notebook was opened.
        hosts: every host that was asked for anything.
    """

    def __init__(self, browser: Browser, address: str, folder: Path):
        self.folder, self.errors, self.hosts = folder, [], set()
        self.page = browser.new_page(viewport={"width": 1600, "height": 1000})
        self.page.set_default_timeout(60_000)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.goto(f"{address}/lab?reset&token={TOKEN}")
        self.page.wait_for_function("window.jupyterapp?.restored")
        self.page.evaluate("window.jupyterapp.restored")
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")

    def command(self, name: str, **arguments: object) -> None:
        self.page.evaluate(
            "([name, arguments]) => window.jupyterapp.commands.execute(name, arguments).then(() => null)",
            [name, arguments],
        )

    # ---- notebooks ----------------------------------------------------------------------------------------

    @contextmanager
    def notebook(self, name: str, *cells: str) -> Iterator[None]:
        """Open a new notebook of these code cells, run all, and in the end close it and its kernel."""
        sources = [new_code_cell(cell) for cell in cells]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(new_notebook(cells=sources, metadata=kernel), self.folder / f"{name}.ipynb")
        self.errors.clear()
        self.open(name)
        self.run_all(len(cells))
        try:
            yield
        finally:
            self.shut_down()
            self.close()

    def open(self, name: str) -> None:
        self.command("docmanager:open", path=f"{name}.ipynb", factory="Notebook")
        self.connected()

    def connected(self) -> None:
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
            " === 'connected'"
        )

    def run_all(self, cells: int) -> None:
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            "n => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
            ".filter(cell => cell.executionCount).length === n",
            arg=cells,
            timeout=60_000,
        )
        problem = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) [data-mime-type*=stderr]")
        assert problem.count() == 0, problem.first.inner_text()

    def save(self) -> None:
        self.command("docmanager:save")

    def close(self) -> None:
        """Close the notebook; its kernel goes on."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")

    def shut_down(self) -> None:
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def restart(self) -> None:
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.connected()

    # ---- the page -----------------------------------------------------------------------------------------

    @property
    def views(self) -> Locator:
        """The live views of the open notebook, from top to bottom."""
        return self.page.locator(VIEW)

    @property
    def twins(self) -> Locator:
        return self.page.locator(TWIN)

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=THEMES[name])
        self.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{str(name == 'light').lower()}'"
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")  # it takes what the pointer does

    def width(self, pixels: int, high: int = 1000) -> None:
        self.page.set_viewport_size({"width": pixels, "height": high})

    def settle(self) -> None:
        """Let the page come to rest: two frames."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def shot(self, view: Locator, name: str) -> None:
        if SHOTS:
            view.screenshot(path=f"{SHOTS}/{name}.png")

    def reach(self, view: Locator, label: str) -> Locator:
        """Come to the control of that label by the Tab key alone, from the first control of the view on."""
        view.locator("input, button, select, textarea, [tabindex='0']").first.focus()
        for _ in range(40):
            focus = self.page.locator(":focus")
            if label in focus.evaluate(NAME_OF):
                assert view.locator(":focus").count() == 1, f"“{label}” is in another view"
                assert focus.evaluate(OUTLINE_OF) != "none", f"“{label}”: the focus cannot be seen"
                return focus
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not come to “{label}”")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, view: Locator) -> str:
        """The sentence that the view says now, with plain spaces."""
        return view.locator(".rl-readout").inner_text().replace("\xa0", " ")

    # ---- what every view must pass ------------------------------------------------------------------------

    def check_look(self, view: Locator, name: str) -> None:
        """In both themes, wide and narrow: nothing clipped, no complaint of axe (contrast, labels, roles)."""
        for theme in THEMES:
            self.theme(theme)
            for pixels in (1600, 600):
                self.width(pixels)
                self.settle()
                view.scroll_into_view_if_needed()
                self.shot(view, f"{name}_{theme}_{pixels}")
                assert view.evaluate(CLIPPED) == [], f"{theme}, {pixels} px"
                assert view.evaluate(INVISIBLE) == 0, f"{theme}, {pixels} px: shapes without a colour"
                assert not view.evaluate(ROUNDED), f"{theme}, {pixels} px: scrolls by a rounded half pixel"
            found = Axe().run(self.page, context=".rl-live", options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
        self.theme("light")
        self.width(1600)
        self.settle()

    def check_redraw(self, view: Locator, selector: str, budget: float = 50) -> None:
        """The median time from an input event to the next picture, in ms, while the machine is ours."""
        self.check_median("redraw", lambda: view.evaluate(REDRAWS, selector), budget)

    def check_answers(
        self, view: Locator, values: list[str], selector: str = "input[type=text]", budget: float = 150
    ) -> None:
        """The median time from a value in a control, through the kernel, to the next picture, in ms."""
        self.check_median("answer", lambda: view.evaluate(ANSWERS, [selector, values]), budget)

    def check_median(self, what: str, measure: Callable[[], list[float]], budget: float) -> None:
        """The median of some times in ms is within a budget, while the machine is ours."""
        for _ in range(3):  # a busy neighbour is not a slow view: one good round is enough
            times = measure()
            print(f"{what}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
            if statistics.median(times) <= SLACK * budget:
                return
        raise AssertionError(
            f"{what}: a median of {statistics.median(times):.1f} ms, three times over {SLACK} x {budget} ms"
        )

    def check_quiet(self) -> None:
        """No error on the console, and no host but Lab's own."""
        errors = [e for e in self.errors if not any(late in e for late in LATE)]
        assert errors == [], errors  # said here too: pytest does not rewrite what `tests.no_network` asserts
        assert self.hosts <= {"127.0.0.1", "", None}, self.hosts


def drag(lab: Lab, node: Locator, across: float, down: float) -> None:
    """Take the middle of something with the mouse, and let it go so many pixels away."""
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + across, y + down, steps=8)
    lab.page.mouse.up()


@contextmanager
def open_lab(browser: Browser, folder: Path, home: Path) -> Iterator[Lab]:
    """A page of a Lab of its own, on the notebooks in `folder`; its settings and its log go to `home`."""
    (home / ".jupyter").mkdir(parents=True)
    (home / ".jupyter" / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True\n")
    with running_lab(folder, home) as address:
        lab = Lab(browser, address, folder)
        yield lab
        lab.page.close()


def check_view(lab: Lab, name: str, setup: str, show: str, drive: Drive, redraw: str | None = None) -> None:
    """Take a view through a learner's day.

    Args:
        lab: the fixture.
        name: of the notebook and the screenshots.
        setup: the code of a cell that makes what `show` needs.
        show: an expression that gives the view, shown in two cells.
        drive: works the first copy by the keyboard alone (`lab.reach`, `lab.press`) and asserts what it
            shows.
        redraw: a CSS selector of the control whose redraw is timed; None if the browser alone redraws
            nothing.
    """
    with lab.notebook(name, setup, show, show):
        expect(lab.views).to_have_count(2)
        expect(lab.twins.first).to_be_hidden()
        view, copy = lab.views.nth(0), lab.views.nth(1)
        lab.check_look(view, name)
        before = copy.inner_html()
        drive(lab, view)
        lab.shot(view, f"{name}_driven")
        assert copy.inner_html() == before, "the second copy moved with the first"
        if redraw:
            lab.check_redraw(view, redraw)
        lab.check_quiet()

        lab.save()
        lab.close()
        lab.open(name)
        expect(lab.views).to_have_count(2)
        lab.check_quiet()

        lab.restart()
        expect(lab.views.nth(0).locator(".rl-note")).to_contain_text("The kernel has stopped")
        lab.errors.clear()  # Lab itself complains of its requests that the restart cut off
        if redraw:
            lab.check_redraw(lab.views.nth(0), redraw)
        lab.shot(lab.views.nth(0), f"{name}_restarted")
        lab.check_quiet()

        lab.shut_down()
        lab.close()
        lab.open(name)
        expect(lab.twins.nth(1)).to_be_visible()
        expect(lab.views).to_have_count(0)
        assert lab.page.get_by_text("Error displaying widget").locator("visible=true").count() == 0
        lab.shot(lab.twins.first, f"{name}_twin")
