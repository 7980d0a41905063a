"""The model's JavaScript in Chromium, whose arithmetic must be the library's, too; see tests/views/test_js_model.py."""

import base64
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route

from rustgpt_lab import LLM
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.views.gallery.what_if import Change, layers_for, run
from rustgpt_lab.views.portable import portable
from tests.views.test_js_model import close

JS = ROOT / "rustgpt_lab" / "views" / "js"
TEXT = "User: What does the sun give? Assistant: The sun"
COMPUTE = """
    async ([model, weights, text, changes]) => {
        const { LLM } = await import("/model/llm.js");
        const { run } = await import("/model/changes.js");
        const { bytesOf } = await import("/packing.js");
        const llm = new LLM(model, new Float32Array(bytesOf(weights)));
        const plain = (array) => Array.from(Array.isArray(array) ? array : array.values, String);
        const trace = llm.trace(text).map(cache => Object.fromEntries(
            Object.entries(cache).map(([name, array]) => [name, plain(array)])));
        const logits = changes.map(([change, touched]) => plain(run(llm, text, change, touched).at(-1).output));
        return { trace, logits };
    }"""


def serve(route: Route) -> None:
    path = Path(urlsplit(route.request.url).path.lstrip("/"))
    if path.suffix == ".js":
        route.fulfill(path=JS / path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


@pytest.mark.parametrize("llm", [LLM.packaged()], ids=["packaged"])
def test_every_layer_and_every_change_in_chromium(llm: LLM, browser: Browser) -> None:
    [model] = portable([llm])
    changes = [
        (Change(kind, layer, row=9, column=1, score=2.5), [i for i, _ in places if layer in (None, i)])
        for kind, places in layers_for(llm).items()
        for layer in (None, places[0][0])
    ]
    page = browser.new_page()
    page.route("**/*", serve)
    page.goto("http://localhost/")
    weights = base64.b64encode(model.weights).decode()
    asked = [(vars(change), touched) for change, touched in changes]
    found = page.evaluate(COMPUTE, [model.description, weights, TEXT, asked])
    page.close()
    for name, array in llm.trace(TEXT).items():
        index, field = name.split(".")
        close(found["trace"][int(index)][field], array, name)
    for (change, _), logits in zip(changes, found["logits"], strict=True):
        close(logits, run(llm, TEXT, change)[0][-1], change.kind)
