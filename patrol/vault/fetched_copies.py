"""Masked copies of what came without a browser's view: a screenshot that a person brought, the words of a page."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_to_unicode

from patrol.vault.folder import Folder
from patrol.vault.masking import Area, Box, mask_text
from patrol.vault.model import FileEntry, Manifest
from patrol.vault.naming import file_title
from patrol.vault.objects import ObjectStore
from patrol.vault.picture_masks import cover, find_hidden

_MOST_TEXT = 2_000_000
_HIDDEN_TAGS = ["script", "style", "noscript", "template"]
_BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def picture_of(manifest: Manifest) -> FileEntry | None:
    """Return the sealed file that is a picture of the page: the browser's, or the screenshot that was brought."""
    for entry in manifest.files:
        if entry.role == "full_page" or (entry.role == "response_body" and entry.media_type.startswith("image/")):
            return entry
    return None


def fetched_words(manifest: Manifest, objects: ObjectStore) -> str:
    """Return the words of a fetched or imported page; empty where it is none."""
    entry = next((entry for entry in manifest.files if entry.role == "response_body"), None)
    if entry is None or "html" not in entry.media_type:
        return ""
    _, markup = html_to_unicode(entry.media_type, objects.read(entry.sha256)[:_MOST_TEXT])
    tree = LexborHTMLParser(markup.encode("utf-8", "replace").decode())
    tree.strip_tags(_HIDDEN_TAGS)
    text = tree.body.text(separator="\n") if tree.body else ""
    return "\n".join(line for raw in text.splitlines() if (line := raw.strip()))


def add_fetched_copy(
    folder: Folder, manifest: Manifest, words: str, objects: ObjectStore, known: Sequence[str], covers: Sequence[Area]
) -> None:
    """Add the masked screenshot or words of an exchange."""
    entry = picture_of(manifest) or next((entry for entry in manifest.files if entry.role == "response_body"), None)
    if entry is None:
        return
    base = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-"
    if entry.media_type.startswith("image/"):
        _add_screenshot(folder, manifest, entry, objects.read(entry.sha256), known, covers)
    elif words:
        masked = mask_text(f"{words}\n", known).encode("utf-8", "replace")
        title = f"{file_title(manifest, entry)}中的文字"
        folder.add(f"{base}page-text.masked.txt", "page_text", masked, entry, title=title)


def _add_screenshot(
    folder: Folder, manifest: Manifest, entry: FileEntry, data: bytes, known: Sequence[str], covers: Sequence[Area]
) -> None:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            whole = Box("i", 0, 0, picture.width, picture.height, "")
        masked = cover(data, hidden := find_hidden(data, [whole], known), covers)
    except _BROKEN:
        folder.note(manifest, "截图文件无法读取，没有打码，未随打码件提供")
        return
    path = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-{Path(entry.name).stem}.masked.png"
    folder.add(path, entry.role, masked, entry, title=f"{file_title(manifest, entry)}（打码）")
    for note in hidden.notes:
        folder.note(manifest, note)
