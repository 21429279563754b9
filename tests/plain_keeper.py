"""A keeper of pages for tests of crawling: one JSON line a page, nothing judged."""

import json
from collections.abc import Sequence
from pathlib import Path

from patrol.model import Campaign, PageResult
from patrol.settings import Settings

FILE_NAME = "kept.jsonl"


class PlainKeeper:
    """Write each page as a line at once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    @classmethod
    def open(cls, settings: Settings, _campaign: Campaign, **_: str) -> "PlainKeeper":
        return cls(settings.workspace / FILE_NAME)

    def record_page(self, result: PageResult) -> list[object]:
        visit = result.visit
        line = {
            "url": visit.url,
            "state": visit.state.value,
            "reason": visit.reason,
            "kind": visit.kind,
            "status": visit.status,
            "texts": [post.text for post in result.posts],
            "captures": [post.capture.sha256 for post in result.posts if post.capture],
            "sha256": visit.sha256,
            "redirects": [hop.url for hop in result.capture.redirects] if result.capture else [],
            "steps": list(result.capture.steps) if result.capture else [],
            "coding": result.capture.content_encoding if result.capture else "",
            "ip": result.capture.ip_address if result.capture else "",
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()
        return []

    def record_pages(self, results: Sequence[PageResult]) -> list[list[object]]:
        return [self.record_page(result) for result in results]

    def close(self) -> None:
        self._file.close()
