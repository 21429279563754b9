"""One page in the making: what was ordered, what was taken so far, what is missing."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from playwright.async_api import Error as BrowserError
from playwright.async_api import Response

from patrol.guard_proxy import GuardProxy
from patrol.vault.model import SubResponse
from patrol.vault.orders import Limits, Order, TakenFile

T = TypeVar("T")


@dataclass(slots=True)
class Work:
    """What was taken so far of one order; read also when time runs out."""

    order: Order
    limits: Limits
    folder: Path
    started_at: datetime
    proxy: GuardProxy
    files: list[TakenFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    responses: list[tuple[datetime, Response]] = field(default_factory=list)
    kept: list[SubResponse] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    crashed: bool = False

    def keep(self, role: str, name: str, media_type: str, data: bytes) -> None:
        """Write one artefact into the order's folder."""
        (self.folder / name).write_bytes(data)
        self.files.append(TakenFile(role=role, name=name, media_type=media_type))


async def attempt(awaitable: Awaitable[T]) -> T | None:
    """Return None for what the browser refuses; the result then lists the artefact as missing."""
    try:
        return await awaitable
    except BrowserError:
        return None
