"""Where an officer points a command at: a web address to fetch, a file to write. Refused before anything is begun."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from patrol.errors import BadInput, PatrolError, StorageFull, in_words, no_room


def is_web_address(text: str) -> bool:
    """Say whether a text is an http(s) address with a host and a possible port; never raises."""
    if any(ord(letter) < 0x21 for letter in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_result_file(path: Path, *inputs: Path) -> None:
    """Refuse to write a result over a folder, a device, or one of the command's own inputs."""
    if path.is_dir():
        raise BadInput("这是文件夹；请写明要保存的文件名", file=path)
    if path.exists() and not path.is_file():
        raise BadInput("这不是普通文件；请另写一个文件名", file=path)
    if path.exists() and any(one.exists() and one.samefile(path) for one in inputs):
        raise BadInput("结果不能写回输入文件；请另写一个文件名", file=path)


def write_whole(path: Path, text: str) -> None:
    """Write a UTF-8 text file with its folders, whole or not at all. Raises StorageFull, or PatrolError naming the cause."""
    part = path.with_name(f".{path.name[:60]}.{uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if no_room(error):
            raise StorageFull(f"磁盘空间不足，“{path.name}”没有写入；请清理磁盘后重新运行") from error
        raise PatrolError(f"{path}：无法写入（{in_words(error)}）；请检查路径和权限") from error


def shown_address(url: str) -> str:
    """Return an address as it stands on a paper: a file of this machine is called one, without its path."""
    if url.startswith("file:"):
        return imported_address(unquote(urlsplit(url).path).rpartition("/")[2])
    return url


def imported_address(name: str, sha256: str = "") -> str:
    """Return what stands for the address of a file that a person brought and that does not say where it was saved from."""
    shown = "".join(letter for letter in name if letter.isprintable())[:80]
    return f"本机导入文件：{shown}" + (f"（{sha256[:8]}）" if sha256 else "")
