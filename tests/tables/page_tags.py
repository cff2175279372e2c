"""The tags of a page, and whether they are closed."""

from __future__ import annotations

from collections.abc import Set
from html.parser import HTMLParser


class Tags(HTMLParser):
    """Every tag with its attributes; `balanced` where each but the void ones is closed in turn."""

    def __init__(self, text: str, void: Set[str]) -> None:
        super().__init__()
        self.void = void
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.balanced = True
        self.feed(text)
        self.balanced &= not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.open) and self.open.pop() == tag
