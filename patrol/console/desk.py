"""What every page of the console needs: settings, a store for each thread, the vault, campaigns, lists, what was started."""

import hashlib
import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar, cast
from weakref import WeakSet

from detectors import Detector
from patrol import settings as settings_module
from patrol.allowing import rule_files
from patrol.campaigns import china_today, load_campaign
from patrol.console.limits import Limits
from patrol.console.tasks import Tasks
from patrol.errors import BadInput, PatrolError
from patrol.licences import Entry, Index, load_list, load_lists
from patrol.listing import index_on
from patrol.model import Campaign
from patrol.platforms import Platform, load_platform, platform_names
from patrol.settings import Settings
from patrol.source_names import source_title
from patrol.store import Store
from patrol.store.accounts import AccountBook
from patrol.store.audit import AuditBook
from patrol.store.clock import ClockBook
from patrol.store.console import ConsoleBook
from patrol.store.console_allowing import AllowBook
from patrol.store.console_overview import OverviewBook
from patrol.store.console_work import WorkBook
from patrol.store.handling import HandlingBook
from patrol.store.lists import ListStore, ListVersion
from patrol.store.reviewing import ReviewBook
from patrol.store.searching import SearchBook
from patrol.vault.vault import Vault

Answer = TypeVar("Answer")
_STALE_TIMES = 5
_RESTS = 20
_log = logging.getLogger("patrol.console")


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the console and its evidence viewer are reached (`http://127.0.0.1:8765`): two origins, so that nothing captured can
    touch the console."""

    console: str
    evidence: str


class Books:
    """One thread's way into the database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.accounts, self.audit, self.review = AccountBook(store), AuditBook(store), ReviewBook(store)
        self.leads, self.overview, self.work = ConsoleBook(store), OverviewBook(store), WorkBook(store)
        self.search, self.handling, self.lists = SearchBook(store), HandlingBook(store), ListStore(store.database)
        self.allowing, self.clock = AllowBook(store), ClockBook(store)


