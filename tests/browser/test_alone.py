"""Views of RustGPT's model on a page of their own: no kernel, no network, every control moves the picture rightly."""

import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from rustgpt_lab import LLM, views
from rustgpt_lab.generation import Sampling
from rustgpt_lab.views.base import View
from rustgpt_lab.views.gallery.attention import Attention
from rustgpt_lab.views.gallery.what_if import Change, WhatIf
from rustgpt_lab.views.portable import portable
from tests.browser.test_export import offline

TEXT = "User: What does the sun give? Assistant: The sun"
LONG = "User: What does the sun give? Assistant: The sun gives light and heat to the planets. The"
GREEDY = Sampling(0)
TYPE = """
    ([view, text]) => {
        const box = view.querySelector("input[type=text]");
        box.value = text;
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }"""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
STILL = "() => Promise.all(document.getAnimations().map(motion => motion.finished.catch(() => {})))"


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.packaged()


@pytest.fixture(scope="module")
def moments(llm: LLM) -> dict[str, LLM]:
    before = llm.copy()
    before.parameters["5.w_q"] *= 3
    return {"before": before, "now": llm}


@pytest.fixture(scope="module")
def shown(llm: LLM, moments: dict[str, LLM]) -> dict[str, View]:
    return {
        "what_if": views.what_if(llm, TEXT, "norm"),
        "journey": views.journey(llm, TEXT),
        "attention": views.attention(llm, TEXT),
        "moments": views.attention(moments, TEXT),
        "network": views.network(llm, TEXT),
        "chat": views.chat(llm, "What is the sun?", ["What do bees make?"]),
        "embeddings": views.embeddings(moments, "sun moon star rain"),
        "tokens": views.tokens(llm, "The sun shines."),
    }


