"""Whose turn a site is: of those who fetch for one run, each has its share of the sites, so that each site keeps its one pace."""

import time
from collections import Counter
from typing import Any

from patrol.frontier.owners import is_dead

SITE_SECONDS = 60
JOINED_SECONDS = 30.0


class Turns:
    """The sites that one holder visits in one run. `space` is the prefix of all keys, `owner` the holder."""

    def __init__(self, redis: Any, space: str, owner: str) -> None:
        self._redis, self._space, self._owner = redis, space, owner
        self._held: dict[str, str] = {}
        self._out: Counter[str] = Counter()

    def took(self, key: str, site: str) -> None:
        """Note a page that is held."""
        self._held[key] = site
        self._out[site] += 1

    def ended(self, key: str) -> None:
        """Note a page that is held no more."""
        site = self._held.pop(key, "")
        if site:
            self._out[site] -= 1

    def sites(self, scope: str, waiting: list[str]) -> list[str]:
        """Return the sites that this holder may take pages of now; sites beyond its share are left to the others."""
        joined, now = f"{self._space}{scope}:joined", time.time()
        self._redis.zadd(joined, {self._owner: now + JOINED_SECONDS})
        self._redis.zremrangebyscore(joined, "-inf", now)
        if not waiting:
            return []
        share = -(-len(waiting) // max(1, int(self._redis.zcard(joined))))
        holders = dict(zip(waiting, self._redis.mget([f"{self._space}site:{site}" for site in waiting]), strict=True))
        mine = [site for site in waiting if holders[site] == self._owner]
        for site in mine[share:]:
            if not self._out[site]:
                self._redis.delete(f"{self._space}site:{site}")
        free = [site for site in waiting if holders[site] is None or self._is_gone(holders[site])]
        return [*mine[:share], *free[: max(0, share - len(mine))]]

    def _is_gone(self, holder: str) -> bool:
        if holder == self._owner:
            return False
        if is_dead(holder):
            self._redis.delete(f"{self._space}alive:{holder}")
            return True
        return not self._redis.exists(f"{self._space}alive:{holder}")

    def leave(self, scope: str) -> None:
        """Give up every site and the place among those who fetch for this run."""
        self._redis.zrem(f"{self._space}{scope}:joined", self._owner)
        for site in {*self._held.values(), *self._out}:
            if self._redis.get(f"{self._space}site:{site}") == self._owner:
                self._redis.delete(f"{self._space}site:{site}")
        self._held.clear()
        self._out.clear()
