"""来源 in the console: switch, try, add, look at a wall; and looking again at leads."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from patrol.campaigns import china_today
from patrol.console.campaign_text import with_source
from patrol.console.evidence_site import evidence_app
from patrol.console.people import Role
from patrol.errors import BadInput
from patrol.handling import Look, Measure
from patrol.model import SourceChoice, State, Visit
from patrol.settings import Settings
from tests.conftest import CAMPAIGN_TEXT
from tests.patrol_console_cases import EVIDENCE, NOON, Office, fill, open_office, screening

SOURCES = """
# 论坛
[[sources]]
name = "discuz"
base = "https://forum.example"  # 各地不同
start = [
  "https://forum.example/forum-1-1.html",
]

# 以下保留
[[sources]]
name = "douyin"
"""
_WORDS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8), max_size=3)


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and three leads, its campaign with two sources."""
    campaign_file.write_text(CAMPAIGN_TEXT + SOURCES, encoding="utf-8")
    yield from open_office(settings, campaign_file, leads=3)


@given(words=_WORDS, pages=st.integers(0, 9))
def test_a_changed_source_changes_nothing_else_of_the_file(words: list[str], pages: int) -> None:
    text = CAMPAIGN_TEXT + SOURCES
    choice = SourceChoice(name="discuz", base="https://other.example", keywords=tuple(words), max_pages=pages)
    changed = with_source(text, "discuz", choice)
    assert "# 以下保留" in changed
    sources = tomllib.loads(changed)["sources"]
    assert [one["name"] for one in sources] == ["discuz", "douyin"]
    assert sources[0].get("keywords", []) == words
    assert with_source(changed, "discuz", None) == with_source(text, "discuz", None)


def test_a_file_that_cannot_be_changed_safely_is_left_to_people() -> None:
    with pytest.raises(BadInput, match="手工"):
        with_source('sources = [{name = "douyin"}]\n', "douyin", None)


