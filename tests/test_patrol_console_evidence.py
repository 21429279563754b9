"""Evidence in the console: looked at, checked, exported; words drawn on pictures; closed to other districts."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from patrol.console.evidence import custody_rows
from patrol.console.people import Role
from patrol.model import Capture
from patrol.settings import Settings
from patrol.vault.model import LeadFacts
from patrol.vault.verify import verify
from tests.patrol_console_cases import NOON, Office, open_office, seal


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and eight leads."""
    yield from open_office(settings, campaign_file)


def test_a_view_of_evidence_goes_into_the_custody_ledger(office: Office, tmp_path: Path) -> None:
    number = office.numbers[0]
    seal(office, number, b"<p>page</p>", tmp_path)
    client = office.sign_in(Role.VIEWER)
    assert client.get(f"/evidence/ZJ{number[2:]}").status_code == 200
    assert [(row.action, row.actor) for row in custody_rows(office.desk.vault, f"ZJ{number[2:]}")] == [
        ("capture", "系统自动"),
        ("view", "只读丁"),
    ]


def test_an_export_can_be_checked_and_originals_need_a_reason(office: Office, tmp_path: Path) -> None:
    number = office.numbers[0]
    seal(office, number, b"<p>page</p>", tmp_path)
    client = office.sign_in(Role.REVIEWER)
    path = f"/evidence/ZJ{number[2:]}/export"
    assert client.post(path, data={"original": "1"}).status_code == 400
    answer = client.post(path, data={"original": "1", "reason": "移送公安"})
    assert answer.headers["content-type"] == "application/zip"
    file = tmp_path / "out.zip"
    file.write_bytes(answer.content)
    assert verify(file).ok
    assert any(name.endswith("SHA256SUMS") for name in zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
    assert [row.detail for row in office.desk.books.audit.rows(action="export")] == ["原件：移送公安"]
    assert list((office.desk.workspace / "exports").iterdir()) == []


def test_evidence_that_was_changed_is_said_to_be(office: Office, tmp_path: Path) -> None:
    number = office.numbers[0]
    digest = seal(office, number, b"<p>page</p>", tmp_path)
    path = office.desk.vault.objects.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"<p>else</p>")
    client = office.sign_in(Role.REVIEWER)
    assert "不符" in client.post(f"/evidence/ZJ{number[2:]}/check").text


def test_evidence_of_a_later_look_is_as_closed_to_other_districts_as_its_lead(office: Office, tmp_path: Path) -> None:
    number = office.numbers[0]
    for evidence in (f"ZJ{number[2:]}", f"ZJ{number[2:]}-F20270201120000"):
        (tmp_path / "body").write_bytes(evidence.encode())
        digest = hashlib.sha256(evidence.encode()).hexdigest()
        capture = Capture(
            url="https://forum.example/t/1",
            final_url="https://forum.example/t/1",
            status=200,
            fetched_at=NOON,
            sha256=digest,
            size=len(evidence),
        )
        office.desk.vault.seal_exchange(evidence, capture, tmp_path / "body", lead=LeadFacts(lead=number))
        for district, status in (("别的区", 400), ("云川市", 200)):
            office.desk.books.accounts.change("xuncha", district=district)
            assert office.sign_in(Role.INSPECTOR).get(f"/evidence/{evidence}").status_code == status


def test_the_words_of_a_brought_screenshot_are_found_on_it(office: Office, tmp_path: Path) -> None:
    shot = (files("fixtures.city") / "images" / "p-winter-math.png").read_bytes()
    number = office.numbers[0]
    file = tmp_path / "shot"
    file.write_bytes(shot)
    digest = hashlib.sha256(shot).hexdigest()
    capture = Capture(
        url="https://forum.example/t/1",
        final_url="https://forum.example/t/1",
        status=0,
        fetched_at=NOON,
        sha256=digest,
        size=len(shot),
        mode="import",
        content_type="image/png",
    )
    office.desk.vault.seal_exchange(f"ZJ{number[2:]}", capture, file, lead=LeadFacts(lead=number))
    client = office.sign_in(Role.INSPECTOR)
    address = f"/leads/{number}/pictures/{digest}"
    assert address in client.get(f"/leads/{number}").text
    assert address in client.get(f"/evidence/ZJ{number[2:]}").text
    sent = client.get(f"{address}/file")
    assert (sent.content, sent.headers["content-type"]) == (shot, "image/png")
    shown = client.post(f"{address}/read").text
    assert re.search(r'<polygon points="[\d, ]+" fill="#ffd400"[^>]*><title>[^<]*数学', shown), shown
    assert client.get(f"/leads/{number}/pictures/{'0' * 64}").status_code == 404


def test_what_is_no_picture_is_never_sent_as_one(office: Office, tmp_path: Path) -> None:
    number, body = office.numbers[0], b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "x").write_bytes(body)
    capture = Capture(
        url="https://forum.example/x.svg",
        final_url="https://forum.example/x.svg",
        status=200,
        fetched_at=NOON,
        sha256=digest,
        size=len(body),
        content_type="image/svg+xml",
    )
    office.desk.vault.seal_exchange(f"ZJ{number[2:]}", capture, tmp_path / "x", lead=LeadFacts(lead=number))
    assert office.sign_in(Role.VIEWER).get(f"/leads/{number}/pictures/{digest}/file").status_code == 422