@dataclass(slots=True)
class _Kept:
    value: object
    until: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Desk:
    """The console's state: one per process. Threads share it; each has a database connection of its own."""

    def __init__(self, settings: Settings, origins: Origins) -> None:
        self.settings, self.origins = settings, origins
        self.workspace: Path = settings.workspace
        # forms and packages ask the settings for the workspace themselves, as they do for the command line
        settings_module.choose(workspace=str(self.workspace))
        self._local = threading.local()
        # weak: a thread that ends takes its connection with it
        self._opened: WeakSet[Store] = WeakSet()
        self._preferred: list[str] = []
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._remaking = ThreadPoolExecutor(1, "remaking")
        self._copies = tempfile.TemporaryDirectory(prefix="patrol-words-")
        self.limits = Limits()
        self.vault = Vault.of(settings)
        self.tasks = Tasks(self.workspace, lambda: self.books.work)
        self.setup_token = secrets.token_urlsafe(24)
        self.secret = self.books.work.keep_fact("evidence_secret", secrets.token_hex(32))
        self.tasks.tidy()
        for trial in (self.workspace / "rules").glob("trial-*.yml"):
            # earlier versions left them among the rules that count
            trial.unlink()
        self._take_in_own_campaigns()

    @property
    def books(self) -> Books:
        """This thread's books; opened at the first use."""
        known = getattr(self._local, "books", None)
        if known is None:
            known = Books(Store.open(self.workspace))
            self._local.books = known
            with self._lock:
                self._opened.add(known.store)
        return cast("Books", known)

    def close(self) -> None:
        """Stop what was started and close every connection."""
        self.tasks.stop_all()
        self._remaking.shutdown(cancel_futures=True)
        self._copies.cleanup()
        with self._lock:
            for store in list(self._opened):
                store.close()
            self._opened.clear()

    def remembered(self, key: str, seconds: float, make: Callable[[], Answer]) -> Answer:
        """Return what `make` gave within the last seconds. When that has run out it is made anew in the background and the old
        is taken once more; only who comes first, or after a long pause, waits."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept(None, 0.0))
        now = time.monotonic()
        if now < kept.until:
            return cast("Answer", kept.value)
        if kept.until and now < kept.until + _STALE_TIMES * seconds:
            old = kept.value
            if kept.lock.acquire(blocking=False):
                self._remaking.submit(self._remake, kept, seconds, make)
            return cast("Answer", old)
        with kept.lock:
            if time.monotonic() >= kept.until:
                kept.value, kept.until = make(), time.monotonic() + seconds
            return cast("Answer", kept.value)

    @staticmethod
    def _remake(kept: _Kept, seconds: float, make: Callable[[], object]) -> None:
        """Make a value anew; who sent this holds its lock. A failure leaves the old one to run out."""
        began = time.monotonic()
        try:
            kept.value = make()
            ended = time.monotonic()
            # what takes long is made less often: at most a twentieth of the time goes into it
            kept.until = ended + max(seconds, _RESTS * (ended - began))
        except PatrolError as error:
            _log.warning("kept value not renewed: %s", error)
        finally:
            kept.lock.release()

    def forget(self, prefix: str) -> None:
        """Let what was remembered under a prefix be made anew."""
        with self._lock:
            for key in [key for key in self._kept if key.startswith(prefix)]:
                del self._kept[key]

    # campaigns

    def campaigns(self) -> list[tuple[str, str]]:
        """Return (id, title) of every campaign that is known, the one to open with first: one the console was started for, then
        one whose file says that it runs today, then one where leads wait; among equals the latest used."""
        known = dict(self.books.work.campaigns())
        for identity in self.books.work.campaign_files():
            if identity not in known and (campaign := self.campaign(identity)):
                known[identity] = campaign.title
        closed, waiting = self.books.clock.closed_campaigns(), self.books.leads.waiting()
        return sorted(known.items(), key=lambda one: self._rank(one[0], closed=one[0] in closed, waits=one[0] in waiting))

    def _rank(self, identity: str, *, closed: bool, waits: bool) -> tuple[bool, bool, bool, bool]:
        campaign = self.campaign(identity)
        runs = campaign is not None and not closed and campaign.start <= china_today() <= campaign.end
        return identity not in self._preferred, not runs, not waits, campaign is None

    def campaign(self, identity: str) -> Campaign | None:
        """Return a campaign from its file; None when the console does not know its file, or it cannot be read any more."""
        path = self.books.work.campaign_files().get(identity, "")
        if not path or not Path(path).is_file():
            return None
        key = f"campaign:{path}:{Path(path).stat().st_mtime_ns}"
        try:
            return self.remembered(key, 3600, lambda: load_campaign(Path(path)))
        except BadInput:
            return None

    def register_campaign(self, path: Path) -> Campaign:
        """Take a campaign file in; BadInput when it is wrong."""
        campaign, now = load_campaign(path.resolve()), datetime.now(UTC)
        self.books.store.save_campaign(campaign, path.read_text(encoding="utf-8-sig"), now)
        self.books.work.remember_campaign(campaign.id, str(path.resolve()), campaign.title, now)
        self.forget("campaign:")
        return campaign

    def _take_in_own_campaigns(self) -> None:
        """Take in the workspace's campaign files that nobody registered; a faulty one stays out (`campaign check` tells why)."""
        known = self.books.work.campaign_files()
        for path in sorted((self.workspace / "campaigns").glob("*.toml")):
            try:
                if load_campaign(path).id not in known:
                    self.register_campaign(path)
            except BadInput as error:
                _log.warning("campaign file left out: %s", error)

    def prefer_campaign(self, path: Path) -> Campaign:
        """Take a campaign file in, as one of those this console is started for; BadInput when it is wrong."""
        campaign = self.register_campaign(path)
        self._preferred.append(campaign.id)
        return campaign

    # lists and platforms

    def platforms(self) -> Mapping[str, Platform]:
        """Return every platform by name, the workspace's own too; one whose file is faulty is left out."""
        return self._read_platforms()[0]

    def platform_faults(self) -> list[str]:
        """Return what is wrong with platform files that could not be read."""
        return self._read_platforms()[1]

    def _read_platforms(self) -> tuple[dict[str, Platform], list[str]]:
        return self.remembered("platforms", 60, self._load_platforms)

    def _load_platforms(self) -> tuple[dict[str, Platform], list[str]]:
        folders = (self.workspace / "platforms",)
        found: dict[str, Platform] = {}
        faults: list[str] = []
        for name in platform_names(folders):
            try:
                found[name] = load_platform(name, folders)
            except BadInput as error:
                # one faulty file must not close every page of the console
                faults.append(str(error))
        return found, faults

    def platform_title(self, name: str) -> str:
        """Return how officers call a platform, or a source that is none."""
        known = self.platforms().get(name)
        return known.title if known else source_title(name)

    def index(self, day: date | None = None) -> Index | None:
        """Return the workspace's lists as they hold on a day (today), made ready; None when none was imported."""
        on = day or china_today()
        versions = "|".join(version.label for version in self.books.lists.versions_on(on))
        answers = len(self.books.lists.answers())
        return self.remembered(f"index:{on}:{versions}:{answers}", 3600, lambda: index_on(self.books.lists, on))

    def file_index(self, campaign: Campaign | None) -> Index | None:
        """Return the lists that a campaign's file names, made ready; None when it names none that can be read."""
        files = [Path(name) for name in (campaign.whitelists if campaign else ()) if Path(name).is_file()]
        if not files:
            return None
        return self.remembered(f"index:{files}", 3600, lambda: Index(load_lists(files)))

    def detector(self) -> Detector:
        """Return the detector with the bureau's own words as they stand now."""
        contents = [file.read_bytes() for file in rule_files(self.workspace)]
        digest = hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]
        return self.remembered(f"detector:{digest}", 3600, lambda: self._detector(digest, contents))

    def _detector(self, digest: str, contents: Sequence[bytes]) -> Detector:
        """Make a detector from copies of the files: word files are read once a process for each name."""
        folder = Path(self._copies.name)
        files = tuple(folder / f"{digest}-{place}.yml" for place in range(len(contents)))
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        return Detector(extra_rules=files)

    def entries(self) -> Mapping[str, Entry]:
        """Return the list entries that hold today, and those of the campaigns' files, by name."""
        versions = self.books.lists.versions_on(china_today())
        files = [name for identity, _ in self.campaigns() if (c := self.campaign(identity)) for name in c.whitelists]
        key = f"entries:{'|'.join(version.label for version in versions)}:{'|'.join(files)}"
        return self.remembered(key, 3600, lambda: self._entries(versions, files))

    def _entries(self, versions: Sequence[ListVersion], files: Sequence[str]) -> dict[str, Entry]:
        found = [entry for version in versions for entry in self.books.lists.entries(version)]
        found += [entry for name in files if Path(name).is_file() for entry in load_list(Path(name), strict=False).entries]
        return {entry.name: entry for entry in found}
