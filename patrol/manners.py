"""How gently a site is visited: the platform's pace, stretched or (for the demo on this very machine alone) shortened."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from patrol.addresses import Address, numeric_address
from patrol.platforms import Pace
from patrol.settings import Settings

FIRST_WAIT_SECONDS = 20.0
WAIT_FACTOR = 4.0
LONGEST_CRAWL_DELAY = 60.0
OWN_MACHINE_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Manners:
    """The pace kept with one site: mean seconds between two requests, their spread (0..1), requests at once."""

    delay: float
    spread: float
    concurrency: int


def pace_factor(settings: Settings, site: str) -> float:
    """Return the factor on every waiting time; below 1 it holds for this machine's own addresses only."""
    factor = max(0.0, settings.number("pace_factor"))
    return factor if factor >= 1 or is_own_machine(site) else 1.0


def is_own_machine(site: str) -> bool:
    """Tell whether a site (host, perhaps with a port) is this machine."""
    host = site.rpartition("]")[0] + "]" if site.startswith("[") else site.partition(":")[0]
    address: Address | None = numeric_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def manners_of(pace: Pace, settings: Settings, site: str, *, crawl_delay: float = 0.0) -> Manners:
    """Return the pace to keep with a site; a `Crawl-delay` of its robots.txt slows it further, up to a minute.

    This machine itself, without any waiting asked for (the demo), gets more at once than a stranger's site ever does.
    """
    low, high = pace.delay
    factor = pace_factor(settings, site)
    if factor == 0:
        return Manners(0.0, 0.0, max(pace.concurrency, OWN_MACHINE_AT_ONCE))
    asked = min(crawl_delay, LONGEST_CRAWL_DELAY)
    mean = max((low + high) / 2 * factor, asked)
    spread = (high - low) / (high + low) if high > 0 else 0.0
    return Manners(mean, spread, 1 if asked else pace.concurrency)


def retry_after(header: str, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or a date), or None when it says nothing usable."""
    text = header.strip()
    if text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError):
        return None


def back_off(settings: Settings, site: str, attempts: int) -> float:
    """Return how long to leave a failing page alone: longer after each attempt."""
    return FIRST_WAIT_SECONDS * WAIT_FACTOR ** (attempts - 1) * pace_factor(settings, site)


def daily_cap(pace: Pace, settings: Settings, site: str) -> int:
    """Return how many pages of a site may be taken in a day (0: no cap); the demo on this machine has none."""
    return 0 if pace_factor(settings, site) == 0 else pace.daily
