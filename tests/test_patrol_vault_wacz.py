"""WACZ files checked by tools that are not ours: the validator, warcio, and a replay in pywb, each in its own environment."""

import hashlib
import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright
from warcio.archiveiterator import ArchiveIterator

from patrol.browsers import find_browser, launch_arguments
from patrol.settings import load
from patrol.vault import Order, Vault, seal_pages
from patrol.vault.surts import surt_key
from patrol.vault.wacz import make_wacz
from tests.patrol_vault_cases import lead, page, small_vault
from tests.patrol_vault_site import serving_site

ADDRESSES = [
    "http://www.example.cn/",
    "https://EXAMPLE.cn:443/Path/?b=2&a=1",
    "http://example.cn:8080/a/b/",
    "https://m.example.com.cn/p/%E5%AF%92%E5%81%87?x=%e4%b8%ad",
    "http://127.0.0.1:4567/lazy",
    "http://www2.example.cn/a?PHPSESSID=0123456789abcdef0123456789abcdef&id=7",
    "https://example.cn/a;jsessionid=0123456789abcdef0123456789abcdef",
    "https://example.cn/?q=a+b&q=c",
    "https://example.cn/a#part",
    "https://example.cn/list_12.html?page=",
]


@dataclass(frozen=True, slots=True)
class Archived:
    """A real capture of a real site that is gone by now, its WACZ, and how it looked."""

    vault: Vault
    url: str
    wacz: Path
    text: str


def oracle(pytestconfig: pytest.Config, name: str, *packages: str) -> Path:
    """Return the programs of a tool in an environment of its own, made once; skip where it cannot be installed."""
    folder = Path(pytestconfig.cache.mkdir(f"oracle-{name}"))
    ready = folder / "ready.txt"
    if ready.is_file() and ready.read_text() == " ".join(packages):
        return folder / "venv/bin"
    shutil.rmtree(folder / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, capture_output=True)
    pip = [folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{name} cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    ready.write_text(" ".join(packages))
    return folder / "venv/bin"


@pytest.fixture(scope="session")
def wacz_tool(pytestconfig: pytest.Config) -> Path:
    return oracle(pytestconfig, "wacz", "wacz==0.6.0")


@pytest.fixture(scope="session")
def pywb_tool(pytestconfig: pytest.Config) -> Path:
    return oracle(pytestconfig, "pywb", "pywb==2.10.0", "setuptools<81")


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    base = tmp_path_factory.mktemp("archived")
    settings = load({}, workspace=str(base), allow_loopback=True, min_free_mb=1)
    browser = find_browser(settings)
    if browser is None:
        pytest.skip("no browser on this machine; `patrol doctor --mend` brings one")
    vault = Vault.of(settings)
    spool = base / "spool"
    spool.mkdir()
    with serving_site() as site:
        url = f"{site.url}/lazy"
        with urllib.request.urlopen(url) as answer:
            capture, body = page(spool, "lazy", answer.read())
        capture = replace(capture, url=url, final_url=url, content_type="text/html; charset=utf-8", redirects=())
        capture = replace(capture, response_headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "br")))
        vault.seal_exchange("ZJ-1", capture, body, lead=lead())
        for sealed in seal_pages([Order(number="ZJ-1", url=url, device="phone")], vault, settings, browser=str(browser)):
            assert sealed.missing == ()
    path = base / "ZJ-1.wacz"
    path.write_bytes(make_wacz(vault.manifests("ZJ-1"), vault.objects))
    return Archived(vault, url, path, "第8节")


def test_same_item_gives_the_same_bytes(archived: Archived) -> None:
    again = make_wacz(archived.vault.manifests("ZJ-1"), archived.vault.objects)
    assert hashlib.sha256(again).digest() == hashlib.sha256(archived.wacz.read_bytes()).digest()


def test_records_have_true_digests_and_dates_that_pages_match(archived: Archived) -> None:
    with zipfile.ZipFile(archived.wacz) as wacz:
        warc = wacz.read("archive/data.warc.gz")
        pages = [json.loads(line) for line in wacz.read("pages/pages.jsonl").splitlines()][1:]
    dates = set()
    kinds = []
    for record in ArchiveIterator(io.BytesIO(warc), check_digests="raise"):
        kinds.append(record.rec_type)
        body = record.content_stream().read()
        said = record.rec_headers.get_header("WARC-Payload-Digest")
        if record.rec_type in {"response", "resource"}:
            assert said == f"sha256:{hashlib.sha256(body).hexdigest()}"
            dates.add((record.rec_headers.get_header("WARC-Target-URI"), record.rec_headers.get_header("WARC-Date")))
    assert {"warcinfo", "response", "request", "resource"} == set(kinds)
    assert len(pages) == 2
    assert {(page_["url"], page_["ts"]) for page_ in pages} <= dates


