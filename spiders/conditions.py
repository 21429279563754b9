"""Does a test of platform.yml hold for this page? Cheap questions first; the visible text is worked out only when needed."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from patrol.model import State
from patrol.platform_rules import Carrier, StateRule, Test
from spiders.carriers import carried
from spiders.fetched import FetchedPage
from spiders.paths import find_all
from spiders.picks import select, select_first
from spiders.texts import element_text

_NOTICE_LENGTH = 300


def any_holds(page: FetchedPage, tests: Iterable[Test]) -> bool:
    """Return whether one of the tests holds."""
    return any(holds(page, test) for test in tests)


def holds(page: FetchedPage, test: Test) -> bool:
    """Return whether everything the test names is so."""
    return _outside(page, test) and _inside(page, test) and _in_data(page, test)


def _outside(page: FetchedPage, test: Test) -> bool:
    if test.status and page.status not in test.status:
        return False
    if test.url and not re.search(test.url, page.url):
        return False
    if test.smaller and len(page.body) >= test.smaller:
        return False
    if test.is_json is not None and page.is_json is not test.is_json:
        return False
    if test.header is not None:
        name, pattern = test.header
        return any(key.lower() == name.lower() and re.search(pattern, value) for key, value in page.headers)
    return True


def _inside(page: FetchedPage, test: Test) -> bool:
    if test.source and not any(word in page.source for word in test.source):
        return False
    if test.title and not any(word in page.title for word in test.title):
        return False
    if test.css and not (not page.is_json and has_element(page, test.css)):
        return False
    if test.no_css and not page.is_json and has_element(page, test.no_css):
        return False
    if test.shorter and len(page.visible) >= test.shorter:
        return False
    return not test.text or any(page.says(word) for word in test.text)


def has_element(page: FetchedPage, css: str) -> bool:
    """Return whether the page has an element of this selector; asked once a page."""
    key = ("css", css)
    if key not in page.found:
        page.found[key] = select_first(page.tree.root, css) is not None
    return bool(page.found[key])


def _in_data(page: FetchedPage, test: Test) -> bool:
    if not test.var and not test.json_path:
        return True
    if test.var:
        data = carried(page, _variable(test.var)) if test.var.removeprefix("window.") in page.source else None
    else:
        data = page.json if page.is_json else None
    values = find_all(data, test.json_path) if test.json_path and data is not None else [] if data is None else [data]
    if not test.equals:
        return any(value not in (None, "", [], {}) for value in values)
    return any(_plain(value) in test.equals for value in values)


@lru_cache(maxsize=64)
def _variable(name: str) -> Carrier:
    return Carrier(var=name)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def state_of(page: FetchedPage, rules: Sequence[StateRule], *, late: bool) -> tuple[State, str] | None:
    """Return the first state whose tests hold (and no `unless`), with the notice that the page shows."""
    for rule in rules:
        if rule.late is late and any_holds(page, rule.any) and not any_holds(page, rule.unless):
            return rule.state, notice(page, rule.shown)
    return None


def notice(page: FetchedPage, css: str = "") -> str:
    """Return the words with which the page says what is wrong, on one line."""
    if page.is_json:
        return ""
    nodes = select(page.tree.root, css) if css else []
    text = " ".join(filter(None, (element_text(node) for node in nodes[:6]))) or page.visible or page.title
    return re.sub(r"\s+", " ", text).strip()[:_NOTICE_LENGTH]
