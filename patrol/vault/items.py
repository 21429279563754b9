"""Reading evidence items: their manifests, what they hold, what is missing, which wait for a time stamp."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from patrol.errors import BadInput, EvidenceBroken
from patrol.places import is_web_address
from patrol.vault import digests
from patrol.vault.model import EvidenceState, ItemStatus, Manifest, Sealed
from patrol.vault.naming import ROLES

NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
STAMP_SUFFIX = ".tsr"
NO_ADDRESS = "浏览器截图、网页快照、渲染后页面（导入的文件没有网络地址，无法取证）"
NO_RENDERING = "浏览器截图、网页快照（MHTML）、渲染后页面（尚未取证）"
_MANIFEST_NAME = re.compile(r"\d{4}-(?:exchange|rendering)\.json")
_DEVICES = {"phone": "手机版", "desktop": "电脑版"}
_WORTH = {EvidenceState.FAILED: 0, EvidenceState.PARTIAL: 1, EvidenceState.COMPLETE: 2}


class Items:
    """The folder `items/<evidence number>/` of a vault."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def numbers(self) -> tuple[str, ...]:
        """Return every evidence number, sorted."""
        return tuple(sorted(path.name for path in self.root.iterdir() if path.is_dir() and any(path.glob("*.json"))))

    def names(self, number: str) -> tuple[str, ...]:
        """Return the file names of an item's manifests, in the order of sealing; empty when there is no such item."""
        folder = self.root / number
        if not NUMBER.fullmatch(number) or not folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in folder.iterdir() if _MANIFEST_NAME.fullmatch(path.name)))

    def sealed(self, number: str) -> Iterator[tuple[Manifest, Sealed]]:
        """Yield an item's manifests with their receipts. Raises EvidenceBroken on one that cannot be read."""
        for name in self.names(number):
            data = (self.root / number / name).read_bytes()
            manifest = read_manifest(data, f"items/{number}/{name}")
            yield manifest, replace(receipt(manifest, digests.of_bytes(data)), added=False)

    def manifests(self, number: str) -> tuple[Manifest, ...]:
        """Return an item's manifests in the order of sealing. Raises BadInput when there is no such item."""
        found = tuple(manifest for manifest, _ in self.sealed(number))
        if not found:
            raise BadInput(f"没有编号为“{number[:64]}”的证据；请核对证据编号")
        return found

    def stamp(self, number: str, manifest: str) -> bytes | None:
        """Return the time-stamp reply kept for a manifest, or None while it is pending."""
        path = self.root / number / f"{manifest}{STAMP_SUFFIX}"
        return path.read_bytes() if path.is_file() else None

    def without_stamp(self, number: str) -> tuple[str, ...]:
        """Return the manifests of an item that wait for a time stamp."""
        return tuple(name for name in self.names(number) if not (self.root / number / f"{name}{STAMP_SUFFIX}").exists())

    def stamps(self, number: str) -> tuple[str, ...]:
        """Return the file names of an item's time stamps."""
        kept = (f"{name}{STAMP_SUFFIX}" for name in self.names(number))
        return tuple(name for name in kept if (self.root / number / name).exists())

    def files_of_others(self, number: str) -> set[str]:
        """Return the SHA-256 of every file that items besides this one list."""
        others = (other for other in self.numbers() if other != number)
        return {entry.sha256 for other in others for manifest, _ in self.sealed(other) for entry in manifest.files}

    def status(self, number: str) -> ItemStatus:
        """Return what an item holds: the last exchange, and for each device the best rendering so far."""
        found = [manifest for manifest, _ in self.sealed(number)]
        if not found:
            return ItemStatus(number=number, state=EvidenceState.FAILED, missing=("没有入库的证据",))
        missing: list[str] = [] if any(m.capture for m in found) else [ROLES["response_body"]]
        best = _best_renderings(found)
        if not best:
            missing.append(without_rendering(found))
        for device, manifest in best.items():
            missing += [f"{_DEVICES.get(device, device)}：{what}" for what in manifest.missing]
        worst = any(m.state is not EvidenceState.COMPLETE for m in best.values())
        return ItemStatus(
            number=number,
            state=EvidenceState.PARTIAL if missing or worst else EvidenceState.COMPLETE,
            missing=tuple(missing),
            manifests=tuple(m.name for m in found),
            without_stamp=self.without_stamp(number),
        )


def read_manifest(data: bytes, place: str) -> Manifest:
    """Return a manifest from its bytes. Raises EvidenceBroken naming `place` when they are not one."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise EvidenceBroken(f"证据清单 {place} 被改动或损坏（字段“{field}”无法读取）；请用备份恢复") from error


def receipt(manifest: Manifest, found: digests.Digests) -> Sealed:
    """Return the receipt of a manifest that was just sealed."""
    return Sealed(
        number=manifest.number,
        part=manifest.part,
        sequence=manifest.sequence,
        manifest=manifest.name,
        sha256=found.sha256,
        sm3=found.sm3,
        state=manifest.state,
        missing=manifest.missing,
    )


def without_rendering(manifests: Sequence[Manifest]) -> str:
    """Return why an item without a browser's view has none: not taken yet, or nowhere to take it from."""
    on_the_web = any(one.capture is None or is_web_address(one.capture.url) for one in manifests)
    return NO_RENDERING if on_the_web or not manifests else NO_ADDRESS


def _best_renderings(found: list[Manifest]) -> dict[str, Manifest]:
    best: dict[str, Manifest] = {}
    for manifest in found:
        if manifest.browser is None:
            continue
        held = best.get(manifest.browser.device)
        if held is None or _WORTH[manifest.state] >= _WORTH[held.state]:
            best[manifest.browser.device] = manifest
    return best
