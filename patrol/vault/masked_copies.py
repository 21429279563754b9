"""The masked copies of one evidence item: manifests and pictures with everything personal hidden, and what to check by eye."""

import re
from collections.abc import Sequence
from pathlib import Path

from patrol.vault import digests
from patrol.vault.fetched_copies import add_fetched_copy, fetched_words
from patrol.vault.folder import Folder, Sources, Wish, add_stamp
from patrol.vault.masked_manifest import known_of, mask_manifest
from patrol.vault.masking import Area, Box, mask_text, read_boxes, shown_text
from patrol.vault.model import FileEntry, LedgerRow, Manifest, to_json
from patrol.vault.objects import ObjectStore
from patrol.vault.picture_masks import cover, find_hidden, manual_areas

_SAFE = re.compile(r"[^A-Za-z0-9._-]")


def add_masked_item(
    folder: Folder, manifests: Sequence[Manifest], rows: Sequence[LedgerRow], wish: Wish, sources: Sources
) -> None:
    """Add an item with everything personal hidden that any of its texts gives away; markup and loaded files do not travel."""
    boxes = {manifest.name: _boxes(manifest, sources.objects) for manifest in manifests}
    viewed = any(manifest.browser and manifest.files for manifest in manifests)
    words = {manifest.name: "" if viewed else fetched_words(manifest, sources.objects) for manifest in manifests}
    texts = [*(shown_text(found) for found in boxes.values() if found), *words.values()]
    known = tuple(dict.fromkeys((*wish.names, *known_of(manifests, texts))))
    number = manifests[0].number
    folder.known[number] = known
    covers = manual_areas(rows)
    for manifest in manifests:
        _add_masked_manifest(folder, manifest, known)
        add_stamp(folder, manifest, sources)
        hand = covers.get(manifest.name, ())
        if manifest.capture:
            add_fetched_copy(folder, manifest, words[manifest.name], sources.objects, known, hand)
        _add_masked_files(folder, manifest, boxes[manifest.name], sources.objects, known, hand)
    # what officers wrote may name people; a row cannot be changed without breaking its hash, so it stays at home
    fit = [row for row in rows if all(mask_text(text, known) == text for text in _written(row))]
    folder.add(f"evidence/{number}/ledger.jsonl", "ledger", b"".join(to_json(row) for row in fit))
    if len(fit) < len(rows):
        folder.note(manifests[-1], f"保管台账有 {len(rows) - len(fit)} 行写有个人信息，未随打码件提供")


def _written(row: LedgerRow) -> tuple[str, ...]:
    """Return what people wrote into a row; the rest are digests and names of ours."""
    return row.actor, row.reason, row.detail.get("approver", "")


def _boxes(manifest: Manifest, objects: ObjectStore) -> list[Box]:
    entry = next((entry for entry in manifest.files if entry.role == "text_map"), None)
    return read_boxes(objects.read(entry.sha256)) if entry else []


def _add_masked_manifest(folder: Folder, manifest: Manifest, known: Sequence[str]) -> None:
    path = f"evidence/{manifest.number}/manifest/{manifest.name}"
    found = digests.of_bytes(manifest.to_bytes())
    original = FileEntry(
        role="manifest", name=manifest.name, media_type="application/json", size=found.size, sha256=found.sha256, sm3=found.sm3
    )
    masked = mask_manifest(manifest, known).to_bytes()
    folder.add(path.removesuffix(".json") + ".masked.json", "manifest", masked, original)


def _add_masked_files(
    folder: Folder, manifest: Manifest, boxes: Sequence[Box], objects: ObjectStore, known: Sequence[str], covers: Sequence[Area]
) -> None:
    """Add masked copies of what a rendering shows."""
    base = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-"
    entries = {entry.role: entry for entry in manifest.files}
    if manifest.browser is None or not {"full_page", "first_screen"} & set(entries):
        return
    if "text_map" not in entries or "full_page" not in entries:
        folder.note(manifest, "页面文字位置未取得，截图无法打码，未随打码件提供")
        return
    hidden = find_hidden(objects.read(entries["full_page"].sha256), boxes, known)
    for role in ("first_screen", "full_page"):
        if role in entries:
            name = _SAFE.sub("_", Path(entries[role].name).stem)[:80]
            masked = cover(objects.read(entries[role].sha256), hidden, covers)
            folder.add(f"{base}{name}.masked.png", role, masked, entries[role])
    text = mask_text(shown_text(boxes), known).encode("utf-8", "replace")
    folder.add(f"{base}page-text.masked.txt", "page_text", text, entries["text_map"])
    for note in hidden.notes:
        folder.note(manifest, note)
    if "recording" in entries:
        folder.note(manifest, "录屏不能自动打码，未随打码件提供")
    if covers:
        folder.note(manifest, f"已按办案人员的指定另行遮盖 {len(covers)} 处")
