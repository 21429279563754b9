"""Packages for other bodies: only reviewed leads, nothing decided, nothing personal, the same bytes twice."""

import subprocess
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from typer.testing import CliRunner

from detectors.model import Contact, Detection, Element, Finding
from detectors.rules import load_rules
from patrol.commands.takedown import app
from patrol.errors import BadInput, EvidenceBroken
from patrol.model import Campaign, Judgement, Lead, Match, Post, Run, Screening, Verdict
from patrol.reports.gather import gather
from patrol.reports.records import BLANK, ReportInput
from patrol.reports.to_docx import write_docx
from patrol.store import Store
from patrol.store.handling import HandlingBook
from patrol.takedown.case import make_case
from patrol.takedown.extraction_record import extraction_record
from patrol.takedown.laws import law_of, laws
from patrol.takedown.letters import letter
from patrol.takedown.packages import Options, choose, make_packages
from patrol.takedown.recipients import recipients
from patrol.takedown.register import Register, Takedown
from patrol.vault import Vault, verify
from patrol.vault.model import Moment
from tests.patrol_vault_cases import lead as facts
from tests.patrol_vault_cases import page, rendering

NOON = datetime(2027, 1, 20, 4, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://x.example")|<script>alert(1)</script>\u202egnp.exe 王小明老师 电话19900001234 微信 abc_12345 '
CLAUSE = "双减意见第14条；教育部令第53号第18条第二项"
SOME = ("XS2027-000001", "XS2027-000002")


@dataclass(frozen=True, slots=True)
class Bureau:
    """A workspace with four leads: three confirmed by two officers, one not reviewed; the third has no evidence yet."""

    workspace: Path
    campaign: Campaign
    campaign_file: Path
    vault: Vault

    def given(self) -> ReportInput:
        store = Store.open(self.workspace)
        try:
            return gather(store, self.campaign, None, made_at=NOON)
        finally:
            store.close()


def screening(index: int) -> Screening:
    text = HOSTILE * (1 if index > 1 else 20_000) + "初二数学一对一，➕V"
    found = Finding(
        rule="D-PLACE",
        clause="双减意见第14条；教育部令第53号第18条第二项",
        element=Element.SUBJECT,
        start=0,
        end=2,
        quote=text[:2],
        weight=1.0,
    )
    detection = Detection(
        violation=True,
        score=0.9,
        ad_violation=True,
        categories=("holiday_class", "false_promise"),
        findings=(found,),
        contacts=(Contact(kind="phone", value="19900001234", start=0, end=1, quote="19900001234"),),
        glossary=(("➕V", "加微信"),),
    )
    url = f"https://ershou.example/jiajiao/{index}?from=list&p=1"
    post = Post(
        key=url,
        platform="ershou",
        url=url,
        text=text,
        title=HOSTILE,
        author="../../etc/小树 王小明",
        author_id="uid-77",
        published_shown="联系人：王老师",
        image_texts=("王小明老师亲授 19900001234",),
    )
    match = Match(query="小树教育", verdict=Verdict.UNLISTED, why="名单中没有与王小明工作室相近的名称", list_version="2027-01")
    return Screening(post=post, detection=detection, match=match, screened_at=NOON, grade="subject")


@pytest.fixture
def bureau(workspace: Path, campaign: Campaign, campaign_file: Path, tmp_path: Path) -> Bureau:
    store = Store.open(workspace)
    store.save_campaign(campaign, campaign_file.read_text(encoding="utf-8"), NOON)
    store.start_run(Run(id="r-1", campaign=campaign.id, source="ershou", started_at=NOON))
    vault = Vault(workspace / "vault")
    spool = tmp_path / "spool"
    spool.mkdir()
    for index in range(1, 5):
        lead = store.record_screening(screening(index), run="r-1", campaign=campaign, source="ershou", device="phone")
        assert lead is not None
        if index < 4:
            for officer, role in (("张某", "first"), ("李某", "second")):
                store.judge(lead.number, Judgement.CONFIRMED, officer=officer, role=role, reason="核对原页", at=NOON)
        if index != 3:
            seal(vault, spool, lead)
    store.close()
    return Bureau(workspace, campaign, campaign_file, vault)


def seal(vault: Vault, spool: Path, lead: Lead) -> None:
    told = {
        "title": HOSTILE,
        "author": "../../etc/小树 王小明",
        "published_shown": "联系人：王老师",
        "match": "王小明工作室：未匹配",
    }
    capture, body = page(spool, lead.number, f"<p>{lead.number} {HOSTILE}</p>".encode("utf-8", "replace"))
    vault.seal_exchange(lead.evidence, capture, body, lead=facts(lead.number, **told))
    vault.seal_rendering(lead.evidence, rendering(spool / lead.number, lead.evidence))


def takedown(bureau: Bureau, *, leads: tuple[str, ...] = SOME, to: str = "cyber") -> Takedown:
    draft = Takedown(
        number="",
        campaign=bureau.campaign.id,
        recipient=to,
        addressee="云川市互联网信息办公室",
        document="云教监管函〔2027〕3号",
        leads=leads,
        officer="张某",
        unit="云川市教育局",
        contact="李某",
        phone="19900000001",
        due=date(2027, 2, 10),
        made=Moment.of(NOON),
        ledger_row=bureau.vault.ledger.point().row,
    )
    return Register(bureau.workspace).add(draft)


def unpacked(path: Path, to: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(to)
    (folder,) = to.iterdir()
    return folder


def words(path: Path) -> str:
    document = Document(str(path))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_only_leads_confirmed_by_officers_are_taken(bureau: Bureau) -> None:
    chosen = choose(bureau.given(), "cyber")
    assert [lead.number for lead in chosen] == [f"XS2027-00000{n}" for n in (1, 2, 3)]
    with pytest.raises(BadInput, match="尚未复核属实"):
        choose(bureau.given(), "cyber", only=("XS2027-000004",))


def test_body_without_leads_of_its_own_gets_no_package(bureau: Bureau) -> None:
    with pytest.raises(BadInput, match="公安机关"):
        choose(bureau.given(), "police")
    with pytest.raises(BadInput, match="可用的有"):
        choose(bureau.given(), "nobody")


def test_package_verifies_and_is_checked_by_common_tools(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options(officer="张某"))
    report = verify(path)
    assert report.ok, report.failures
    assert report.items == 2
    folder = unpacked(path, tmp_path / "open")
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len([name for name in folder.iterdir() if name.suffix in {".docx", ".xlsx"}]) == 8
    assert {path.stem for path in (folder / "09-电子数据提取笔录").iterdir()} == {"ZJ2027-000001", "ZJ2027-000002"}


def test_same_takedown_gives_the_same_bytes(bureau: Bureau, tmp_path: Path) -> None:
    record = takedown(bureau)
    options = Options(officer="张某")
    (one,) = make_packages(tmp_path / "a", record, bureau.given(), bureau.vault, options)
    bureau.vault.record("view", number="ZJ2027-000001", actor="李某", reason="复核")
    (two,) = make_packages(tmp_path / "b", record, bureau.given(), bureau.vault, options)
    assert one.read_bytes() == two.read_bytes()


def test_masked_package_holds_no_secret_and_nothing_that_runs(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options())
    folder = unpacked(path, tmp_path / "open")
    for file in folder.rglob("*"):
        if file.is_dir():
            continue
        parts = {"": file.read_bytes()}
        if file.suffix in {".docx", ".xlsx"}:
            with zipfile.ZipFile(file) as office:
                parts = {name: office.read(name) for name in office.namelist()}
        for name, data in parts.items():
            live = () if file.suffix in {".json", ".jsonl", ".txt"} else ("<script>alert",)
            for secret in ("19900001234", "abc_12345", "王小明", "王老师", "\u202e", *live):
                assert secret.encode() not in data, (file.name, name, secret)
    assert all(".." not in name for name in zipfile.ZipFile(path).namelist())
    assert path.stat().st_size < 2_000_000


def test_list_has_one_address_a_row_as_text_and_full_digests(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options())
    folder = unpacked(path, tmp_path / "open")
    sheet = openpyxl.load_workbook(folder / "02-违规信息清单.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(index for index, row in enumerate(rows) if row[0] == "序号")
    first = dict(zip(rows[head], rows[head + 1], strict=True))
    assert first["信息链接"] == "https://ershou.example/jiajiao/1?from=list&p=1"
    assert first["账号标识"] == "uid-77"
    capture = next(m for m in bureau.vault.manifests("ZJ2027-000001") if m.capture)
    assert (first["所存网页SHA-256"], first["所存网页SM3"]) == (capture.files[0].sha256, capture.files[0].sm3)
    assert first["暗语说明"] == "➕V：加微信"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_nothing_is_decided_by_the_software(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options())
    folder = unpacked(path, tmp_path / "open")
    opinion, covering = words(folder / "03-认定意见书（底稿）.docx"), words(folder / "01-商请处置函.docx")
    assert opinion.count(f"认定结论：{BLANK}") == 2
    assert f"是否属于学科类（目的、内容、方式、评价四个方面）：{BLANK}" in opinion
    assert f"经教育行政部门认定：{BLANK}" in covering
    assert "2027年2月10日前" in covering
    assert "张某、李某" in covering
    assert "无证" not in opinion + covering
    assert "依法处置，并将处置情况书面函告我单位" in covering
    assert "《校外培训行政处罚暂行办法》（教育部令第53号）第18条第二项" in covering


def test_clauses_are_quoted_with_rank_and_dates(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options())
    text = words(unpacked(path, tmp_path / "open") / "07-涉嫌违反条款摘录.docx")
    assert "部门规章" in text
    assert "2023-10-15施行" in text
    assert "1、2" in text
    ranks = [law.order for law in laws()]
    assert ranks == sorted(ranks)
    assert {law_of(part) is None for rule in load_rules() for part in rule.clause.split("；")} == {False}


def test_lead_without_evidence_is_shown_as_such(bureau: Bureau, tmp_path: Path) -> None:
    record = takedown(bureau, leads=("XS2027-000003",))
    (path,) = make_packages(tmp_path / "out", record, bureau.given(), bureau.vault, Options())
    folder = unpacked(path, tmp_path / "open")
    sheet = openpyxl.load_workbook(folder / "04-证据目录.xlsx").active
    assert any(cell.value == "证据尚未取得" for row in sheet.iter_rows() for cell in row)
    assert verify(path).ok


def test_large_package_is_split_and_every_part_stands_alone(bureau: Bureau, tmp_path: Path) -> None:
    paths = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options(limit_mb=0.01))
    assert [path.name for path in paths] == ["CZ2027-0001-1of2.zip", "CZ2027-0001-2of2.zip"]
    assert all(verify(path).ok for path in paths)
    names = [set(zipfile.ZipFile(path).namelist()) for path in paths]
    assert "CZ2027-0001/01-商请处置函.docx" in names[0]
    assert not any("商请处置函" in name for name in names[1])
    assert any("ZJ2027-000002" in name for name in names[1])


def test_originals_travel_with_a_reason_and_a_replayable_archive(bureau: Bureau, tmp_path: Path) -> None:
    record = takedown(bureau)
    with pytest.raises(BadInput, match="事由"):
        make_packages(tmp_path / "no", record, bureau.given(), bureau.vault, Options(original=True))
    options = Options(original=True, officer="张某", reason="公安机关调取")
    (path,) = make_packages(tmp_path / "out", record, bureau.given(), bureau.vault, options)
    assert "CZ2027-0001/evidence/ZJ2027-000001/ZJ2027-000001.wacz" in zipfile.ZipFile(path).namelist()
    assert verify(path).ok


def test_any_changed_byte_of_a_package_is_caught(bureau: Bureau, tmp_path: Path) -> None:
    (path,) = make_packages(tmp_path / "out", takedown(bureau), bureau.given(), bureau.vault, Options())
    whole = path.read_bytes()
    for offset in range(11, len(whole), len(whole) // 60):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 4]) + whole[offset + 1 :])
        try:
            assert not verify(path).ok, offset
        except BadInput as error:
            assert "已损坏" in str(error)  # noqa: PT017  either is a refusal


def test_document_number_is_used_once(bureau: Bureau) -> None:
    takedown(bureau)
    with pytest.raises(BadInput, match="已经用过"):
        takedown(bureau)


def test_register_that_was_edited_by_hand_is_named(bureau: Bureau) -> None:
    record = takedown(bureau)
    path = bureau.workspace / f"takedowns/{record.number}.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"leads"', '"lead"'))
    with pytest.raises(EvidenceBroken, match=record.number):
        Register(bureau.workspace).get(record.number)


def test_extraction_record_shows_gaps_and_invents_nothing(bureau: Bureau, tmp_path: Path) -> None:
    manifests = bureau.vault.manifests("ZJ2027-000001")[:1]
    write_docx(extraction_record(manifests, [None], "云川市教育局", NOON), tmp_path / "record.docx")
    text = words(tmp_path / "record.docx")
    assert f"取证人：{BLANK}，执法证号：{BLANK}" in text
    assert "尚未进行浏览器取证" in text
    assert "可信时间戳尚未取得" in text
    assert manifests[0].files[0].sha256 in text
    assert manifests[0].files[0].sm3 in text
    assert "王小明" not in text
    assert "王老师" not in text


def test_every_body_has_a_letter_that_names_its_duty(bureau: Bureau) -> None:
    given = bureau.given()
    leads = tuple((lead, bureau.vault.manifests(lead.evidence)) for lead in given.leads if lead.number in SOME)
    record = takedown(bureau)
    for name, body in recipients().items():
        case = make_case(record.model_copy(update={"recipient": name}), given, leads)
        paper = letter(case).paper
        assert paper is not None
        assert body.duty in "".join(block.text for block in paper.blocks)
        assert paper.letter


def test_commands_follow_a_package_to_its_reply(bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATROL_WORKSPACE", str(bureau.workspace))
    monkeypatch.setenv("PATROL_MIN_FREE_MB", "1")
    campaign, officer = ["--campaign", str(bureau.campaign_file)], ["--officer", "张某"]
    runner = CliRunner()
    made = runner.invoke(app, ["new", *campaign, "--to", "cyber", *officer, "--due", "2027-02-10"], catch_exceptions=False)
    number = made.output.split()[0].removeprefix("已拟制").strip("：: ") or made.output.split()[1].split("：")[0]
    exported = runner.invoke(app, ["export", number, str(tmp_path / "out"), *campaign, *officer], catch_exceptions=False)
    assert verify(tmp_path / f"out/{number}.zip").ok, exported.output
    early = runner.invoke(app, ["reply", number, *officer, "--result", "done"])
    assert isinstance(early.exception, BadInput)
    runner.invoke(app, ["sent", number, *officer, "--at", "2027-01-31"], catch_exceptions=False)
    register = Register(bureau.workspace)
    assert register.state(register.get(number), date(2027, 2, 1)) == "已发出"
    assert register.state(register.get(number), date(2027, 2, 11)) == "逾期未反馈"
    runner.invoke(app, ["reply", number, *officer, "--result", "done", "--at", "2027-02-05"], catch_exceptions=False)
    assert register.state(register.get(number)) == "已反馈"
    store = Store.open(bureau.workspace)
    measures = HandlingBook(store).measures(bureau.campaign.id)
    store.close()
    assert {(one.lead, one.state, one.due) for one in measures} == {
        (f"XS2027-00000{n}", "done", date(2027, 2, 10)) for n in (1, 2, 3)
    }
