"""The merging of byte pairs in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import views"
SHOW = "views.byte_pairs('the thin thief thought that the other thieves had it')"


def words(view: Locator) -> list[str]:
    return [
        "·".join(word.locator(".rl-piece").all_inner_texts()) for word in view.locator(".rl-pieces li").all()
    ]


def drive(lab: Lab, view: Locator) -> None:
    assert words(view)[:2] == ["t·h·e", "t·h·i·n"]
    assert view.locator(".rl-pair").count() == 8, "the pair that comes next is framed"
    lab.reach(view, "Next")
    lab.press("Enter")
    assert words(view)[:2] == ["th·e", "th·i·n"]
    assert lab.says(view).startswith(
        "1 merge, 35 pieces for 43 letters; the most frequent pair is “th” and “e”, 3 times"
    )
    lab.press("Enter")
    assert view.locator(".rl-tokens li").all_inner_texts() == ["th\nt + h: 8", "the\nth + e: 3"]
    lab.shot(view, "byte_pairs_merged")
    lab.reach(view, "Merges")
    lab.press("End")
    assert lab.says(view).endswith("no pair occurs twice: done.")
    lab.press("Home")
    lab.reach(view, "Text")
    lab.press("Control+a")
    lab.page.keyboard.type("aaaa b")
    assert words(view) == ["a·a·a·a", "b"]
    lab.reach(view, "Play")
    lab.press("Enter")
    lab.page.wait_for_timeout(1200)
    assert words(view) == ["aa·aa", "b"]
    lab.reach(view, "Text")
    lab.press("Control+a", "Delete")
    assert lab.says(view) == "0 merges, 0 pieces for 0 letters; no pair occurs twice: done."


def test_byte_pairs(lab: Lab) -> None:
    check_view(lab, "byte_pairs", SETUP, SHOW, drive, "input[type=text]")
