"""What was published on a page: the unit that is screened."""

from dataclasses import dataclass
from datetime import datetime

from patrol.model.pages import Capture


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniProgram:
    """A mini-program that a page points to; it opens only on a phone, so an officer has to look."""

    appid: str
    path: str = ""
    nickname: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What was published on one page, or one entry of it: the unit that is screened.

    `key` is the natural key: the canonical URL (with `#part` for a floor or a comment that is judged alone).
    `published_shown` is the time as the page writes it, `published_at` its parsed value; `precision` is second, minute, day or
    none.
    """

    key: str
    platform: str
    url: str
    title: str = ""
    text: str = ""
    author: str = ""
    author_id: str = ""
    published_at: datetime | None = None
    published_shown: str = ""
    region: str = ""
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    mini_programs: tuple[MiniProgram, ...] = ()
    image_texts: tuple[str, ...] = ()
    sponsored: bool = False
    kind: str = "detail"
    extra: tuple[tuple[str, str], ...] = ()
    capture: Capture | None = None
