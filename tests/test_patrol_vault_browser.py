"""Captures with a real browser: what is taken, what a hostile page can do (nothing), and what a crash costs (one page, named)."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from patrol.browsers import find_browser
from patrol.errors import NotAvailable, StorageFull
from patrol.settings import Settings, load
from patrol.vault import EvidenceState, Limits, Manifest, Order, Vault, seal_pages, verify
from patrol.vault.browser import refuse_full_disk
from patrol.vault.masking import read_boxes
from tests.patrol_vault_site import Site, is_capture_process, nothing_listens, serving_site

QUICK = Limits(seconds=9, load_seconds=3, settle_seconds=1.5)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving_site() as served:
        yield served


@pytest.fixture(scope="module")
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    workspace = str(tmp_path_factory.mktemp("captures"))
    return load({}, workspace=workspace, allow_loopback=True, min_free_mb=1, contact="jyj@bureau.example")


@pytest.fixture(scope="module")
def browser(own_settings: Settings) -> str:
    found = find_browser(own_settings)
    if found is None:
        pytest.skip("no browser on this machine; `patrol doctor --mend` brings one")
    return str(found)


@pytest.fixture(scope="module")
def taken(site: Site, own_settings: Settings, browser: str) -> dict[str, Manifest]:
    """Every page of the site, captured in one go."""
    names = ["plain", "lazy", "late", "lies", "alerts", "busy", "endless", "tall", "download", "inside", "frame", "title"]
    names += ["gone", "moved", "away", "silent"]
    orders = [Order(number=f"ZJ-{name}", url=f"{site.url}/{name}", device="phone", steps=("搜索",)) for name in names]
    orders.append(Order(number="ZJ-nobody", url=nothing_listens()))
    orders.append(Order(number="ZJ-desk", url=f"{site.url}/plain", device="desktop"))
    vault = Vault.of(own_settings)
    for _ in seal_pages(orders, vault, own_settings, browser=browser, limits=QUICK):
        pass
    return {number.removeprefix("ZJ-"): vault.manifests(number)[0] for number in vault.numbers()}


def content(own_settings: Settings, manifest: Manifest, role: str) -> bytes:
    vault = Vault.of(own_settings)
    return vault.objects.read(next(entry.sha256 for entry in manifest.files if entry.role == role))


def image(own_settings: Settings, manifest: Manifest, role: str = "full_page") -> Image.Image:
    return Image.open(io.BytesIO(content(own_settings, manifest, role))).convert("RGB")


def test_whole_vault_verifies(taken: dict[str, Manifest], own_settings: Settings) -> None:
    assert len(taken) == 18
    report = verify(own_settings.workspace / "vault")
    assert report.ok, report.failures
    assert list((own_settings.workspace / "vault/incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["plain", "lazy", "late", "lies", "alerts", "frame", "title", "gone", "moved", "desk", "inside"])
def test_pages_are_taken_whole(taken: dict[str, Manifest], name: str) -> None:
    assert taken[name].missing == ()
    assert taken[name].state is EvidenceState.COMPLETE
    roles = {entry.role for entry in taken[name].files}
    assert {"full_page", "first_screen", "mhtml", "dom", "text_map"} <= roles


def test_window_is_a_phone_or_a_desktop_and_says_who_we_are(taken: dict[str, Manifest], site: Site) -> None:
    phone, desk = taken["plain"].browser, taken["desk"].browser
    assert phone is not None
    assert desk is not None
    assert (phone.viewport[0], desk.viewport[0]) == (390, 1366)
    assert "Mobile" in phone.user_agent
    assert "Mobile" not in desk.user_agent
    assert all("XianshangPatrol" in agent and "jyj@bureau.example" in agent for agent in site.agents)
    assert phone.steps == ("搜索",)


def test_lazy_pictures_are_on_the_full_picture(taken: dict[str, Manifest], own_settings: Settings, site: Site) -> None:
    assert {f"/pic/{n}.png" for n in range(9)} <= set(site.asked)
    full = image(own_settings, taken["lazy"])
    colours = {full.getpixel((60, y)) for y in range(900, full.height, 50)}
    assert {(255, 0, 0), (0, 128, 0), (0, 0, 255)} & colours


def test_script_made_words_are_in_the_rendered_page(taken: dict[str, Manifest], own_settings: Settings) -> None:
    assert "价格 2000 元" in content(own_settings, taken["late"], "dom").decode()


def test_text_map_finds_words_in_frames_where_they_stand(taken: dict[str, Manifest], own_settings: Settings) -> None:
    boxes = read_boxes(content(own_settings, taken["frame"], "text_map"))
    inner = next(box for box in boxes if "19900005678" in box.value)
    assert inner.x >= 50
    assert inner.y >= 50


def test_what_the_page_loaded_is_recorded_and_kept(taken: dict[str, Manifest]) -> None:
    facts = taken["lazy"].browser
    assert facts is not None
    pictures = [response for response in facts.responses if response.kind == "image" and "/pic/" in response.url]
    assert len(pictures) == 9
    assert all(response.sha256 and response.ip_address == "127.0.0.1" for response in pictures)
    kept = {entry.sha256 for entry in taken["lazy"].files}
    assert {response.sha256 for response in pictures} <= kept


def test_redirects_and_gone_pages_keep_their_status(taken: dict[str, Manifest]) -> None:
    moved, gone = taken["moved"].browser, taken["gone"].browser
    assert moved is not None
    assert gone is not None
    assert moved.final_url.endswith("/plain")
    assert [response.status for response in moved.responses if response.kind == "document"] == [302, 200]
    assert gone.status == 404


def test_internal_addresses_are_refused_and_named(taken: dict[str, Manifest]) -> None:
    assert taken["away"].state is EvidenceState.FAILED
    assert any("不允许访问" in what and "内网" in what for what in taken["away"].missing)
    inside = taken["inside"].browser
    assert inside is not None
    assert all(response.status == 403 for response in inside.responses if "169.254" in response.url or "10.0.0.1" in response.url)


@pytest.mark.parametrize("name", ["busy", "silent", "nobody", "download"])
def test_pages_that_cannot_be_shown_are_never_called_complete(taken: dict[str, Manifest], name: str) -> None:
    assert taken[name].state is not EvidenceState.COMPLETE
    assert taken[name].missing


def test_tall_and_endless_pages_end_at_the_limit_and_say_so(taken: dict[str, Manifest], own_settings: Settings) -> None:
    assert image(own_settings, taken["tall"]).height == QUICK.height
    assert any("只到" in what for what in taken["tall"].missing)
    assert taken["endless"].files


def test_title_of_a_megabyte_is_cut_and_harmless(taken: dict[str, Manifest]) -> None:
    facts = taken["title"].browser
    assert facts is not None
    assert len(facts.title) < 3000
    assert "\u202e" not in facts.title


def test_recording_plays_how_the_page_was_opened_and_scrolled(tmp_path: Path, site: Site, browser: str) -> None:
    given = load({}, workspace=str(tmp_path), allow_loopback=True, min_free_mb=1, capture_recording=True)
    assert seal_some(given, browser, site, "/lazy") == [("ZJ-0", EvidenceState.COMPLETE)]
    moving = image_of(given, Vault.of(given).manifests("ZJ-0")[0], "recording")
    assert moving.format == "WEBP"
    assert getattr(moving, "n_frames", 1) > 3
    assert any(passes_by(moving, number) for number in range(moving.n_frames))


def passes_by(moving: Image.Image, number: int) -> bool:
    """Tell whether one of the site's coloured pictures, all below the first screen, is on a frame."""
    moving.seek(number)
    frame = moving.convert("RGB").resize((39, 84))
    points = (frame.getpixel((6, y)) for y in range(84))
    return any(isinstance(point, tuple) and max(point[:3]) > min(point[:3]) + 90 for point in points)


