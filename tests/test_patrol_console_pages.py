"""What officers do on the console's other pages: campaigns, lists, rules, clues, evidence, packages, tasks."""

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from patrol.console.highlighting import compare_names, pieces_of
from patrol.console.money import money_of
from patrol.console.people import Role
from patrol.console.resuming import read_resume
from patrol.console.tasks import Tasks
from patrol.model import Judgement
from patrol.settings import Settings
from patrol.store.accounts import User
from patrol.store.console_work import Task
from patrol.vault.verify import verify
from tests.conftest import CAMPAIGN_TEXT
from tests.patrol_console_cases import HASHED, NOON, PASSWORD, Office, open_office, screening, seal

LIST = "序号,机构名称,统一社会信用代码,办学许可证号,培训类型\n" + "".join(
    f"{n},云川市临江区晨光{n}号学科培训学校,,教民1990001710000{n:02d}号,学科类\n" for n in range(1, 6)
)


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and eight leads."""
    yield from open_office(settings, campaign_file)


def ended(office: Office, kind: str) -> Task:
    """Wait for the latest task of a kind and return it."""
    (task,) = office.desk.books.work.tasks((kind,), 1)
    office.desk.tasks.wait(task.id, 120)
    found = office.desk.books.work.task(task.id)
    assert found is not None
    assert found.code is not None, "task did not end"
    return found


def confirm(office: Office, number: str) -> None:
    """Let two officers confirm a lead."""
    book = office.desk.books.review
    for seen, officer in enumerate(("甲", "乙")):
        book.decide(number, Judgement.CONFIRMED, officer=officer, seen=seen, reason="", now=NOON, senior=True)


# the text and its findings


def test_the_pieces_of_a_text_are_the_text() -> None:
    one = screening(3, phone="19900000001")
    pieces = pieces_of(one.post.text, one.detection)
    assert "".join(piece.text for piece in pieces) == one.post.text
    assert [(piece.text, piece.element) for piece in pieces if piece.element] == [
        ("初二", "audience"),
        ("数学", "subject"),
        ("寒假", "breach"),
    ]


def test_two_names_are_cut_into_what_they_share() -> None:
    left, right = compare_names("启明培训", "启明星培训学校")
    assert [(part.text, part.same) for part in left] == [("启明", True), ("培训", True)]
    assert "".join(part.text for part in right) == "启明星培训学校"


@pytest.mark.parametrize(
    ("text", "prices", "total", "over"),
    [
        ("每节课120元，一共十二次", ("120元／节课",), "120元 × 12 = 1440元", 0),
        ("12次课1680元", ("1680元",), "", 0),
        ("一学期9800元，共80课时", ("9800元／学期",), "", 3),
        ("小区停水通知", (), "", 0),
    ],
)
def test_money_is_added_up_only_where_the_page_leaves_no_choice(
    text: str, prices: tuple[str, ...], total: str, over: int
) -> None:
    money = money_of(text)
    assert (money.prices, money.total, len(money.over)) == (prices, total, over) if money else prices == ()


# campaigns


def test_a_wrong_campaign_file_is_refused_whole(office: Office, campaign_file: Path) -> None:
    client, before = office.sign_in(Role.ADMIN), campaign_file.read_text(encoding="utf-8")
    answer = client.post("/campaigns", data={"text": before.replace("end = 2027-02-28", "end = 2026-02-28")})
    assert answer.status_code == 400
    assert "早于开始日期" in answer.text
    assert campaign_file.read_text(encoding="utf-8") == before


def test_a_changed_campaign_file_is_kept_with_the_one_before(office: Office, campaign_file: Path) -> None:
    client = office.sign_in(Role.ADMIN)
    text = CAMPAIGN_TEXT + '\n[[sources]]\nname = "discuz"\n'
    assert client.post("/campaigns", data={"text": text}).status_code == 303
    assert [choice.name for choice in office.desk.campaign(office.campaign.id).sources] == ["discuz"]  # type: ignore[union-attr]
    assert len(list((office.desk.workspace / "campaigns" / "earlier").iterdir())) == 1
    assert "本次行动已开启" in client.get("/sources/discuz").text


def test_a_new_campaign_comes_by_upload(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    text = CAMPAIGN_TEXT.replace("test-winter", "second").replace("云川市2027年寒假", "云川市2027年暑假")
    answer = client.post("/campaigns", files={"file": ("暑假.toml", text.encode(), "application/toml")})
    assert answer.status_code == 303
    assert dict(office.desk.campaigns())["second"].startswith("云川市2027年暑假")


# lists


def test_a_list_is_imported_after_its_preview_and_the_upload_is_gone(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    shown = client.post("/lists/preview", files={"file": ("../../名单.csv", LIST.encode(), "text/csv")}).text
    assert "读出 5 家" in shown
    token = re.search(r'name="token" value="(\w+)"', shown)
    assert token
    assert client.post("/lists", data={"token": token[1], "dated": "2027-01-01"}).status_code == 303
    (version,) = office.desk.books.lists.versions()
    assert (version.rows, version.officer, version.file_name) == (5, "复核员乙", "名单.csv")
    assert not (office.desk.workspace / "lists" / "incoming" / token[1]).exists()
    assert "新增 5" in client.get(f"/lists/{version.list_name}/1").text


def test_an_answer_about_a_name_is_kept_and_can_be_taken_back(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    shown = client.post("/lists/preview", files={"file": ("名单.csv", LIST.encode(), "text/csv")}).text
    token = re.search(r'name="token" value="(\w+)"', shown)
    assert token
    client.post("/lists", data={"token": token[1]})
    given = {"name": "晨光3号", "row": "3", "opinion": "same", "reason": "电话核实"}
    assert client.post("/lists/answers", data=given).status_code == 303
    assert "名单内" in client.get("/lists?name=晨光3号").text
    (answer,) = office.desk.books.lists.answers()
    assert (answer.officer, answer.listed_name) == ("复核员乙", "云川市临江区晨光3号学科培训学校")
    assert client.post(f"/lists/answers/{answer.number}/undo").status_code == 303
    assert office.desk.books.lists.answers()[0].undone_by == "复核员乙"


@pytest.mark.parametrize("token", ["../../..", "", "zz/zz", "."])
def test_a_preview_names_no_file_but_its_own(office: Office, token: str) -> None:
    client = office.sign_in(Role.REVIEWER)
    assert client.post("/lists", data={"token": token}).status_code == 400


# rules


def test_words_are_tried_on_the_last_posts_and_kept_only_then(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    answer = client.post("/rules/trials", data={"label": "tutor.core", "words": "葱姜蒜班"})
    assert answer.status_code == 303, answer.text
    task = ended(office, "trial")
    assert task.code == 0, office.desk.tasks.log_of(task.id)
    assert json.loads(task.result)["posts"] == len(office.numbers)
    assert not (office.desk.workspace / "rules.yml").exists()
    assert "保存到本单位词表" in client.get(f"/rules/trials/{task.id}").text
    assert client.post(f"/rules/trials/{task.id}/keep").status_code == 303
    assert "葱姜蒜班" in (office.desk.workspace / "rules.yml").read_text(encoding="utf-8")
    assert client.post("/rules/words/drop", data={"label": "tutor.core", "word": "葱姜蒜班"}).status_code == 303
    assert "葱姜蒜班" not in (office.desk.workspace / "rules.yml").read_text(encoding="utf-8")


def test_a_kind_of_word_that_does_not_exist_is_refused(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    assert client.post("/rules/trials", data={"label": "x", "words": "词"}).status_code == 400


# clues


def test_a_saved_page_becomes_a_lead_with_its_original_sealed(office: Office) -> None:
    client = office.sign_in(Role.INSPECTOR)
    page = "<html><head><meta charset=utf-8><title>寒假数学小班</title></head><body><article><h1>初二数学寒假小班招生</h1><p>"
    page += "初二数学寒假一对一补课，每节课120元，名额有限，报名加微信 shuxue2027，周末也上课，老师上门辅导。"
    page += "</p></article></body></html>"
    given = {"files": ("../../evil name.html", page.encode(), "text/html")}
    assert client.post("/clues/pages", files=given).status_code == 303
    task = ended(office, "saved")
    assert task.code == 0, office.desk.tasks.log_of(task.id)
    assert list(office.desk.workspace.parent.glob("evil*")) == []
    shown = client.get(f"/tasks/{task.id}").text
    number = re.search(r"/leads/(XS[\d-]+)", shown)
    assert number, shown
    assert verify(office.desk.vault.root).ok
    assert "寒假" in client.get(f"/leads/{number[1]}").text


def test_corrected_words_of_a_screenshot_become_a_lead(office: Office) -> None:
    client = office.sign_in(Role.INSPECTOR)
    folder = office.desk.workspace / "clues" / "one" / "files"
    folder.mkdir(parents=True)
    picture = b"\x89PNG\r\n\x1a\n" + b"not really a picture"
    (folder / "01-shot.png").write_bytes(picture)
    work = office.desk.books.work
    number = work.start_task("pictures", "识别截图文字", ["read", str(folder)], name="巡查员丙", log="", now=NOON)
    work.end_task(number, code=0, result=json.dumps([{"file": "01-shot.png", "text": "初二教学"}]), now=NOON)
    assert "初二教学" in client.get(f"/clues/pictures/{number}").text
    words = "初二数学寒假一对一补课，每节课120元，名额有限，报名加微信 shuxue2027"
    given = {"title": "朋友圈截图", "text-0": words, "author": "某老师", "url": "", "platform": "", "region": ""}
    assert client.post(f"/clues/pictures/{number}", data=given).status_code == 303
    task = ended(office, "pictures")
    assert task.code == 0, office.desk.tasks.log_of(task.id)
    (lead,) = json.loads(task.result)["leads"]
    kept = office.desk.books.store.lead(lead)
    assert kept.title == "朋友圈截图"
    sealed = office.desk.vault.manifests(kept.evidence)[0]
    assert sealed.capture is not None
    assert sealed.capture.mode == "import"
    assert office.desk.vault.objects.read(sealed.files[0].sha256) == picture


@pytest.mark.parametrize("urls", ["", "javascript:alert(1)", "file:///etc/passwd", "https://ok.example/ ftp://x.example/"])
def test_only_web_addresses_are_taken_as_clues(office: Office, urls: str) -> None:
    client = office.sign_in(Role.INSPECTOR)
    assert client.post("/clues/urls", data={"urls": urls}).status_code == 400
    assert office.desk.books.work.tasks(("urls",)) == []


# tasks


def test_a_task_of_an_earlier_console_is_written_down_as_interrupted(office: Office) -> None:
    work = office.desk.books.work
    number = work.start_task("sweep", "巡查", ["sweep"], name="甲", log="", now=NOON)
    Tasks(office.desk.workspace, lambda: work).tidy()
    task = work.task(number)
    assert task is not None
    assert (task.code, task.result) == (-1, "控制台关闭时中断")


def test_a_failed_task_shows_its_last_line(office: Office) -> None:
    number = office.desk.tasks.start("sweep", "巡查", ["sweep", "--campaign", "none.toml"], name="甲")
    office.desk.tasks.wait(number, 120)
    client = office.sign_in(Role.VIEWER)
    shown = client.get(f"/tasks/{number}").text
    assert "未成" in shown
    assert "none.toml" in shown


# packages


def test_a_package_goes_out_and_its_answer_comes_back(office: Office, tmp_path: Path) -> None:
    for lead in office.numbers[:2]:
        seal(office, lead, lead.encode(), tmp_path)
        confirm(office, lead)
    client = office.sign_in(Role.REVIEWER)
    given = {"to": "cyber", "document": "云教监管函〔2027〕3号", "due": "2027-02-10"}
    assert client.post("/takedowns", data=given).status_code == 303
    shown = client.get("/takedowns").text
    number = re.search(r"CZ\d{4}-\d{4}", shown)
    assert number
    assert client.post(f"/takedowns/{number[0]}/export").status_code == 303
    file = re.search(rf'/takedowns/{number[0]}/files/[^"]+\.zip', client.get("/takedowns").text)
    assert file
    assert client.get(file[0]).content[:2] == b"PK"
    client.post(f"/takedowns/{number[0]}/sent", data={"at": "2027-01-31", "how": "公文系统"})
    assert "已发出" in client.get("/takedowns").text or "逾期" in client.get("/takedowns").text
    client.post(f"/takedowns/{number[0]}/reply", data={"at": "2027-02-08", "result": "done", "text": "已下架"})
    assert "已反馈" in client.get("/takedowns").text
    assert "2月10日" in client.get(f"/leads/{office.numbers[0]}").text


def test_files_outside_the_reports_folder_are_not_sent(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    for path in ("../patrol.db", "..%2fpatrol.db", "%2e%2e/patrol.db", "/etc/passwd"):
        assert client.get(f"/files/{path}").status_code == 404


# other


def test_a_measure_stands_on_the_lead_and_among_what_is_due(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    given = {"kind": "rectify", "at": "2027-01-21", "state": "open", "due": "2026-01-01"}
    assert client.post(f"/leads/{office.numbers[0]}/measure", data=given).status_code == 303
    assert "责令" in client.get(f"/leads/{office.numbers[0]}").text
    assert "已过期" in client.get("/").text


def test_a_saved_filter_is_ones_own(office: Office) -> None:
    reviewer, viewer = office.sign_in(Role.REVIEWER), office.sign_in(Role.VIEWER)
    reviewer.post("/filters", data={"name": "抖音待核", "query": "?stage=new&platform=douyin"})
    assert "抖音待核" in reviewer.get("/leads").text
    assert "抖音待核" not in viewer.get("/leads").text


def test_a_sealed_form_of_another_console_is_not_taken() -> None:
    assert read_resume("x.y.z", "secret") is None


def test_the_search_page_finds_what_is_no_lead(office: Office) -> None:
    office.desk.books.store.database.execute("DELETE FROM leads")
    assert "未列" in office.sign_in(Role.VIEWER).get("/search?q=寒假").text


def test_an_empty_workspace_says_what_to_do_next(settings: Settings, campaign_file: Path) -> None:
    for office in open_office(settings, campaign_file, leads=0, people=False):
        office.desk.books.accounts.add(User(id=0, login="a", name="甲", role="admin", password=HASHED), NOON)
        client = TestClient(office.client.app, base_url=str(office.client.base_url), follow_redirects=False)
        client.post("/login", data={"login": "a", "password": PASSWORD})
        assert "去巡查" in client.get("/leads").text
        assert "还没有巡查过" in client.get("/runs").text


# what is kept for a while


def test_what_is_kept_is_made_anew_in_the_background_and_forgotten_at_once(office: Office) -> None:
    desk, made = office.desk, threading.Event()

    def make(value: str) -> str:
        made.set()
        return value

    assert desk.remembered("key", 0.0, lambda: make("first")) == "first"
    desk._kept["key"].until = time.monotonic() - 0.5
    made.clear()
    assert desk.remembered("key", 60.0, lambda: make("second")) == "first"
    assert made.wait(20)
    desk._remaking.submit(lambda: None).result(20)
    assert desk.remembered("key", 60.0, lambda: make("third")) == "second"
    desk.forget("ke")
    assert desk.remembered("key", 60.0, lambda: make("fourth")) == "fourth"
