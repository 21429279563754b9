"""The frontier of several processes or machines: the same verbs as the file of one machine, on Redis Streams.

A page waits as an entry of a stream, is held as a pending entry of its holder, and is acknowledged (XACK, XDEL) with its links in
the same script, after it was stored. A holder shows that it lives by a key that runs out; what a dead one held is entered again.
A site is visited by one holder at a time, so that the pace it was promised is kept however many machines take part.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from patrol.addresses import site_of
from patrol.errors import BadInput, StoreError
from patrol.frontier import shared_scripts as scripts
from patrol.frontier.owners import is_dead, this_owner
from patrol.frontier.queue import MAX_ATTEMPTS
from patrol.frontier.records import Closure, Ended, Lane, Planned, Tally
from patrol.frontier.sites import WEIGHT_TO_CLOSE, china_day, weight_of, why_left
from patrol.frontier.turns import SITE_SECONDS, Turns
from patrol.model import Lease, State

ALIVE_SECONDS = 30
FORGET_SECONDS = 7 * 86_400
_BEAT_SECONDS = 8.0
_POLL_SECONDS = 0.1
_FOREVER = 1e12
_SPACE = "patrol:"
_FIELDS = ("url", "source", "platform", "mode", "kind", "keyword", "parent", "page", "depth", "priority", "attempts")
_ASKED_ONCE = ("site", "state", "outcome")
Texts = Sequence[str | None]


@contextmanager
def asking() -> Iterator[None]:
    """Turn what Redis or the way to it may fail with into our own error."""
    try:
        yield
    except RedisError as error:
        raise StoreError(f"连不上待取清单服务器或它拒绝了请求（{error}）；请检查 frontier_url 后再次运行") from error


def connect(url: str) -> Any:
    """Return a connection to the server of `frontier_url`; BadInput when that is no redis:// address."""
    try:
        return Redis.from_url(url, decode_responses=True, socket_timeout=15, socket_connect_timeout=5)
    except ValueError as error:
        raise BadInput("应为 redis://主机:端口/库号", field="frontier_url") from error


