"""A notebook as a page of its own: no kernel, no network."""

from pathlib import Path

from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect

from rustgpt_lab import views
from rustgpt_lab.bootstrap import ROOT

PICTURES = "twins => twins.map(twin => [...twin.querySelectorAll('img')].map(img => img.naturalWidth))"


def test_the_exported_gallery_reads_whole_without_kernel_and_network(
    browser: Browser, tmp_path: Path
) -> None:
    page_file = tmp_path / "gallery.html"
    html, _ = HTMLExporter().from_filename(ROOT / "notebooks" / "gallery.ipynb")
    page_file.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.route(
        "**/*",
        lambda route: (
            route.continue_() if route.request.url.startswith(("file:", "data:")) else route.abort()
        ),
    )
    page.goto(page_file.as_uri())
    twins = page.locator(".rl-twin")
    assert twins.count() >= len(views.__all__)
    for twin in twins.all():
        expect(twin).to_be_visible()
        assert len(twin.inner_text().split()) > 3, "a sentence says what the picture shows"
    for widths in twins.evaluate_all(PICTURES):
        assert widths and min(widths) > 99, "a picture that was not loaded has no width"
    page.close()