def test_index_points_at_the_records(archived: Archived) -> None:
    with zipfile.ZipFile(archived.wacz) as wacz:
        warc = wacz.read("archive/data.warc.gz")
        lines = wacz.read("indexes/index.cdx").decode().splitlines()
    assert lines == sorted(lines)
    for line in lines:
        facts = json.loads(line.split(" ", 2)[2])
        piece = warc[int(facts["offset"]) : int(facts["offset"]) + int(facts["length"])]
        (record,) = ArchiveIterator(io.BytesIO(piece))
        assert record.rec_headers.get_header("WARC-Target-URI") == facts["url"]


def test_validator_accepts_it(archived: Archived, wacz_tool: Path) -> None:
    done = subprocess.run([wacz_tool / "wacz", "validate", "-f", archived.wacz], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid" in done.stdout + done.stderr or not done.stderr


def test_validator_refuses_it_after_one_byte(archived: Archived, wacz_tool: Path, tmp_path: Path) -> None:
    data = bytearray(archived.wacz.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.wacz").write_bytes(data)
    done = subprocess.run([wacz_tool / "wacz", "validate", "-f", tmp_path / "x.wacz"], capture_output=True, check=False)
    assert done.returncode != 0


def test_keys_are_those_of_the_reference_library(wacz_tool: Path) -> None:
    code = "import sys, json, surt; print(json.dumps([surt.surt(u) for u in json.load(sys.stdin)]))"
    done = subprocess.run(
        [wacz_tool / "python", "-c", code], input=json.dumps(ADDRESSES), capture_output=True, text=True, check=True
    )
    assert [surt_key(url) for url in ADDRESSES] == json.loads(done.stdout)


@contextmanager
def replaying(programs: Path, folder: Path, wacz: Path) -> Iterator[str]:
    """Serve a WACZ with pywb on loopback."""
    folder.mkdir()
    environment = {"PATH": "/usr/bin:/bin"}
    for command in (["init", "case"], ["add", "--unpack-wacz", "case", wacz]):
        subprocess.run([programs / "wb-manager", *command], cwd=folder, check=True, capture_output=True, env=environment)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [programs / "wayback", "-b", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as server:
        try:
            yield wait_for(f"http://127.0.0.1:{port}/case")
        finally:
            server.terminate()


def wait_for(address: str) -> str:
    """Wait until something answers, for half a minute at most."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/", timeout=5):
                return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError("pywb did not come up")


def test_replay_gives_the_bytes_and_the_look_of_the_original(archived: Archived, pywb_tool: Path, tmp_path: Path) -> None:
    manifest = next(m for m in archived.vault.manifests("ZJ-1") if m.browser)
    assert manifest.browser is not None
    main = next(response for response in manifest.browser.responses if response.kind == "document")
    stamp = main.at[:19].translate(str.maketrans("", "", "-:T"))
    with replaying(pywb_tool, tmp_path / "replay", archived.wacz) as address:
        with urllib.request.urlopen(f"{address}/{stamp}id_/{archived.url}", timeout=20) as answer:
            assert hashlib.sha256(answer.read()).hexdigest() == main.sha256
        original = archived.vault.objects.read(next(entry.sha256 for entry in manifest.files if entry.role == "full_page"))
        before = Image.open(io.BytesIO(original)).convert("RGB")
        text, picture = look(f"{address}/{stamp}mp_/{archived.url}", before.size)
    assert archived.text in text
    after = Image.open(io.BytesIO(picture)).convert("RGB")
    assert before.size == after.size
    difference = ImageChops.difference(before, after).convert("L").point(lambda value: 255 if value > 40 else 0)
    assert sum(difference.histogram()[255:]) < before.width * before.height * 0.002


def look(address: str, size: tuple[int, int]) -> tuple[str, bytes]:
    """Return the words and the picture of a replayed page, shown in a frame as large as the original's picture."""
    browser = find_browser(load({}))
    with sync_playwright() as playwright:
        arguments = [flag for flag in launch_arguments() if "host-resolver" not in flag]
        shown = playwright.chromium.launch(executable_path=str(browser), args=[*arguments, "--hide-scrollbars"])
        window = shown.new_page(viewport={"width": size[0], "height": size[1]}, device_scale_factor=1)
        window.goto(address.partition("/case")[0])
        style = f"border:0;width:{size[0]}px;height:{size[1]}px"
        window.set_content(f'<body style="margin:0"><iframe style="{style}" src="{address}"></iframe>', wait_until="load")
        window.wait_for_load_state("networkidle")
        text = "".join(frame.inner_text("body") for frame in window.frames[1:])
        picture = window.screenshot()
        shown.close()
    return text, picture


def test_item_without_a_browser_capture_still_has_its_page(tmp_path: Path) -> None:
    vault = small_vault(tmp_path / "vault", tmp_path / "spool", items=1)
    with zipfile.ZipFile(io.BytesIO(make_wacz(vault.manifests("ZJ-1"), vault.objects))) as wacz:
        pages = [json.loads(line) for line in wacz.read("pages/pages.jsonl").splitlines()][1:]
        index = wacz.read("indexes/index.cdx").decode()
    assert [page_["url"] for page_ in pages] == ["https://ershou.example/1?from=list"]
    assert "example,ershou)/1?from=list" in index
    assert '"status": "302"' in index