class SharedFrontier:
    """The pages to fetch of all runs on one Redis server; see `patrol.frontier.queue.Frontier` for the verbs."""

    def __init__(self, redis: Any, *, clock: Callable[[], float] = time.time, rest_seconds: float = 0.0) -> None:
        self._redis, self._clock, self._rest_seconds = redis, clock, rest_seconds
        self._owner = this_owner()
        self._scripts = {name: redis.register_script(text) for name, text in vars(scripts).items() if name.isupper()}
        self._turns = Turns(redis, _SPACE, self._owner)
        self._ended = threading.Event()
        with asking():
            self._say_alive()
        self._heart = threading.Thread(target=self._beat, name="frontier-alive", daemon=True)
        self._heart.start()

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], float] = time.time, rest_seconds: float = 0.0) -> "SharedFrontier":
        """Reach the server of a redis:// address; StoreError when it does not answer."""
        return cls(connect(url), clock=clock, rest_seconds=rest_seconds)

    def close(self) -> None:
        """Let go of the connection; what is still held is taken back by others once this process is known to be dead."""
        self._ended.set()
        self._heart.join()
        self._redis.close()

    def _say_alive(self) -> None:
        self._redis.set(f"{_SPACE}alive:{self._owner}", "1", ex=ALIVE_SECONDS)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            try:
                self._say_alive()
            except RedisError:  # whoever asks next is told
                continue

    def _run(self, name: str, scope: str, *values: str | float) -> int:
        with asking():
            return int(self._scripts[name](keys=[f"{_SPACE}{scope}:", _SPACE], args=list(values)))

    def add(self, scope: str, pages: Iterable[Planned]) -> int:
        """Plan pages; an address that the run already knows is passed over. Return how many were new."""
        return self._run("ADD", scope, _told(pages))

    def lease(
        self, scope: str, mode: str, room: Callable[[Lane], int], *, limit: int = 64, kind: str = "", suspects: bool = False
    ) -> list[Lease]:
        """Take pages to fetch; a site that another holder visits is passed over."""
        now = self._clock()
        self._run("RIPEN", scope, now)
        shut = self._shut(scope, now)
        taken: list[Lease] = []
        with asking():
            mine = self._turns.sites(scope, self._waiting_sites(scope, mode))
        for site in mine:
            wanted = 0 if site in shut else min(room(Lane(site, self._platform_of(scope, mode, site))), limit - len(taken))
            if wanted > 0:
                taken += self._take(scope, mode, site, kind, wanted=wanted, suspects=suspects)
            if len(taken) >= limit:
                break
        return taken

    def _take(self, scope: str, mode: str, site: str, kind: str, *, wanted: int, suspects: bool) -> list[Lease]:
        day = f"{_SPACE}days:{china_day(self._clock())}"
        values = [mode, site, kind, int(suspects), int(wanted), self._owner, SITE_SECONDS, day]
        with asking():
            rows = self._scripts["TAKE"](keys=[f"{_SPACE}{scope}:", _SPACE], args=values)
        for row in rows:
            self._turns.took(row[0], site)
        return [_lease(row[0], row[1:]) for row in rows]

    def _waiting_sites(self, scope: str, mode: str) -> list[str]:
        with asking():
            waiting: Mapping[str, str] = self._redis.hgetall(f"{_SPACE}{scope}:waiting|{mode}")
        return sorted(site for site, n in waiting.items() if int(n) > 0)

    def _platform_of(self, scope: str, mode: str, site: str) -> str:
        with asking():
            streams = sorted(self._redis.smembers(f"{_SPACE}{scope}:lane|{mode}|{site}"), reverse=True)
            for stream in streams:
                entries = self._redis.xrange(stream, count=1)
                if entries:
                    return str(self._redis.hget(f"{_SPACE}{scope}:page:{entries[0][1]['id']}", "platform") or "")
        return ""

    def finish(self, scope: str, key: str, state: State, follow: Sequence[Planned] = ()) -> int:
        """Acknowledge one page that is stored; see `finish_all`."""
        return self.finish_all(scope, [Ended(key, state, follow)])

    def finish_all(self, scope: str, pages: Iterable[Ended]) -> int:
        """Acknowledge pages that are stored, each with the links it gave in one script; return how many were new."""
        return sum(self._finish(scope, page) for page in pages)

    def _finish(self, scope: str, page: Ended) -> int:
        self._turns.ended(page.key)
        rest = self._rest_seconds if page.state.value.startswith("blocked.") else 0.0
        ended = "done" if page.state.covered else "failed"
        noted = (weight_of(page.state, final=True), WEIGHT_TO_CLOSE, self._clock(), rest)
        return self._run("FINISH", scope, page.key, ended, page.state.value, *noted, _told(page.follow))

    def defer(self, scope: str, key: str, seconds: float, *, state: State, whole_site: bool = False) -> None:
        """Put a page back for later; with `whole_site` all pages of its site wait."""
        self._turns.ended(key)
        weight = weight_of(state, final=False)
        self._run("DEFER", scope, key, state.value, self._clock() + seconds, weight, WEIGHT_TO_CLOSE, int(whole_site))

    def place(self, scope: str, key: str, *, platform: str, mode: str) -> None:
        """Put a held page back under the platform and mode that read it; this attempt does not count."""
        self._turns.ended(key)
        self._run("PLACE", scope, key, platform, mode)

    def close_site(self, scope: str, site: str, state: State) -> None:
        """Fetch no further page of a site in this run."""
        with asking():
            self._redis.hset(f"{_SPACE}{scope}:closed", site, state.value)

    def closures(self, scope: str) -> dict[str, Closure]:
        """Return the sites that are closed in this run, or resting since an earlier one, with the reason."""
        with asking():
            closed: Mapping[str, str] = self._redis.hgetall(f"{_SPACE}{scope}:closed")
        resting = {site: Closure(site, State(state), now_closed=False) for site, state in self._resting(self._clock()).items()}
        return resting | {site: Closure(site, State(state)) for site, state in closed.items()}

    def _resting(self, now: float) -> dict[str, str]:
        with asking():
            rests: Mapping[str, str] = self._redis.hgetall(f"{_SPACE}rests")
        known = {site: json.loads(text) for site, text in rests.items()}
        return {site: str(rest["state"]) for site, rest in known.items() if rest["until"] > now}

    def _paused(self, scope: str) -> dict[str, float]:
        with asking():
            return {site: float(until) for site, until in self._redis.hgetall(f"{_SPACE}{scope}:paused").items()}

    def _shut(self, scope: str, now: float) -> set[str]:
        return {*self.closures(scope), *(site for site, until in self._paused(scope).items() if until > now)}

    def requests_today(self, site: str) -> int:
        """Return how many pages of a site all holders took since midnight in China."""
        with asking():
            return int(self._redis.hget(f"{_SPACE}days:{china_day(self._clock())}", site) or 0)

    def release(self, scope: str) -> int:
        """Put back what this process holds of a run."""
        with asking():
            self._turns.leave(scope)
        return self._run("RELEASE", scope, self._owner)

    def reclaim(self, scope: str, *, blame: bool = False) -> int:
        """Put back what dead holders held: those known to be dead here, and those whose sign of life ran out."""
        with asking():
            others = [owner for owner in self._redis.smembers(f"{_SPACE}{scope}:owners") if owner != self._owner]
            gone = [owner for owner in others if is_dead(owner) or not self._redis.exists(f"{_SPACE}alive:{owner}")]
            for owner in gone:
                self._redis.delete(f"{_SPACE}alive:{owner}")
        return sum(self._run("RECLAIM", scope, owner, int(blame), MAX_ATTEMPTS, State.CHANGED.value) for owner in gone)

    def due(self, scope: str, mode: str, *, before: float) -> float | None:
        """Return when the next page may be taken, or None when none can before `before`."""
        now, closed, paused = self._clock(), self.closures(scope), self._paused(scope)
        times = [max(now, paused.get(site, 0.0)) for site in self._waiting_sites(scope, mode) if site not in closed]
        with asking():
            later = self._redis.zrangebyscore(f"{_SPACE}{scope}:deferred", "-inf", min(before, _FOREVER / 2), withscores=True)
            for key, at in later:
                its_mode, site = self._redis.hmget(f"{_SPACE}{scope}:page:{key}", "mode", "site")
                if its_mode == mode and site not in closed:
                    times.append(max(at, paused.get(site, 0.0)))
        soonest = min(times, default=None)
        if soonest is None or soonest >= before:
            return None
        # others may visit the sites whose pages wait: asked again soon, not at once
        return max(soonest, now + _POLL_SECONDS)

    def has_waiting(self, scope: str, mode: str, kind: str) -> bool:
        """Tell whether a page of a kind waits."""
        with asking():
            return int(self._redis.hget(f"{_SPACE}{scope}:kinds|{mode}", kind) or 0) > 0

    def held_by_others(self, scope: str) -> int:
        """Return how many pages of a run other holders have."""
        with asking():
            owners = [owner for owner in self._redis.smembers(f"{_SPACE}{scope}:owners") if owner != self._owner]
            return sum(int(self._redis.scard(f"{_SPACE}{scope}:held:{owner}")) for owner in [*owners, "desk"])

    def open_modes(self, scope: str) -> dict[str, int]:
        """Return how many pages are not ended, by mode."""
        with asking():
            return {mode: int(n) for mode, n in self._redis.hgetall(f"{_SPACE}{scope}:modes").items() if int(n) > 0}

    def taken(self, scope: str) -> int:
        """Return how many pages were fetched, given up or are held by anyone, pictures not counted."""
        with asking():
            return sum(int(n or 0) for n in self._redis.hmget(f"{_SPACE}{scope}:meta", "taken", "held"))

    def addresses(self, scope: str) -> list[str]:
        """Return every address a run ever planned, in the order of planning."""
        with asking():
            seen: Mapping[str, str] = self._redis.hgetall(f"{_SPACE}{scope}:seen")
        return sorted(seen, key=lambda url: int(seen[url]))

    def tally(self, scope: str) -> Tally:
        """Return how a run stands."""
        with asking():
            counts = {name: int(n) for name, n in self._redis.hgetall(f"{_SPACE}{scope}:counts").items() if int(n)}
        waiting = counts.pop("open", 0)
        return Tally(waiting, sum(counts.values()), counts)

    def leftovers(self, scope: str, *, limit: int = 500) -> list[tuple[Lease, State, str]]:
        """Return pages that will not be fetched any more, each with the state and reason to record."""
        closures = self.closures(scope)
        with asking():
            keys = self._redis.zrange(f"{_SPACE}{scope}:open", 0, -1)[:limit]
            asked = self._redis.pipeline(transaction=False)
            for key in keys:
                asked.hmget(f"{_SPACE}{scope}:page:{key}", *_FIELDS, *_ASKED_ONCE)
            rows: list[list[str]] = asked.execute()
        left = []
        for key, row in zip(keys, rows, strict=True):
            site, state, outcome = row[len(_FIELDS) :]
            if state in {"waiting", "deferred"}:
                lease = _lease(key, row[: len(_FIELDS)])
                left.append((lease, *why_left(closures.get(site), outcome, lease.attempts >= MAX_ATTEMPTS)))
        return left

    def hand_over(self, scope: str, key: str, parcel: str) -> bool:
        """Give a held page, read, to the desk that stores it; False when it is not held by this process any more."""
        return self._run("HAND_OVER", scope, key, self._owner, parcel) == 1

    def let_go(self, key: str) -> None:
        """Note that a page was handed over: its site may go to another holder once none is left."""
        self._turns.ended(key)

    def parcels(self, scope: str, *, limit: int = 16) -> dict[str, str]:
        """Return what was handed over and not received yet, by its number, oldest first."""
        with asking():
            return {number: fields["parcel"] for number, fields in self._redis.xrange(f"{_SPACE}{scope}:parcels", count=limit)}

    def received(self, scope: str, numbers: Iterable[str]) -> None:
        """Forget parcels whose pages are stored and acknowledged."""
        with asking():
            self._redis.xdel(f"{_SPACE}{scope}:parcels", *numbers)

    def lease_of(self, scope: str, key: str) -> Lease | None:
        """Return the lease of a page that another process took; None when there is no such page."""
        with asking():
            row = self._redis.hmget(f"{_SPACE}{scope}:page:{key}", *_FIELDS)
        return _lease(key, row) if row[0] is not None else None

    def offer(self, scope: str, job: str) -> None:
        """Tell other machines of a run that they may join."""
        with asking():
            self._redis.hsetnx(f"{_SPACE}offers", scope, job)

    def offers(self) -> dict[str, str]:
        """Return the runs that may be joined: the job of each, by scope."""
        with asking():
            return dict(self._redis.hgetall(f"{_SPACE}offers"))

    def withdraw(self, scope: str) -> None:
        """Take the offer back, and let everything known of the run be forgotten after a week."""
        with asking():
            self._redis.hdel(f"{_SPACE}offers", scope)
            for key in self._redis.scan_iter(match=f"{_SPACE}{scope}:*", count=1000):
                self._redis.expire(key, FORGET_SECONDS)


def _told(pages: Iterable[Planned]) -> str:
    return json.dumps([{**asdict(page), "site": site_of(page.url)} for page in pages])


def _lease(key: str, row: Sequence[str]) -> Lease:
    url, source, platform, mode, kind, keyword, parent, page, depth, priority, attempts = row
    return Lease(
        key=key,
        url=url,
        source=source,
        platform=platform,
        mode=mode,
        kind=kind,
        keyword=keyword,
        parent=parent,
        page=int(page),
        depth=int(depth),
        priority=int(priority),
        attempts=int(attempts),
    )
