"""RFC 3161 time stamps over manifests. A stamp says when its authority saw the digest, never anything earlier.

A manifest without a stamp is pending, and says so; it is stamped when an authority can be reached, with that later time.
"""

import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from patrol.errors import BadInput, EvidenceBroken
from patrol.settings import Settings
from patrol.vault.model import Manifest
from patrol.vault.replies import GRANTED, Stamp, check_reply, pinned_roots
from patrol.vault.vault import Vault

_REPLY_BYTES = 1 << 20
_BACK_OFF_SECONDS = 60.0
_DEFAULT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Stamped:
    """How a round of stamping went: stamps got, manifests still waiting, and the last reason why."""

    granted: int
    pending: int
    reason: str = ""


def request_reply(manifest: bytes, url: str, seconds: float = _DEFAULT_SECONDS) -> bytes:
    """Ask one authority for a stamp; return its reply, checked against what was asked. Raises OSError or EvidenceBroken."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise BadInput("时间戳服务地址应以 http:// 或 https:// 开头", field="tsa_urls")
    asked = TimestampRequestBuilder().data(manifest).hash_algorithm(HashAlgorithm.SHA256)
    request = asked.nonce(nonce=True).cert_request(cert_request=True).build()
    query = urllib.request.Request(  # noqa: S310
        url, data=request.as_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    with urllib.request.urlopen(query, timeout=seconds) as answer:  # noqa: S310
        reply: bytes = answer.read(_REPLY_BYTES)
    try:
        parsed = decode_timestamp_response(reply)
    except ValueError:
        return reply  # a laxer encoding: openssl judges it when it is checked
    if parsed.status == GRANTED and parsed.tst_info.nonce != request.nonce:
        raise EvidenceBroken("时间戳服务的回复不是对本次请求的回复（nonce 不符）")
    return reply


def stamps_of(vault: Vault, manifests: Sequence[Manifest], roots: Sequence[Certificate] = ()) -> list[Stamp | None]:
    """Return what the kept stamps say, manifest by manifest; None where one is pending. Raises EvidenceBroken on a false one."""
    kept = [(manifest, vault.items.stamp(manifest.number, manifest.name)) for manifest in manifests]
    return [check_reply(manifest.to_bytes(), reply, roots) if reply else None for manifest, reply in kept]


class Stamper:
    """Stamps a vault's manifests from a list of authorities, one after the other; one that fails rests for a minute."""

    def __init__(
        self,
        vault: Vault,
        urls: Sequence[str],
        roots: Sequence[Certificate] = (),
        seconds: float = _DEFAULT_SECONDS,
    ) -> None:
        self._vault, self.urls, self._roots, self._seconds = vault, tuple(urls), tuple(roots), seconds
        self._resting: dict[str, float] = {}
        self.reason = ""

    @classmethod
    def of(cls, vault: Vault, settings: Settings) -> "Stamper":
        """Return the stamper that the settings describe; without addresses it does nothing."""
        urls = [url.strip() for url in settings.text("tsa_urls").split(",") if url.strip()]
        return cls(vault, urls, pinned_roots(settings))

    def stamp(self, *numbers: str) -> Stamped:
        """Stamp what waits in these items (all when none is given)."""
        granted = pending = 0
        for number in numbers or self._vault.numbers():
            for name in self._vault.items.without_stamp(number):
                if self._stamp_one(number, name):
                    granted += 1
                else:
                    pending += 1
        return Stamped(granted, pending, self.reason if pending else "")

    def _stamp_one(self, number: str, name: str) -> bool:
        manifest = (self._vault.items.root / number / name).read_bytes()
        for url in self.urls:
            if self._resting.get(url, 0.0) > time.monotonic():
                continue
            try:
                reply = request_reply(manifest, url, self._seconds)
                stamp = check_reply(manifest, reply, self._roots)
            except (OSError, HTTPException, EvidenceBroken) as error:
                self._resting[url] = time.monotonic() + _BACK_OFF_SECONDS
                self.reason = f"{urlsplit(url).hostname}：{error}"
                continue
            self._vault.attach_stamp(number, name, reply, {"time": stamp.at.isoformat(), "authority": url[:300]})
            return True
        self.reason = self.reason or "没有设置时间戳服务（tsa_urls）"
        return False
