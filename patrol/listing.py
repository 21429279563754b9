"""A workspace's licence lists: take a file in as a sealed, dated version, and make the lists of a day ready to match."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from patrol.errors import BadInput, PatrolError, StorageFull, in_words, no_room
from patrol.licences import Index, ListFile, ListKind, load_list
from patrol.licences.answers import Answer, Opinion, city_of_context, identity_of, key_of
from patrol.licences.entries import Context
from patrol.store.lists import ListStore, ListVersion

_READ_ONLY = 0o444


def seal_source(path: Path, sha256: str, workspace: Path) -> Path:
    """Keep a list's source file under its digest, read-only, exactly as it came; return where. Idempotent."""
    target = workspace / "lists" / sha256 / path.name
    if target.is_file():
        return target
    body = path.read_bytes()
    if hashlib.sha256(body).hexdigest() != sha256:
        raise BadInput("文件在读取期间被改动；请重新导入", file=path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(_READ_ONLY)
            Path(temporary).replace(target)
        finally:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
    except OSError as error:
        if no_room(error):
            raise StorageFull(f"磁盘空间不足，名单原件存不进“{target.parent}”；请清理磁盘后重试") from error
        raise PatrolError(f"名单原件存不进“{target.parent}”（{in_words(error)}）；请检查路径和权限") from error
    return target


def source_intact(version: ListVersion, workspace: Path) -> bool:
    """Whether the sealed source file of a version is still there and unchanged."""
    path = workspace / "lists" / version.sha256 / version.file_name
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == version.sha256


def import_list(
    path: Path,
    *,
    lists: ListStore,
    workspace: Path,
    name: str = "",
    kind: ListKind | None = None,
    dated: date | None = None,
    mapping: Mapping[str, str] | None = None,
    strict: bool = True,
    officer: str = "",
) -> tuple[ListVersion, ListFile]:
    """Read a list file, seal it, and keep it as the next version of its list. Nothing is kept when it is refused.

    `name` defaults to the kind of list (白名单 …), `dated` to today (UTC+8). With `strict` one unreadable row refuses the file.
    """
    read = load_list(path, mapping=mapping, kind=kind, strict=strict)
    found = kind or _main_kind(read)
    now = datetime.now(UTC)
    seal_source(path, read.sha256, workspace)
    version = ListVersion(
        number=0,
        list_name=name or found.chinese,
        kind=found,
        dated=dated or now.astimezone().date(),
        imported_at=now,
        file_name=path.name,
        sha256=read.sha256,
        rows=len(read.entries),
        unreadable=sum(trouble.fatal for trouble in read.troubles),
        officer=officer,
    )
    return lists.add_version(version, read.entries), read


def _main_kind(read: ListFile) -> ListKind:
    kinds = [entry.list_kind for entry in read.entries]
    return max(dict.fromkeys(kinds), key=kinds.count) if kinds else ListKind.WHITE


def index_on(lists: ListStore, day: date) -> Index | None:
    """Return the workspace's lists as they held on a day, with officers' standing answers; None when none was imported."""
    versions = lists.versions_on(day)
    if not versions:
        return None
    entries = [entry for version in versions for entry in lists.entries(version)]
    licensing = [entry.row for entry in entries if entry.list_kind is ListKind.WHITE]
    if len(set(licensing)) < len(licensing):
        # several lists number from 1: a match must name one row only
        entries = [replace(entry, row=number) for number, entry in enumerate(entries, start=1)]
    label = "；".join(version.label for version in versions)
    return Index(entries, version=label, on=day, answers=lists.answers())


def answer(
    lists: ListStore, index: Index, *, name: str, row: int, opinion: Opinion, officer: str, region: str = "", reason: str = ""
) -> Answer:
    """Keep an officer's word on whether a name means a row of the list. Raises BadInput for a row that is not there."""
    entry = next((one for one in index.entries if one.row == row), None)
    if entry is None:
        raise BadInput(f"名单里没有第{row}号", field="--row")
    if not key_of(name):
        raise BadInput("名称是空的", field="名称")
    made = Answer(
        number=0,
        key=key_of(name),
        name=name,
        city=city_of_context(Context(region=region)),
        institution=identity_of(entry),
        listed_name=entry.name,
        opinion=opinion,
        officer=officer,
        at=datetime.now(UTC),
        reason=reason,
    )
    return lists.add_answer(made)
