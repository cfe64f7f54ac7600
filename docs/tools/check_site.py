"""Checks the built site: links lead somewhere, pictures have a text, and nothing is fetched from another host.

Run as ``python docs/tools/check_site.py site``.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

_FETCHED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}


class _Page(HTMLParser):
    """Links, anchors and what is fetched, of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.without_text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get(_FETCHED.get(tag, ""), "") and given.get("rel") not in ("canonical", "next", "prev"):
            self.fetched.append(given[_FETCHED[tag]])
        if tag == "img" and not given.get("alt"):
            self.without_text.append(given.get("src", ""))


def faults(site: Path) -> list[str]:
    """Return what is wrong with the pages of a folder, a sentence each."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    told = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        told += [f"{name}: the picture {source} has no text." for source in page.without_text]
        told += [f"{name}: {link} is fetched from another host." for link in page.fetched if urlsplit(link).netloc]
        if name.name != "404.html":  # its links begin at the root of a server
            links = page.links + page.fetched
            told += [f"{name}: {link} leads nowhere." for link in links if not _leads(link, path, pages)]
    return told


def _leads(link: str, page: Path, pages: dict[Path, _Page]) -> bool:
    address, anchor = urldefrag(link)
    if urlsplit(link).scheme or urlsplit(link).netloc:
        return True
    target = (page.parent / unquote(address)).resolve() if address else page
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file():
        return False
    return not anchor or target not in pages or unquote(anchor) in pages[target].anchors | {"__skip"}


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]))
    sys.exit("\n".join(found) or None)
