"""`patrol evidence …` as an officer types it: a failed capture is one line and exit code 1, a partial one names its gaps."""

import subprocess
import sys
from pathlib import Path

import pytest
from docx import Document
from typer.testing import CliRunner

from patrol.browsers import find_browser
from patrol.commands.evidence import app
from patrol.errors import BadInput
from patrol.settings import load
from patrol.vault import EvidenceState, Vault, verify
from tests.patrol_vault_cases import lead, page, small_vault
from tests.patrol_vault_site import nothing_listens, serving_site

RUNNER = CliRunner()


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that the commands work in."""
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.setenv("PATROL_MIN_FREE_MB", "1")
    monkeypatch.setenv("PATROL_ALLOW_LOOPBACK", "1")
    if find_browser(load()) is None:
        pytest.skip("no browser on this machine; `patrol doctor --mend` brings one")
    return tmp_path / "ws"


@pytest.mark.parametrize(
    "command", [["show", "ZJ-9"], ["export", "ZJ-9", "out"], ["hold", "ZJ-9", "--officer", "某甲", "--reason", "复议"]]
)
def test_an_unknown_number_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.chdir(tmp_path)
    done = RUNNER.invoke(app, command)
    assert isinstance(done.exception, BadInput)
    assert "没有编号为“ZJ-9”的证据" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_capture_of_a_page_that_is_not_there_is_one_line_and_exit_code_1(bureau: Path) -> None:
    command = [sys.executable, "-m", "patrol", "evidence", "capture", nothing_listens(), "--number", "ZJ-1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "证据 ZJ-1 没有取得" in done.stderr
    assert "网站无法连接" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert Vault(bureau / "vault").manifests("ZJ-1")[0].state is EvidenceState.FAILED


def test_partial_capture_says_what_is_missing_and_names_the_officers(bureau: Path, campaign_file: Path) -> None:
    officers = '\n[[officers]]\nname = "张某"\nlicence = "执法-1"\n[[officers]]\nname = "李某"\n'
    campaign_file.write_text(campaign_file.read_text(encoding="utf-8") + officers, encoding="utf-8")
    with serving_site() as site:
        command = ["capture", f"{site.url}/tall", "--number", "ZJ-1", "--campaign", str(campaign_file), "--step", "搜索“寒假班”"]
        command += ["--device", "both"]
        done = RUNNER.invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert "证据 ZJ-1：部分" in done.output
    assert done.output.count("缺少：页面高") == 2
    assert {one.browser.device for one in Vault(bureau / "vault").manifests("ZJ-1") if one.browser} == {"phone", "desktop"}
    RUNNER.invoke(app, ["record", "ZJ-1", str(bureau / "record.docx"), "--unit", "云川市教育局"], catch_exceptions=False)
    text = "\n".join(paragraph.text for paragraph in Document(str(bureau / "record.docx")).paragraphs)
    assert "取证人：张某，执法证号：执法-1" in text
    assert "见证人：李某，执法证号：" in text
    assert "清洁性检查——系统时钟：与网站应答的 Date 相差约" in text
    assert "进入步骤：搜索“寒假班”" in text


def test_imported_page_is_recorded_as_what_it_is(bureau: Path, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    capture, body = page(tmp_path / "spool", "1", b"<p>1</p>")
    brought = {"url": "本机导入文件：王小明老师.html", "final_url": "", "mode": "import", "redirects": (), "response_headers": ()}
    imported = type(capture)(**{**{name: getattr(capture, name) for name in capture.__slots__}, **brought})
    Vault(bureau / "vault").seal_exchange("ZJ-1", imported, body, lead=lead())
    RUNNER.invoke(app, ["record", "ZJ-1", str(bureau / "record.docx")], catch_exceptions=False)
    document = Document(str(bureau / "record.docx"))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    text = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    assert "来源：本机导入文件：王某老师.html（办案人员导入，本系统没有访问网站取得）" in text
    assert "办案人员导入已保存的文件" in text
    assert "办案人员导入的网页文件" in text
    assert "以 HTTP 方式访问" not in text


def test_every_access_by_command_is_in_the_ledger(bureau: Path, tmp_path: Path) -> None:
    vault = small_vault(bureau / "vault", tmp_path / "spool", items=1)
    who = ["--officer", "张某", "--reason", "核对"]
    for command in (
        ["show", "ZJ-1", *who],
        ["mask", "ZJ-1", "--area", "0,0,1,1", *who],
        ["export", "ZJ-1", str(tmp_path / "out"), *who],
        ["record", "ZJ-1", str(tmp_path / "record.docx")],
        ["hold", "ZJ-1", *who],
        ["hold", "ZJ-1", *who, "--release"],
        ["purge", "ZJ-1", *who, "--approver", "李某"],
    ):
        assert RUNNER.invoke(app, command, catch_exceptions=False).exit_code == 0, command
    rows = [(row.action, row.actor) for row in vault.ledger.rows() if row.action not in {"create", "capture"}]
    assert rows[1:] == [
        ("view", "张某"),
        ("mask", "张某"),
        ("export", "张某"),
        ("view", "命令行"),
        ("hold", "张某"),
        ("release", "张某"),
        ("delete", "张某"),
    ]
    assert verify(vault.root).ok
    with pytest.raises(BadInput):
        RUNNER.invoke(app, ["mask", "ZJ-1", "--area", "1,2", *who], catch_exceptions=False)
