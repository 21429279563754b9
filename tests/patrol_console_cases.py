"""Parts that the console's tests share: a workspace with leads made by hand, people of every role, clients signed in."""

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from detectors.model import Contact, Detection, Element, Finding
from patrol import settings as settings_module
from patrol.campaigns import load_campaign
from patrol.console.app import console_app
from patrol.console.desk import Desk, Origins
from patrol.console.people import Role
from patrol.model import Campaign, Candidate, Capture, Match, Post, Run, Screening, Verdict
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.accounts import User
from patrol.store.searching import SearchBook
from patrol.vault.model import LeadFacts

BASE = "http://127.0.0.1:8765"
EVIDENCE = "http://127.0.0.1:8766"
PASSWORD = "很长的-测试-口令1"
NOON = datetime(2027, 1, 20, 4, tzinfo=UTC)
HASHED = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
PEOPLE = {
    Role.ADMIN: ("admin", "管理员甲"),
    Role.REVIEWER: ("fuhe", "复核员乙"),
    Role.INSPECTOR: ("xuncha", "巡查员丙"),
    Role.VIEWER: ("kan", "只读丁"),
}


def screening(
    number: int, *, text: str = "", title: str = "", author: str = "", phone: str = "", region: str = "云川市"
) -> Screening:
    """Return a lead's screening written by hand: three findings, a contact, a list answer."""
    words = text or f"初二数学寒假小班，第{number}期，每课时120元，电话19900000{number:03d}"
    findings = []
    for rule, quote, element in (
        ("T-ONE", "数学", Element.SUBJECT),
        ("T-TWO", "寒假", Element.BREACH),
        ("T-THREE", "初二", Element.AUDIENCE),
    ):
        at = words.find(quote)
        if at >= 0:
            findings.append(
                Finding(
                    rule=rule,
                    clause="双减意见第14条",
                    element=element,
                    start=at,
                    end=at + len(quote),
                    quote=quote,
                    weight=0.3,
                    trick="homophone" if element is Element.SUBJECT else "",
                )
            )
    contacts = (Contact(kind="phone", value=phone, start=0, end=0, quote=phone),) if phone else ()
    detection = Detection(
        violation=True,
        score=0.5 + (number % 50) / 100,
        ad_violation=True,
        categories=("subject_ad", "holiday_class"),
        findings=tuple(findings),
        contacts=contacts,
        why="疑似学科类违规培训：对象见“初二”，内容见“数学”",
        rules_version="r1",
    )
    match = Match(
        query=author or f"云川市启明培训{number}",
        verdict=Verdict.REVIEW if number % 3 == 0 else Verdict.UNLISTED,
        candidates=(Candidate(row=7, name="云川市启明星培训学校", score=0.5, detail="字号不同"),),
        why="名单未匹配，待核",
        list_version="l1",
    )
    post = Post(
        key=f"https://forum.example/t/{number}",
        platform="discuz",
        url=f"https://forum.example/t/{number}",
        title=title or f"寒假数学小班第{number}期",
        text=words,
        author=author or f"发布者{number}",
        author_id=f"u{number % 4}",
        published_at=NOON,
        published_shown="2027-01-20",
        region=region,
    )
    return Screening(post=post, detection=detection, match=match, screened_at=NOON + timedelta(minutes=number), grade="subject")


def fill(store: Store, campaign: Campaign, screenings: list[Screening]) -> list[str]:
    """Keep screenings as leads of one run; return their numbers."""
    run = Run(id="run-1", campaign=campaign.id, source="discuz", started_at=NOON)
    store.save_campaign(campaign, "", NOON)
    if screenings and not [one for one in store.runs(campaign.id) if one.id == run.id]:
        store.start_run(run)
    leads = [store.record_screening(one, run=run.id, campaign=campaign, source="discuz", device="") for one in screenings]
    return [lead.number for lead in leads if lead is not None]


@dataclass(frozen=True)
class Office:
    """A console with people and leads; `sign_in` gives a client of a role."""

    desk: Desk
    campaign: Campaign
    numbers: list[str]
    client: TestClient

    def sign_in(self, role: Role) -> TestClient:
        """Return a client whose session belongs to the person of a role, sending its CSRF word with every request."""
        client = TestClient(self.client.app, base_url=BASE, follow_redirects=False)
        login, _ = PEOPLE[role]
        answer = client.post("/login", data={"login": login, "password": PASSWORD, "next": "/"})
        assert answer.status_code == 303, answer.text
        token = client.get("/me").text.split('X-CSRF-Token": "')[1].split('"')[0]
        client.headers["X-CSRF-Token"] = token
        return client


def free_ports() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def open_office(settings: Settings, campaign_file: Path, *, leads: int = 8, people: bool = True) -> Iterator[Office]:
    """Yield a console on a fresh workspace."""
    campaign = load_campaign(campaign_file)
    desk = Desk(settings, Origins(BASE, EVIDENCE))
    desk.register_campaign(campaign_file)
    numbers = fill(desk.books.store, campaign, [screening(number) for number in range(1, leads + 1)])
    while SearchBook(desk.books.store).catch_up():
        pass
    if people:
        for role, (login, name) in PEOPLE.items():
            desk.books.accounts.add(User(id=0, login=login, name=name, role=role.value, password=HASHED), NOON)
    client = TestClient(console_app(desk), base_url=BASE, follow_redirects=False)
    yield Office(desk, campaign, numbers, client)
    desk.close()
    forget_choices()


def forget_choices() -> None:
    """Undo what a console chose for its whole process."""
    settings_module._CHOSEN.clear()


def seal(office: Office, number: str, body: bytes, folder: Path) -> str:
    """Seal a page as the evidence of a lead; return its digest."""
    file = folder / "body"
    file.write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    capture = Capture(
        url="https://forum.example/t/1",
        final_url="https://forum.example/t/1",
        status=200,
        fetched_at=NOON,
        sha256=digest,
        size=len(body),
        content_type="text/html",
    )
    office.desk.vault.seal_exchange(f"ZJ{number[2:]}", capture, file, lead=LeadFacts(lead=number))
    return digest
