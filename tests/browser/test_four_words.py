"""The four words in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view, drag

SETUP = "from rustgpt_lab import views"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "The query of “boat”")
    lab.press("Shift+ArrowDown", "ArrowRight")  # from (0.5, 2.4); the key of “red” is (0.4, 1.9)
    assert lab.says(view).startswith(
        "“boat” looks at “red”: q · k = 0.6 × 0.4 + 1.9 × 1.9 = 3.85; divided by √2"
    )
    lab.reach(view, "The key of “the”")
    lab.press("ArrowUp")
    lab.reach(view, "The value of “red”")
    lab.press("ArrowRight")
    lab.reach(view, "boat")
    lab.press("ArrowRight")
    assert lab.says(view).startswith("“sails” looks at “red”: ")
    lab.reach(view, "Mask")
    lab.press("Space")
    lab.reach(view, "The scores: ")
    lab.press("Home", "PageUp", "End")
    assert lab.says(view).startswith("“the” looks at “sails”: ")
    lab.reach(view, "Mask")
    lab.press("Space")
    assert lab.says(view).startswith("“the” cannot look at “sails”: the mask hides what comes later")
    lab.reach(view, "As it was")
    lab.press("Enter")
    lab.reach(view, "the")
    lab.press("ArrowRight", "ArrowRight")
    assert view.locator(".rl-plane").first.locator(".rl-chosen").text_content() == "q boat"


def test_four_words(lab: Lab) -> None:
    check_view(lab, "four_words", SETUP, "views.four_words()", drive, "input[type=checkbox]")


def test_a_key_can_be_dragged_and_the_weights_follow(lab: Lab) -> None:
    with lab.notebook("four_words_drag", SETUP, "views.four_words()"):
        view = lab.views.first
        maps = "maps => maps.map(map => map.numbers()[3].slice(1).map(Number))"
        grids = view.locator(".rl-grid")
        before = grids.evaluate_all(maps)
        drag(lab, view.get_by_role("slider", name="The key of “red”"), 0, 150)
        after = grids.evaluate_all(maps)
        assert after[0][1] < before[0][1] - 1, "q · k"
        assert after[3][1] < before[3][1] - 0.1, "the weight of “red” for “boat”"
        assert abs(sum(after[3]) - 1) < 1e-9
        assert [after[0][k] for k in (0, 2, 3)] == [before[0][k] for k in (0, 2, 3)]
        drag(lab, view.get_by_role("slider", name="The query of “sails”"), -30, 0)
        expect(view.locator(".rl-readout")).to_contain_text("“sails” looks at “red”")
        lab.check_quiet()
