"""A card that is drawn before the page holds it, as a fast machine does, has its colours once it is there."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Route

from rustgpt_lab.bootstrap import ROOT

JS = ROOT / "rustgpt_lab" / "views" / "js"
DRAW = """
    async () => {
        const { stage } = await import("/lab.js"), root = document.createElement("div"), lines = [];
        const model = { get: () => "", on() {}, send() {} };
        stage(model, root).onDraw((theme) => lines.push(theme.line));
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


def test_colours_are_read_when_the_card_lies_in_the_page(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**/*", serve)
    page.goto("http://localhost/")
    first, *_, last = page.evaluate(DRAW)
    assert first == "", "the card was in the page already: this test shows nothing"
    assert last == "#c9ced4"
    page.close()
