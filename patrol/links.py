"""Which platform a link belongs to, by host and path alone: for crawled pages, QR codes, screenshots and pasted text alike."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from pydantic import Field

from patrol.platform_rules import Frozen, Regex
from patrol.platforms import shipped_folder
from patrol.validation import build, read_yaml

FILE_NAME = "platform_hosts.yml"


class HostRule(Frozen):
    """One line of the table: hosts (with sub-domains), a pattern of host and path, or both; the platform; the kind of link."""

    platform: str
    hosts: tuple[str, ...] = ()
    pattern: Regex = ""
    kind: str = ""
    note: str = ""


class HostTable(Frozen):
    """The whole of platform_hosts.yml; the first rule that fits wins."""

    verified_on: str
    rules: tuple[HostRule, ...] = Field(min_length=1)


@lru_cache(maxsize=1)
def host_table() -> HostTable:
    """Return the table; BadInput names file and key of a fault in it."""
    file = shipped_folder() / FILE_NAME
    return build(HostTable, read_yaml(file), file=file)


@lru_cache(maxsize=4096)
def classify(url: str) -> tuple[str, str]:
    """Return (platform, kind of link) of an address; ("", "") for an unknown one."""
    rule = rule_of(url)
    return (rule.platform, rule.kind) if rule else ("", "")


def rule_of(url: str) -> HostRule | None:
    """Return the rule that an address fits, or None."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    where = f"{host}{parts.path}{'?' + parts.query if parts.query else ''}{'#' + parts.fragment if parts.fragment else ''}"
    return next((rule for rule in host_table().rules if _fits(rule, host, where)), None)


def _fits(rule: HostRule, host: str, where: str) -> bool:
    if rule.hosts and not any(host == known or host.endswith(f".{known}") for known in rule.hosts):
        return False
    return not rule.pattern or re.search(rule.pattern, where) is not None
