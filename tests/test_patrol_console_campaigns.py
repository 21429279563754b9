"""Which campaign the console shows: the one it was started for, a lead's own, and where else leads wait."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from patrol.campaigns import china_today
from patrol.commands.sweep import ad_hoc_campaign
from patrol.console.desk import Desk, Origins
from patrol.console.people import Role
from patrol.model import Run
from patrol.settings import Settings
from tests.conftest import CAMPAIGN_TEXT
from tests.patrol_console_cases import BASE, EVIDENCE, NOON, Office, forget_choices, open_office, screening

_SELECTED = re.compile(r'<option value="([^"]+)" selected>')


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console whose campaign has no leads yet, and that some addresses were checked with afterwards."""
    yield from open_office(settings, campaign_file, leads=0)


def checked_addresses(office: Office, leads: int = 1) -> list[str]:
    """Keep leads under the campaign that stands in for none, as `sweep --urls` does; return their numbers."""
    campaign, store = ad_hoc_campaign(), office.desk.books.store
    store.save_campaign(campaign, "", NOON + timedelta(days=900))
    store.start_run(Run(id="run-urls", campaign=campaign.id, source="urls", started_at=NOON))
    kept = [
        store.record_screening(screening(number), run="run-urls", campaign=campaign, source="urls", device="")
        for number in range(1, leads + 1)
    ]
    return [lead.number for lead in kept if lead is not None]


def shown(office: Office, path: str, role: Role = Role.INSPECTOR) -> str:
    """Return the campaign that stands at the top of a page."""
    (found,) = _SELECTED.findall(office.sign_in(role).get(path).text.split("<main")[0])
    return str(found)


def test_the_campaign_given_at_the_start_is_opened_with(office: Office, campaign_file: Path) -> None:
    checked_addresses(office)
    office.desk.prefer_campaign(campaign_file)
    assert [shown(office, path) for path in ("/", "/leads", "/reports", "/takedowns")] == [office.campaign.id] * 4


def test_without_one_given_the_campaign_that_runs_today_is_opened_with(office: Office, tmp_path: Path) -> None:
    checked_addresses(office)
    today, campaign = china_today(), office.campaign
    text = CAMPAIGN_TEXT.replace(f"start = {campaign.start}\nend = {campaign.end}", "start = {}\nend = {}")
    file = tmp_path / "running.toml"
    file.write_text(text.format(min(today, campaign.start), max(today, campaign.end)), encoding="utf-8")
    office.desk.register_campaign(file)
    assert office.desk.campaigns()[0][0] == campaign.id


def test_a_campaign_file_laid_into_the_workspace_is_known(settings: Settings) -> None:
    folder = settings.workspace / "campaigns"
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(CAMPAIGN_TEXT, encoding="utf-8")
    (folder / "wrong.toml").write_text("[campaign]\n", encoding="utf-8")
    desk = Desk(settings, Origins(BASE, EVIDENCE))
    try:
        (known,) = desk.campaigns()
        found = desk.campaign(known[0])
        assert found is not None
        assert Path(found.path).name == "own.toml"
    finally:
        desk.close()
        forget_choices()


def test_else_the_campaign_where_leads_wait_is_opened_with(office: Office) -> None:
    checked_addresses(office)
    assert office.desk.campaigns()[0][0] == "ad-hoc"


def test_a_new_login_begins_at_the_default_again(office: Office, campaign_file: Path) -> None:
    checked_addresses(office)
    office.desk.prefer_campaign(campaign_file)
    client = office.sign_in(Role.INSPECTOR)
    client.post("/campaign", data={"campaign": "ad-hoc", "next": "/"})
    assert _SELECTED.findall(client.get("/").text) == ["ad-hoc"]
    client.headers.pop("X-CSRF-Token")
    client.post("/login", data={"login": "xuncha", "password": "很长的-测试-口令1", "next": "/"})
    assert _SELECTED.findall(client.get("/").text) == [office.campaign.id]


def test_a_leads_page_stands_under_its_own_campaign(office: Office, campaign_file: Path) -> None:
    (number,) = checked_addresses(office)
    office.desk.prefer_campaign(campaign_file)
    assert shown(office, f"/leads/{number}") == "ad-hoc"
    client = office.sign_in(Role.INSPECTOR)
    answer = client.post("/campaign", data={"campaign": office.campaign.id, "next": f"/leads/{number}"})
    assert answer.headers["location"] == "/leads"


def test_an_empty_queue_names_the_campaign_where_leads_wait(office: Office, campaign_file: Path) -> None:
    checked_addresses(office, 2)
    office.desk.prefer_campaign(campaign_file)
    page = office.sign_in(Role.INSPECTOR).get("/leads").text
    assert "另一专项行动“临时巡查”有 2 条线索待初审" in page
