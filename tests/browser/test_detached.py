"""A card that a fast machine makes before the page holds it is drawn once it is there, and has its colours."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Route

from rustgpt_lab.bootstrap import ROOT

JS = ROOT / "rustgpt_lab" / "views" / "js"
DRAW = """
    async () => {
        const { stage } = await import("/lab.js"), root = document.createElement("div"), lines = [];
        const model = { get: () => "", on() {}, send() {} };
        const lab = stage(model, root);
        lab.onDraw((theme) => lines.push([theme.line, lab.width > 0]));
        lines.push("now it is in the page");
        document.body.append(root);
        for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        return lines;
    }"""


def serve(route: Route) -> None:
    name = Path(urlsplit(route.request.url).path).name
    if name:
        route.fulfill(path=JS / name, content_type="text/javascript")
    else:
        style = (JS / "lab.css").read_text(encoding="utf-8")
        route.fulfill(body=f"<!doctype html><style>{style}</style>", content_type="text/html")


def test_nothing_is_drawn_before_there_is_room(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**/*", serve)
    page.goto("http://localhost/")
    assert page.evaluate(DRAW) == ["now it is in the page", ["#c9ced4", True]]
    page.close()
