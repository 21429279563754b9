"""Show a form as it prints: LibreOffice turns it into PDF, free fonts standing in for the official ones that are missing."""

import shutil
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from patrol.errors import BadInput, NotAvailable

FONTS = Path(__file__).with_name("fonts.conf")
_SECONDS = 300
_MAIN_PARTS = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml"}
_BROKEN = "不是完整的 Word 或 Excel 文件；请重新生成表单，再转成 PDF"


def office() -> str:
    """Return the LibreOffice program; NotAvailable says how to get it."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        raise NotAvailable(
            "没有 LibreOffice，不能生成预览；可直接用 Word 或 WPS 打开，或安装：apt install libreoffice-writer libreoffice-calc"
        )
    return found


def _refuse_other_files(file: Path) -> None:
    """Refuse what is no form: LibreOffice would print any bytes as text."""
    main = _MAIN_PARTS.get(file.suffix.lower())
    if main is None:
        raise BadInput("不是 .docx 或 .xlsx 文件", file=file)
    try:
        with ZipFile(file) as package:
            whole = main in package.namelist() and package.testzip() is None
    except FileNotFoundError as error:
        raise BadInput("找不到这个文件；请检查路径", file=file) from error
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(_BROKEN, file=file) from error
    if not whole:
        raise BadInput(_BROKEN, file=file)


def to_pdf(files: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    """Print files to PDF in `folder`, in one run with a profile of its own; return their paths in the same order.

    A preview: page breaks follow the fonts of this machine. BadInput when LibreOffice could not read a file.
    """
    for file in files:
        _refuse_other_files(file)
    program = office()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as profile:
        # fontconfig is told by a variable of the child alone; where there is no `env` program there is no fontconfig either
        fonts = [env, f"FONTCONFIG_FILE={FONTS}"] if (env := shutil.which("env")) else []
        command = [*fonts, program, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--convert-to", "pdf"]
        try:
            ran = subprocess.run(  # noqa: S603  our own arguments, no shell
                [*command, "--outdir", str(folder), *map(str, files)], capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NotAvailable(f"LibreOffice 超过{_SECONDS}秒没有完成；请直接用 Word 或 WPS 打开") from error
    made = tuple(folder / f"{file.stem}.pdf" for file in files)
    for file, pdf in zip(files, made, strict=True):
        if not pdf.is_file():
            raise BadInput(f"LibreOffice 无法转换（{ran.stderr.decode(errors='replace').strip()[:200]}）", file=file)
    return made
