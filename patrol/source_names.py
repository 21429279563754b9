"""How officers call the sources that are no platform: one place for every table, form and page."""

from collections.abc import Mapping

_BY_HAND: Mapping[str, str] = {
    "saved": "人工保存的网页",
    "urls": "粘贴的网址",
    "watch": "重点监看",
    "recheck": "线索复查",
}


def source_title(name: str) -> str:
    """Return the Chinese name of a source without a platform of its own; any other name as it is."""
    return _BY_HAND.get(name, name)