@pytest.fixture(scope="module")
def page(
    browser: Browser, shown: dict[str, View], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The page of a notebook that shows them all, opened from disk."""
    outputs: list[list] = []
    with pytest.MonkeyPatch.context() as patch:
        for cell, view in enumerate(shown.values()):
            patch.setattr(
                "rustgpt_lab.views.portable._cell", lambda cell=cell: (f"cell {cell} of this test", "1")
            )
            patch.setattr("IPython.display.display", lambda data, **_: outputs[-1].append(data))
            outputs.append([])
            view._ipython_display_()
    cells = [
        new_code_cell("view", outputs=[new_output("display_data", data=data)], execution_count=1)
        for data, _live in outputs
    ]
    html, _ = HTMLExporter().from_notebook_node(new_notebook(cells=cells))
    assert html.count('data-rl-model="') == 2 + html.count('[data-rl-model="'), "each of the two models once"
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(html, encoding="utf-8")
    print(f"a page of {len(shown)} views and 2 models: {file.stat().st_size / 1e6:.1f} MB")
    page = offline(browser)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    expect(page.locator(".rl-twin")).to_have_count(0)
    yield page
    assert problems == []
    page.close()


@pytest.fixture
def card(request: pytest.FixtureRequest, page: Page, shown: dict[str, View]) -> Locator:
    """The card of the view that a test names."""
    return page.locator(".rl-live").nth([*shown].index(request.param))


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("card", [name], indirect=True)


def says(card: Locator, view: View) -> None:
    """The card says what the view says in Python."""
    expect(card.locator(".rl-readout")).to_have_text(view.sentence)


def enter(card: Locator, text: str, name: str = "Text") -> None:
    box = card.get_by_role("textbox", name=name)
    box.fill(text)
    box.press("Enter")


@of("what_if")
def test_what_if(card: Locator, llm: LLM) -> None:
    def check(text: str, change: Change) -> None:
        view = WhatIf(llm, text, change)
        says(card, view)
        bars = [row[0] for row in view.table().rows]
        assert sorted(card.locator(".rl-slides .rl-word").all_text_contents()) == sorted(bars)
        if view.data.weights_after is not None:
            expect(card.locator(".rl-grid").last).to_be_visible()

    change = Change("norm")
    check(TEXT, change)
    card.get_by_role("slider", name="Layer").press("End")
    check(TEXT, change := replace(change, layer=12))
    for kind in ("attention", "feed_forward", "residual", "scaling", "mask", "hide"):
        card.get_by_role("combobox", name="Change").select_option(kind)
        check(TEXT, change := replace(change, kind=kind, layer=None, row=11))
    card.get_by_role("slider", name="Word looked at").press("ArrowRight")
    check(TEXT, replace(change, column=1))
    card.get_by_role("combobox", name="Change").select_option("score")
    check(TEXT, change := Change("score", None, 11, 1))
    card.get_by_role("slider", name="Word that looks").press("ArrowLeft")
    check(TEXT, change := replace(change, row=10))
    card.get_by_role("slider", name="Score").press("End")
    check(TEXT, change := replace(change, score=10.0))
    grid = card.locator(".rl-grid").first
    grid.press("Home")
    grid.press("Enter")
    check(TEXT, change := replace(change, column=0, score=None))
    enter(card, "zyxx")
    expect(card.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")
    enter(card, "What is Mercury ?")
    check("What is Mercury ?", replace(change, row=3))
    expect(card.get_by_role("alert")).to_be_hidden()


@of("journey")
def test_journey(card: Locator, llm: LLM) -> None:
    says(card, views.journey(llm, TEXT))
    enter(card, "User: What do lions eat? Assistant: Lions")
    view = views.journey(llm, "User: What do lions eat? Assistant: Lions")
    says(card, view)
    grid = (
        card.get_by_role("group", name=re.compile("First choices")).or_(card.locator("[tabindex='0']")).first
    )
    grid.press("ArrowLeft")
    expect(card.locator(".rl-readout")).to_contain_text(f"be followed by “{view.data.word(8, -1)}” with")
    card.get_by_role("checkbox", name="Every layer").check()
    expect(card).to_contain_text(view.data.word(11, -1))


@of("attention")
def test_attention(card: Locator, llm: LLM) -> None:
    enter(card, "the moon moves around the earth")
    view = views.attention(llm, "the moon moves around the earth")
    says(card, view)
    card.get_by_role("slider", name="Layer").press("Home")
    weights = view.data.weights[0, 0, 0, -1]
    column = view.data.opening[2]
    expect(card.locator(".rl-readout")).to_contain_text(
        f"“{view.data.words[column]}” {weights[column]:.3g} of its"
    )
    card.get_by_role("radio", name="Lines").check(force=True)
    expect(card.get_by_label(re.compile("Attention as lines"))).to_be_visible()


@of("moments")
def test_moments(card: Locator, moments: dict[str, LLM]) -> None:
    enter(card, "the moon moves around the earth")
    view = Attention(moments, "the moon moves around the earth")
    says(card, view)
    _, _, column = view.data.opening
    card.get_by_role("slider", name="Layer").fill("1")
    card.get_by_role("slider", name="Moment").press("Home")
    found = card.locator(".rl-readout").inner_text()
    share = float(re.search(r"gives “.+” (\S+) of", found)[1])
    assert share == pytest.approx(view.data.weights[0, 1, 0, -1, column], rel=5.1e-3)  # three digits


@of("network")
def test_network(card: Locator, llm: LLM) -> None:
    enter(card, "the moon moves")
    says(card, view := views.network(llm, "the moon moves"))
    for layer in (9, 13):
        card.get_by_role("radio", name=f"{layer} {view.data.layers[layer].name}").check(force=True)
        output, numbers = view.data.layers[layer].trace[-1], card.locator(".rl-arrays li").last
        expect(numbers).to_contain_text(f"({output.shape[0]}, {output.shape[1]})")
        expect(numbers).to_contain_text(f"to {output.high:.2f}")


@of("chat")
def test_chat(card: Locator, llm: LLM) -> None:
    answers = card.locator(".rl-answer")

    def said(strategy: Sampling = GREEDY, question: str = "What do lions eat?") -> str:
        return llm.predict(f"User: {question} Assistant:", strategy=strategy).removesuffix(" </s>")

    enter(card, "What do lions eat?", "You")
    expect(answers.last).to_have_text(said())
    card.get_by_role("button", name="What do bees make?").click()
    expect(answers).to_have_count(3)
    expect(answers.last).to_have_text(said(question="What do bees make?"))
    card.get_by_role("slider", name="Temperature").fill("15")
    card.get_by_role("slider", name="Top-k").fill("9")
    card.get_by_role("slider", name="Top-p").fill("11")
    enter(card, "What do lions eat?", "You")
    expect(answers).to_have_count(4)
    expect(answers.last).to_have_text(said(Sampling(1.5, top_k=20, top_p=0.95, seed=3)))
    card.get_by_role("checkbox", name="Probabilities").check()
    expect(answers.last.locator("small").first).to_be_visible()
    card.get_by_role("button", name="Attention of answer 2").click()
    expect(card.locator(".rl-live")).to_contain_text("Attention: which word looks at which")
    enter(card.locator(".rl-live"), "the moon moves")
    says(card.locator(".rl-live"), views.attention(llm, "the moon moves"))
    card.get_by_role("button", name="Close the attention").click()
    enter(card, "zyxx", "You")
    expect(card.get_by_role("alert").first).to_contain_text("no word of this question")


@of("embeddings")
def test_embeddings(card: Locator, llm: LLM, moments: dict[str, LLM]) -> None:
    data = views.embeddings(moments, "sun").data
    readout = card.locator(".rl-readout")
    card.get_by_role("textbox", name="Find").fill("Mars")
    word, cosine = data.nearest(data.words.index("Mars"), 1)[0]
    expect(readout).to_contain_text(f"“Mars” and “{word}” have a cosine of {cosine:.2g}")
    card.get_by_role("textbox", name="Compare").fill("sun planets zyxx")
    expect(readout).to_have_text("Not in the vocabulary: “zyxx”.")
    expect(card.locator(".rl-grid svg").last).to_contain_text("planets")
    card.get_by_role("slider", name="Moment").press("Home")
    expect(card).to_contain_text("before")
    card.get_by_role("radio", name="All words").check(force=True)
    expect(card).not_to_contain_text("lie outside")


@of("tokens")
def test_tokens(card: Locator, llm: LLM) -> None:
    card.get_by_role("textbox").fill("The moon's zyxx!")
    says(card, views.tokens(llm, "The moon's zyxx!"))
    expect(card.locator(".rl-token")).to_have_count(6)


# ---- how fast -----------------------------------------------------------------------------------------------------


FRAME = 16
"""Milliseconds of a picture at 60 a second."""
TICKS = 2
"""How often its budget a change may take: neighbours do not count in a thread's ticks, but share its caches."""


def busy(session: CDPSession) -> float:
    """How many milliseconds the page's thread has computed so far: script, style, layout, and what it paints.

    It does not count while neighbours have the processor.
    """
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["TaskDuration"]


def check_cost(what: str, page: Page, change: Callable[[int], None]) -> None:
    """The median cost of a change, from the event to the paint; what moved before it stands still."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    change(0)
    times = []
    for k in range(1, 25):
        page.evaluate(STILL)
        page.evaluate(SETTLED)
        start = busy(session)
        change(k)
        page.evaluate(SETTLED)
        times.append(busy(session) - start)
    page.evaluate(SETTLED)
    start = busy(session)
    for _ in range(24):
        page.evaluate(SETTLED)
    idle = (busy(session) - start) / 24
    print(
        f"{what}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms; of this asking {idle:.1f} ms"
    )
    assert statistics.median(times) <= TICKS * FRAME


@of("what_if")
def test_a_drag_is_painted_within_a_frame(card: Locator, llm: LLM) -> None:
    assert len(llm.tokenize(LONG)) == 20
    enter(card, LONG)
    card.get_by_role("combobox", name="Change").select_option("score")
    card.scroll_into_view_if_needed()
    box, mouse = card.locator(".rl-grid").first.bounding_box(), card.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"]

    def drag(k: int) -> None:
        mouse.move(x, y - 3 * k)
        if k == 0:
            mouse.down()

    check_cost("what if, a drag", card.page, drag)
    mouse.up()
    expect(card.locator(".rl-readout")).to_contain_text("set to")
    row, column = (
        int(card.get_by_role("slider", name=name).input_value())
        for name in ("Word that looks", "Word looked at")
    )
    score = float(
        re.search(r"set to (\S+) in", card.locator(".rl-readout").inner_text())[1].replace("−", "-")
    )
    says(card, WhatIf(llm, LONG, Change("score", None, row, column, score)))


@of("journey")
def test_a_journey_of_another_text_is_painted_within_a_frame(card: Locator, llm: LLM) -> None:
    card.get_by_role("checkbox", name="Every layer").uncheck()
    handle, texts = card.element_handle(), [LONG, LONG.replace("sun", "moon")]
    check_cost("journey, a text", card.page, lambda k: card.page.evaluate(TYPE, [handle, texts[k % 2]]))
    says(card, views.journey(llm, LONG))
    grid = card.locator("[tabindex='0']").first
    check_cost("journey, another cell", card.page, lambda k: grid.press("ArrowUp"))


def test_models_of_the_page_are_those_that_travel(llm: LLM, page: Page) -> None:
    [packed] = portable([llm])
    assert page.locator(f'script[data-rl-model="{packed.key}"]').count() == 1
