"""Parts that the console's browser tests share: a console on real ports, people, pages signed in, keys pressed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from patrol.browsers import find_browser
from patrol.campaigns import load_campaign
from patrol.commands.serve import Place, servers
from patrol.console.app import console_app
from patrol.console.desk import Desk
from patrol.console.evidence_site import evidence_app
from patrol.console.people import Role
from patrol.model import Campaign
from patrol.settings import Settings, load
from patrol.store.accounts import User
from patrol.store.searching import SearchBook
from tests.patrol_console_cases import HASHED, NOON, PASSWORD, PEOPLE, fill, forget_choices, free_ports, screening


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run one Chromium."""
    path = find_browser(load({}))
    if path is None:
        pytest.skip("no browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(path), args=["--no-sandbox"])
        yield started
        started.close()


@dataclass(frozen=True)
class Served:
    """A console on real ports."""

    desk: Desk
    campaign: Campaign
    numbers: list[str]
    place: Place

    @property
    def base(self) -> str:
        """The console's address."""
        return self.place.origins.console


@contextmanager
def serving(settings: Settings, campaign_file: Path, *, leads: int) -> Iterator[Served]:
    """Serve a console on a fresh workspace with leads made by hand."""
    place = Place("127.0.0.1", free_ports())
    desk = Desk(settings, place.origins)
    desk.register_campaign(campaign_file)
    campaign = load_campaign(campaign_file)
    numbers = fill(desk.books.store, campaign, [screening(number) for number in range(1, leads + 1)])
    while SearchBook(desk.books.store).catch_up():
        pass
    running = servers(console_app(desk), evidence_app(desk), place)
    threads = [threading.Thread(target=lambda one=one: asyncio.run(one.serve()), daemon=True) for one in running]
    for thread in threads:
        thread.start()
    while not all(one.started for one in running):
        threads[0].join(0.02)
    yield Served(desk, campaign, numbers, place)
    for one in running:
        one.should_exit = True
    for thread in threads:
        thread.join(20)
    forget_choices()


def hire(served: Served) -> None:
    """Add a person of every role."""
    for role, (login, name) in PEOPLE.items():
        served.desk.books.accounts.add(User(id=0, login=login, name=name, role=role.value, password=HASHED), NOON)


def enter(browser: Browser, served: Served, role: Role, *, width: int = 1366, height: int = 768) -> Page:
    """Return a page signed in as a role; what goes wrong in it fails the test."""
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{served.base}/login")
    page.fill("input[name=login]", PEOPLE[role][0])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{served.base}/")
    return page


def decided(page: Page, key: str, word: str) -> None:
    """Press a key and wait until the console says that the decision is kept."""
    number = page.locator('.lead-row[aria-current="true"]').get_attribute("data-number")
    page.wait_for_selector(f'#deciding[action="/leads/{number}/decide"]')
    page.keyboard.press(key)
    page.wait_for_selector(f'.lead-row.done[data-number="{number}"] .verdict:has-text("{word}")')
