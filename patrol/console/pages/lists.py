"""名单: look a name up, import a list after a preview, compare versions, answer same or different."""

import secrets
from dataclasses import fields
from pathlib import Path

from starlette.responses import Response

from patrol.campaigns import china_today
from patrol.console.call import Call
from patrol.console.highlighting import compare_names
from patrol.errors import BadInput
from patrol.licences import Context, Entry, ListFile, ListKind, load_list
from patrol.licences.answers import Opinion
from patrol.licences.columns import CHINESE
from patrol.licences.differing import difference
from patrol.listing import answer, import_list, source_intact
from patrol.store.console import DeskFilter
from patrol.store.lists import ListVersion

_ENDINGS = (".xlsx", ".xls", ".csv", ".html", ".htm", ".docx", ".pdf")
_ENTRY_FIELDS = tuple(field.name for field in fields(Entry))


def lists_page(call: Call) -> Response:
    """Show the versions, the look-up box with its answer, and the names that wait for a word."""
    name, region = call.query("name")[:200], call.query("region")[:60]
    versions = call.books.lists.versions()
    index = (call.desk.index() or call.desk.file_index(call.campaign)) if name else None
    match = index.match(name, Context(region=region)) if index is not None else None
    entries = {entry.row: entry for entry in index.entries} if index is not None and match is not None else {}
    beside = [(one, entries.get(one.row), compare_names(name, one.name)) for one in match.candidates] if match else []
    if name:
        call.audit("lookup", name)
    pending, _ = (
        call.books.leads.queue(DeskFilter(campaign=call.campaign_id, verdict="review"), limit=12)
        if call.campaign_id
        else ([], "")
    )
    intact = {version.label: _intact(call, version) for version in versions}
    return call.page(
        "lists.html",
        name=name,
        region=region,
        match=match,
        beside=beside,
        versions=versions,
        intact=intact,
        on={version.label for version in call.books.lists.versions_on(china_today(call.now))},
        pending=pending,
        answers=[one for one in reversed(call.books.lists.answers()) if one.undone_at is None][:20],
        own_files=[Path(file).name for file in call.campaign.whitelists] if call.campaign else [],
        kinds=tuple(ListKind),
        opinions=tuple(Opinion),
    )


def _intact(call: Call, version: ListVersion) -> bool:
    return call.desk.remembered(f"intact:{version.label}", 600, lambda: source_intact(version, call.desk.workspace))


def preview(call: Call) -> Response:
    """Read an uploaded list without keeping it: columns as understood, rows that cannot be read, the first rows."""
    if call.text("token"):
        path = _waiting(call, call.text("token"))
    else:
        uploads = call.files("file")
        name = Path((uploads[0].filename or "").replace("\\", "/")).name if uploads else ""
        if not uploads or not name.lower().endswith(_ENDINGS):
            raise BadInput(f"请选择名单文件（{'、'.join(_ENDINGS)}）", field="文件")
        folder = _incoming(call) / secrets.token_hex(8)
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(uploads[0].file.read())
    mapping, kind = _mapping(call), _kind(call)
    read = load_list(path, mapping=mapping, kind=kind, strict=False)
    return call.page(
        "list_preview.html",
        read=read,
        token=path.parent.name,
        file=path.name,
        mapping=mapping,
        chosen=kind,
        kinds=tuple(ListKind),
        labels=CHINESE,
        headers=_headers(read),
        shown=[label for label in CHINESE if label in _ENTRY_FIELDS and any(getattr(e, label) for e in read.entries[:50])][:8],
        list_name=call.text("list_name", most=40),
    )


def keep(call: Call) -> Response:
    """Import the previewed file as the next version of its list."""
    path = _waiting(call, call.text("token"))
    version, _ = import_list(
        path,
        lists=call.books.lists,
        workspace=call.desk.workspace,
        name=call.text("list_name", most=40),
        kind=_kind(call),
        dated=call.day("dated", "自哪一天起") or china_today(call.now),
        mapping=_mapping(call),
        strict=call.text("skip") != "1",
        officer=call.who.name,
    )
    call.audit("import_list", version.list_name, version.label)
    call.desk.forget("entries:")
    call.desk.forget("index:")
    path.unlink()
    path.parent.rmdir()
    return call.go("/lists", said=f"已导入 {version.label}，{version.rows}家")


def changes(call: Call) -> Response:
    """Show what changed from the version before."""
    name, number = call.path("name"), call.number("number")
    after = call.books.lists.version(name, number)
    before = call.books.lists.version(name, number - 1) if number > 1 else None
    old = call.books.lists.entries(before) if before else []
    found = difference(old, call.books.lists.entries(after), on=china_today(call.now))
    return call.page("list_changes.html", before=before, after=after, found=found, labels=CHINESE)


def keep_answer(call: Call) -> Response:
    """Keep an officer's word on whether a name means a listed institution."""
    name, row = call.need("name", "名称", most=200), call.text("row")
    index = call.desk.index()
    if index is None or not row.isdigit():
        raise BadInput("还没有导入名单，或没有选名单条目")
    given = answer(
        call.books.lists,
        index,
        name=name,
        row=int(row),
        opinion=_opinion(call),
        officer=call.who.name,
        region=call.text("region", most=60),
        reason=call.text("reason", most=200),
    )
    call.audit("answer", name, f"{given.opinion.chinese}：{given.listed_name}")
    return call.go(f"/lists?name={name}", said=f"已记住：“{name}”与“{given.listed_name}”{given.opinion.chinese}")


def _opinion(call: Call) -> Opinion:
    value = call.text("opinion")
    if value not in set(Opinion):
        raise BadInput("请选择是、不是同一机构，或不能确定", field="结论")
    return Opinion(value)


def undo_answer(call: Call) -> Response:
    """Take an answer back."""
    undone = call.books.lists.undo_answer(call.number("number"), officer=call.who.name, at=call.now)
    call.audit("answer", undone.name, "撤回结论")
    return call.go("/lists", said="已撤回")


def _incoming(call: Call) -> Path:
    return call.desk.workspace / "lists" / "incoming"


def _waiting(call: Call, token: str) -> Path:
    folder = _incoming(call) / token
    files = list(folder.iterdir()) if token.isalnum() and folder.is_dir() else []
    if not files:
        raise BadInput("预览的文件已不在；请重新选择文件")
    return files[0]


def _mapping(call: Call) -> dict[str, str]:
    given = {field: call.text(f"map-{field}", most=80) for field in CHINESE}
    return {CHINESE[field]: header for field, header in given.items() if header}


def _kind(call: Call) -> ListKind | None:
    value = call.text("kind")
    return ListKind(value) if value in set(ListKind) else None


def _headers(read: ListFile) -> list[str]:
    taken = [header for _, columns in read.mapping for _, header in columns]
    return list(dict.fromkeys((*taken, *read.unused)))
