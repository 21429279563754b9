"""What travels between the sweep and the capture process, one JSON line each: orders there, results back."""

from datetime import datetime

from patrol.vault.model import BrowserFacts, EvidenceState, Record


class Order(Record):
    """One page to be shown and taken: `device` is `phone` or `desktop`; `steps` say how an officer would get there."""

    number: str
    url: str
    platform: str = ""
    device: str = "desktop"
    steps: tuple[str, ...] = ()


class Limits(Record):
    """What one page may cost: seconds for all of it and for loading, bytes kept of what it loads, pixels of its picture.

    `recording_frames` is how many frames a screen recording has at most; 0: none is made.
    """

    seconds: float = 30.0
    load_seconds: float = 15.0
    settle_seconds: float = 3.0
    resource_bytes: int = 4_000_000
    total_bytes: int = 12_000_000
    height: int = 20_000
    pages_per_browser: int = 40
    recording_frames: int = 0


class Job(Record):
    """The first line to the capture process. `introduction` is added to the device's usual words; `user_agent` replaces them."""

    browser: str
    folder: str
    workers: int = 2
    allow_loopback: bool = False
    user_agent: str = ""
    introduction: str = ""
    limits: Limits = Limits()


class TakenFile(Record):
    """A file that the capture process left in its folder."""

    role: str
    name: str
    media_type: str


class Fatal(Record):
    """The last line of a capture process that cannot work at all (its browser does not start)."""

    fatal: str


class Taken(Record):
    """The result of one order; its files lie in `folder`."""

    order: Order
    folder: str
    state: EvidenceState
    missing: tuple[str, ...] = ()
    files: tuple[TakenFile, ...] = ()
    facts: BrowserFacts
    started_at: datetime
    finished_at: datetime
    crashed: bool = False
