"""人工线索: addresses, saved pages and screenshots that people bring go the way of everything else: read, screened, sealed."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.rendering import safe_url
from patrol.console.tasks import PICTURE_READER
from patrol.errors import BadInput, Refused
from patrol.store.console_work import Task

_PAGES = (".html", ".htm", ".xhtml", ".mht", ".mhtml", ".json", ".xml")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_MOST_URLS = 200
_SAFE = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff._-]+")


def clues_page(call: Call) -> Response:
    """Show the three ways to bring something in; `url` is filled in by the bookmarklet."""
    tasks = call.books.work.tasks(("urls", "saved", "pictures"), 15)
    return call.page(
        "clues.html",
        url=safe_url(call.query("url")),
        tasks=[(task, call.desk.tasks.runs(task)) for task in tasks],
        origin=call.desk.origins.console,
    )


def take_urls(call: Call) -> Response:
    """Fetch, screen and capture pasted addresses at once."""
    campaign = call.need_campaign()
    words = call.need("urls", "网址", most=100_000).split()
    wrong = next((word for word in words if not safe_url(word)), None)
    if wrong:
        raise BadInput(f"“{wrong[:80]}”不是网址；应以 http:// 或 https:// 开头", field="网址")
    urls = list(dict.fromkeys(words))
    if len(urls) > _MOST_URLS:
        raise BadInput(f"一次最多{_MOST_URLS}个网址", field="网址")
    file = _folder(call) / "网址.txt"
    file.write_text("\n".join(urls) + "\n", encoding="utf-8")
    host = urlsplit(urls[0]).hostname or ""
    title = f"人工录入 {len(urls)} 个网址（{host}{'等' if len(urls) > 1 else ''}）"
    arguments = ["sweep", "--campaign", campaign.path, "--urls", str(file), "--json"]
    number = call.desk.tasks.start("urls", title, arguments, name=call.who.name)
    call.audit("clue", campaign.id, title)
    return call.go(f"/tasks/{number}")


def take_pages(call: Call) -> Response:
    """Screen saved pages."""
    campaign = call.need_campaign()
    folder = _store(call, _PAGES, "保存的网页")
    names = "、".join(path.name for path in sorted(folder.iterdir()))[:200]
    arguments = ["screen", "--html", str(folder), "--campaign", campaign.path, "--json"]
    number = call.desk.tasks.start("saved", f"筛查保存的网页：{names}", arguments, name=call.who.name)
    call.audit("clue", campaign.id, f"保存的网页：{names}")
    return call.go(f"/tasks/{number}")


def take_pictures(call: Call) -> Response:
    """Read the words of screenshots; the officer corrects them before they are screened."""
    call.need_campaign()
    folder = _store(call, _PICTURES, "截图")
    arguments = ["read", str(folder)]
    number = call.desk.tasks.start("pictures", "识别截图文字", arguments, name=call.who.name, module=PICTURE_READER)
    call.audit("clue", call.campaign_id, f"截图 {len(list(folder.iterdir()))} 张")
    return call.go(f"/clues/pictures/{number}")


def pictures_page(call: Call) -> Response:
    """Show what was read from screenshots, to be corrected."""
    task, folder, read = _read(call)
    return call.page("pictures.html", task=task, running=call.desk.tasks.runs(task), read=read, folder=folder.name)


def keep_pictures(call: Call) -> Response:
    """Screen screenshots with the corrected words; the originals are sealed."""
    task, folder, read = _read(call)
    campaign = call.need_campaign()
    url = call.text("url")
    if url and not safe_url(url):
        raise BadInput("应以 http:// 或 https:// 开头；不知道就留空", field="网址")
    facts = {name: call.text(name, most=500) for name in ("title", "author", "platform", "region")}
    texts = {str(item["file"]): call.text(f"text-{place}", most=20_000) for place, item in enumerate(read)}
    order = {**facts, "url": url, "texts": texts, "officer": call.who.name}
    file = folder.parent / "order.json"
    file.write_text(json.dumps(order, ensure_ascii=False), encoding="utf-8")
    arguments = ["keep", str(folder), "--campaign", campaign.path, "--order", str(file)]
    number = call.desk.tasks.start(
        "pictures",
        f"筛查截图 {len(read)} 张：{facts['title']}",
        arguments,
        name=call.who.name,
        module=PICTURE_READER,
    )
    call.audit("clue", campaign.id, f"截图 {len(read)} 张（任务{task.id}）")
    return call.go(f"/tasks/{number}")


def _read(call: Call) -> tuple[Task, Path, list[dict[str, str]]]:
    task = call.books.work.task(call.number("number"))
    if task is None or task.kind != "pictures" or task.command[0] != "read":
        raise Refused(404, "没有这次识别")
    read = json.loads(task.result) if task.code == 0 and task.result else []
    return task, Path(task.command[1]), read


def _folder(call: Call) -> Path:
    folder = call.desk.workspace / "clues" / f"{call.now:%Y%m%d-%H%M%S-%f}"
    folder.mkdir(parents=True)
    return folder


def _store(call: Call, endings: tuple[str, ...], what: str) -> Path:
    files = call.files("files")
    if not files:
        raise BadInput(f"请选择{what}文件（{'、'.join(endings)}）", field="文件")
    wrong = next((file.filename or "" for file in files if not (file.filename or "").lower().endswith(endings)), None)
    if wrong is not None:
        raise BadInput(f"“{wrong[:60]}”不是{what}；可用的有：{'、'.join(endings)}", field="文件")
    folder = _folder(call) / "files"
    folder.mkdir()
    for place, file in enumerate(files, 1):
        (folder / f"{place:02d}-{_name(file)}").write_bytes(file.file.read())
    return folder


def _name(file: UploadFile) -> str:
    """Return a file name that is a name and nothing else."""
    name = Path((file.filename or "").replace("\\", "/")).name
    return _SAFE.sub("_", name)[-80:].lstrip(".")
