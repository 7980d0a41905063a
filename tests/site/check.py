"""What was built, checked: every link within the site leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
"""Tag -> the attribute whose address a browser loads by itself."""
LEADS = ("canonical", "index", "search", "next", "prev")
"""What a <link> only leads to."""
FROM_ELSEWHERE = re.compile(r"(?:url\(|\b(?:import|from)\b|fetch\()\s*[\"']?(https?://[^\"')\s]+)")
"""In a script or a style sheet."""


class Page(HTMLParser):
    """The ids, the links and the loads of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loads = set[str](), list[str](), list[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if (
            tag in LOADS
            and LOADS[tag] in given
            and given.get("rel") not in ("canonical", "index", "search", "next", "prev")
        ):
            self.loads.append(given[LOADS[tag]])


def check(site: Path) -> tuple[int, int]:
    """Count the pages and their links within the site.

    Raises:
        SystemExit: with all problems, if there are any.
    """
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    problems, inner = list[str](), 0
    for path, page in pages.items():
        name = path.relative_to(site)
        for address in page.loads:
            if urlsplit(address).scheme not in ("", "data"):
                problems.append(f"{name} loads {address}")
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            inner += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                problems.append(f"{name} leads to {address}, which is not there")
            elif (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].ids | {"top"}
            ):
                problems.append(f"{name} leads to {address}, where nothing has that id")
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for address in FROM_ELSEWHERE.findall(code):
            problems.append(f"{path.relative_to(site)} loads {address}")
    if problems:
        raise SystemExit("\n".join(problems))
    return len(pages), inner
