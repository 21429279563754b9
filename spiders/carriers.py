"""Where pages keep their data: find the JSON that a Carrier of platform.yml describes."""

import base64
import binascii
import re
from urllib.parse import unquote

from patrol.platform_rules import Carrier
from spiders.fetched import FetchedPage
from spiders.literals import call_argument, literal_at, load_json, script_variable
from spiders.paths import find
from spiders.texts import unescape_entities

_GROUP = re.compile(r"\{(\w+)\}")
_NO_KEY = "\x00"


def carried(page: FetchedPage, carrier: Carrier) -> object:
    """Return the data a carrier holds on this page, or None; each is looked up once a page."""
    key = (carrier.body, carrier.var, carrier.script, carrier.ld, carrier.call, carrier.decode)
    if key not in page.found:
        page.found[key] = _whole(page, carrier)
    value = page.found[key]
    if not carrier.at or value is None:
        return value
    path = carrier.at
    if "{" in path:
        path = _GROUP.sub(lambda found: page.groups.get(found[1], _NO_KEY), path)
    return find(value, path)


def _whole(page: FetchedPage, carrier: Carrier) -> object:
    if carrier.body:
        return page.json if page.is_json else None
    if page.is_json:
        return None
    if carrier.var:
        return _decoded(script_variable(page.source, carrier.var), carrier)
    if carrier.call:
        return _decoded(call_argument(page.source, carrier.call), carrier)
    if carrier.ld:
        return _linked(page, carrier.ld)
    node = page.tree.css_first(f'script[id="{carrier.script}"], textarea[id="{carrier.script}"]')
    return _decoded(node.text(), carrier) if node is not None else None


def _decoded(value: object, carrier: Carrier) -> object:
    for step in carrier.decode:
        if not isinstance(value, str):
            return value
        value = _decode_step(value, step)
    if isinstance(value, str) and not carrier.decode and (carrier.script or value.lstrip()[:1] in {"{", "["}):
        text = value.strip()
        loaded = load_json(text)
        return loaded if loaded is not None else literal_at(text, 0)
    return value


def _decode_step(value: str, step: str) -> object:
    if step == "url":
        return unquote(value)
    if step == "html":
        return unescape_entities(value)
    if step == "uncomment":
        return value.strip().removeprefix("<!--").removesuffix("-->")
    if step == "base64":
        try:
            return base64.b64decode(value, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None
    loaded = load_json(value)
    return loaded if loaded is not None else literal_at(value.strip(), 0)


def _linked(page: FetchedPage, kind: str) -> object:
    wanted = kind.split("|")
    for node in page.tree.css('script[type="application/ld+json"]')[:20]:
        value = load_json(node.text()) or literal_at(node.text().strip(), 0)
        waiting = value if isinstance(value, list) else [value]
        if isinstance(value, dict) and isinstance(value.get("@graph"), list):
            waiting = [value, *value["@graph"]]
        for block in waiting:
            kinds = block.get("@type") if isinstance(block, dict) else None
            if any(one in wanted for one in (kinds if isinstance(kinds, list) else [kinds])):
                return block
    return None