def image_of(settings: Settings, manifest: Manifest, role: str) -> Image.Image:
    return Image.open(io.BytesIO(content(settings, manifest, role)))


def seal_some(settings: Settings, browser: str, site: Site, *paths: str) -> list[tuple[str, EvidenceState]]:
    vault = Vault.of(settings)
    orders = [Order(number=f"ZJ-{index}", url=f"{site.url}{path}") for index, path in enumerate(paths)]
    done = [(sealed.number, sealed.state) for sealed in seal_pages(orders, vault, settings, browser=browser, limits=QUICK)]
    report = verify(vault.root)
    assert report.ok, report.failures
    return sorted(done)


def test_browser_that_dies_once_costs_nothing(tmp_path: Path, site: Site, browser: str) -> None:
    site.kills = 1
    given = load({}, workspace=str(tmp_path), allow_loopback=True, min_free_mb=1)
    done = seal_some(given, browser, site, "/plain", "/killer", "/late")
    assert done == [(f"ZJ-{n}", EvidenceState.COMPLETE) for n in range(3)]


def test_page_that_always_kills_the_browser_fails_alone(tmp_path: Path, site: Site, browser: str) -> None:
    site.kills = 99
    given = load({}, workspace=str(tmp_path), allow_loopback=True, min_free_mb=1)
    done = seal_some(given, browser, site, "/plain", "/killer", "/late", "/frame")
    site.kills = 0
    states = dict(done)
    assert states.pop("ZJ-1") is EvidenceState.FAILED
    assert set(states.values()) == {EvidenceState.COMPLETE}
    manifest = Vault.of(given).manifests("ZJ-1")[0]
    assert "崩溃" in manifest.missing[0]


def test_capture_process_that_dies_is_started_again(tmp_path: Path, site: Site, browser: str) -> None:
    site.kills, site.victim = 1, is_capture_process
    given = load({}, workspace=str(tmp_path), allow_loopback=True, min_free_mb=1)
    done = seal_some(given, browser, site, "/killer", "/plain")
    assert done == [(f"ZJ-{n}", EvidenceState.COMPLETE) for n in range(2)]


def test_browser_that_does_not_start_is_one_clear_error(tmp_path: Path, site: Site) -> None:
    given = load({}, workspace=str(tmp_path), allow_loopback=True, min_free_mb=1)
    with pytest.raises(NotAvailable, match="patrol doctor"):
        seal_some(given, "/bin/false", site, "/plain")
    assert json.loads((tmp_path / "vault/vault.json").read_text())["format"]


def test_failure_for_want_of_room_is_told_as_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="磁盘空间不足"):
        refuse_full_disk(tmp_path, "OSError: [Errno 28] No space left on device: 'a.png'")


def test_failure_without_words_on_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_full_disk(tmp_path, "")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_500_000))
    with pytest.raises(StorageFull, match="剩余 1 MB"):
        refuse_full_disk(tmp_path, "")
