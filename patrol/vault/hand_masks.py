"""What no reader of ours finds on a picture (faces, school names) is covered where an officer says; the ledger keeps where."""

import io
import json

from PIL import Image

from patrol.errors import BadInput, EvidenceError
from patrol.vault.fetched_copies import picture_of
from patrol.vault.vault import Vault


def parse_area(text: str) -> tuple[int, int, int, int]:
    """Return left, top, width, height in pixels of the full-page picture from `120,300,80,80`. Raises BadInput."""
    parts = text.replace("，", ",").split(",")
    if len(parts) != 4 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise BadInput(f"应写作 左,上,宽,高（像素），如 120,300,80,80，实际为“{text[:40]}”", field="area")
    left, top, width, height = (int(part) for part in parts)
    if not width or not height:
        raise BadInput("宽和高应大于 0", field="area")
    return left, top, width, height


def cover_area(
    vault: Vault, number: str, area: tuple[int, int, int, int], *, manifest: str = "", officer: str, reason: str
) -> str:
    """Have an area blurred in every masked copy from now on; return the manifest it stands on (the last rendering if not named).

    Raises BadInput when the area lies outside the picture, EvidenceError when there is no picture.
    """
    if not officer.strip() or not reason.strip():
        raise BadInput("请写明经办人和遮盖的事由", field="reason")
    shown = [(one, entry) for one in vault.manifests(number) if (entry := picture_of(one)) and manifest in {"", one.name}]
    if not shown:
        raise EvidenceError(
            f"证据 {number} 没有整页截图{f'（清单 {manifest}）' if manifest else ''}；用 patrol evidence show 查看"
        )
    chosen, entry = shown[-1]
    with Image.open(io.BytesIO(vault.objects.read(entry.sha256))) as picture:
        width, height = picture.size
    if area[0] + area[2] > width or area[1] + area[3] > height:
        raise BadInput(f"超出了截图（宽 {width}、高 {height} 像素）", field="area")
    detail = {"manifest": chosen.name, "area": json.dumps(area)}
    vault.record("mask", number=number, actor=officer, reason=reason, detail=detail)
    return chosen.name