def test_a_source_is_switched_on_and_off_and_the_earlier_file_is_kept(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    given_ = {"on": "1", "keywords": "寒假 数学\n一对一\n", "start": "", "base": "", "max_pages": "50"}
    assert client.post("/sources/baidu", data=given_).status_code == 303
    campaign = office.desk.campaign(office.campaign.id)
    assert campaign is not None
    (added,) = [one for one in campaign.sources if one.name == "baidu"]
    assert (added.keywords, added.max_pages) == (("寒假 数学", "一对一"), 50)
    assert "寒假 数学" in client.get("/sources/baidu").text
    assert client.post("/sources/baidu", data={"on": "0"}).status_code == 303
    after = office.desk.campaign(office.campaign.id)
    assert after is not None
    assert [one.name for one in after.sources] == ["discuz", "douyin"]
    assert len(list((office.desk.workspace / "campaigns" / "earlier").iterdir())) == 2


@pytest.mark.parametrize("wrong", [{"start": "javascript:1"}, {"max_pages": "-1"}, {"base": "forum"}, {"keywords": "词\n" * 201}])
def test_a_wrong_source_setting_is_refused_whole(office: Office, wrong: dict[str, str]) -> None:
    before = Path(office.campaign.path).read_text(encoding="utf-8")
    words = "\n".join(f"{n}" for n in range(201)) if "keywords" in wrong else ""
    answer = office.sign_in(Role.ADMIN).post(
        "/sources/baidu", data={"on": "1", **wrong, **({"keywords": words} if words else {})}
    )
    assert answer.status_code == 400
    assert Path(office.campaign.path).read_text(encoding="utf-8") == before


def test_a_wall_is_looked_at_in_the_sandbox_of_the_other_origin(office: Office) -> None:
    body = "<html><script>parent.alert(1)</script><h1>请完成安全验证</h1></html>".encode()
    digest = hashlib.sha256(body).hexdigest()
    spool = office.desk.workspace / "spool"
    spool.mkdir(exist_ok=True)
    (spool / digest).write_bytes(body)
    visit = Visit(url="https://forum.example/x", source="discuz", state=State.BLOCKED_CAPTCHA, at=NOON, sha256=digest)
    office.desk.books.store.record_visit(visit, run="run-1", campaign=office.campaign.id)
    client = office.sign_in(Role.VIEWER)
    assert f"/sources/discuz/samples/{digest}" in client.get("/sources/discuz").text
    page = client.get(f"/sources/discuz/samples/{digest}").text
    assert 'sandbox=""' in page
    site = TestClient(evidence_app(office.desk), base_url=EVIDENCE)
    shown = site.get(re.search(r"/sample\?ticket=[^\"]+", page)[0])  # type: ignore[index]
    assert shown.content == body
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert site.get("/sample?ticket=guess").status_code == 403
    assert client.get(f"/sources/discuz/samples/{'0' * 64}").status_code == 404


def test_trying_a_source_says_what_came_of_it(office: Office) -> None:
    client = office.sign_in(Role.INSPECTOR)
    assert client.post("/sources/no-such/try").status_code == 404
    assert client.post("/sources", data={"url": "https://new.example/"}).status_code == 403
    admin = office.sign_in(Role.ADMIN)
    assert admin.post("/sources", data={"url": "nonsense"}).status_code == 400
    assert admin.post("/sources", data={"url": "https://new.example/", "name": "../up"}).status_code == 400


def test_what_later_looks_saw_stands_on_the_lead_and_another_campaigns_lead_is_not_looked_at(office: Office) -> None:
    number, client = office.numbers[0], office.sign_in(Role.INSPECTOR)
    for state, evidence in ((State.OK, f"ZJ{number[2:]}-F20270201120000"), (State.BLOCKED_LOGIN, ""), (State.GONE_DELETED, "")):
        office.desk.books.handling.record_look(Look(lead=number, at=NOON, state=state, evidence=evidence))
    page = client.get(f"/leads/{number}").text
    assert "现在复查" in page
    assert re.findall(r'<span class="tag \w+">(仍在|没看清|已消失)</span>', page) == ["仍在", "没看清", "已消失"]
    assert f"/evidence/ZJ{number[2:]}-F20270201120000" in page
    office.desk.books.store.database.execute("UPDATE lead_desk SET campaign = 'other' WHERE number = ?", [number])
    assert client.post(f"/leads/{number}/recheck").status_code == 400
    assert office.desk.books.work.tasks(("recheck",)) == []


def test_leads_whose_day_has_come_stand_on_the_first_page(office: Office) -> None:
    number = office.numbers[0]
    late = china_today() - timedelta(days=40)
    measure = Measure(lead=number, kind="rectify", at=late, due=late + timedelta(days=5))
    office.desk.books.handling.record_measure(measure, officer="复核员乙", recorded_at=NOON)
    page = office.sign_in(Role.INSPECTOR).get("/").text
    assert "到期的复查（1）" in page
    assert number in page


def test_a_move_on_the_lists_stands_on_the_lead_with_what_the_rules_say(office: Office) -> None:
    number, client = office.numbers[0], office.sign_in(Role.REVIEWER)
    wish = {"name": "云川某培训", "before": "white", "after": "black", "at": "2027-02-01", "reason": "屡次违规"}
    answer = client.post(f"/leads/{number}/list-change", data=wish)
    assert answer.status_code == 303
    page = client.get(f"/leads/{number}").text
    assert "白名单 → <b>黑名单</b>" in page
    assert client.post(f"/leads/{number}/list-change", data={**wish, "after": "x"}).status_code == 400


def test_the_page_of_a_lead_shows_what_else_its_account_published(office: Office) -> None:
    posts = [screening(40), replace(screening(44), grade="none")]
    (number,) = fill(office.desk.books.store, office.campaign, posts)
    page = office.sign_in(Role.VIEWER).get(f"/leads/{number}").text
    assert "该账号的其他帖文" in page
    assert "第44期" in page
    assert "不是线索" in page
