"""How often somebody may ask: token buckets by name, in memory."""

import threading
import time
from dataclasses import dataclass

_MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` at once, filled up again at `per_minute`."""

    burst: float
    per_minute: float


LOGIN = Rate(10, 10)
WRITE = Rate(120, 240)
READ = Rate(300, 900)
REPORT = Rate(20, 20)


class Limits:
    """Buckets of one process."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, who: str, rate: Rate) -> float:
        """Take one from a bucket; return 0 when there was one, else the seconds until there is."""
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.clear()
            level, at = self._buckets.get(who, (rate.burst, now))
            level = min(rate.burst, level + (now - at) * rate.per_minute / 60)
            if level >= 1:
                self._buckets[who] = (level - 1, now)
                return 0.0
            self._buckets[who] = (level, now)
            return (1 - level) * 60 / rate.per_minute
