"""The whole journey on the mock city: a sweep killed at ten moments ends as one that never was."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures import city as mock_city
from fixtures.city import City
from patrol.campaigns import load_campaign
from patrol.store import Store
from patrol.vault import Vault
from patrol.vault.verify import verify
from tests.conftest import CAMPAIGN_TEXT

WHITELIST = Path(mock_city.__file__).parent / "whitelist.xlsx"
PATIENCE = 120


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with mock_city.running() as running:
        yield running


@dataclass
class Bureau:
    """A workspace and a campaign on part of the city: by default the recruitment notices of the classifieds."""

    folder: Path
    city: City
    platform: str = "wuba58"
    entry: str = "/zhaopin/pn1/"

    @property
    def campaign_file(self) -> Path:
        return self.folder / "campaign.toml"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def prepare(self) -> "Bureau":
        self.folder.mkdir()
        shutil.copy(WHITELIST, self.folder / "whitelist.xlsx")
        base = self.city.bases[self.platform]
        source = f'\n[whitelist]\nfiles = ["whitelist.xlsx"]\n[[sources]]\nname = "{self.platform}"\nbase = "{base}"\n'
        text = CAMPAIGN_TEXT + source + f'start = ["{base}{self.entry}"]\n'
        self.campaign_file.write_text(text, encoding="utf-8")
        return self

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "patrol", "--workspace", str(self.workspace), *arguments]

    def environment(self) -> dict[str, str]:
        knobs = {"PATROL_ALLOW_LOOPBACK": "1", "PATROL_PACE_FACTOR": "0", "PATROL_MIN_FREE_MB": "1", "PATROL_OCR": "0"}
        return {**os.environ, **knobs}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def sweep(self) -> subprocess.CompletedProcess[str]:
        return self.run("sweep", "--campaign", str(self.campaign_file), "--json")

    def sweep_killed_when(self, moment: Callable[[], bool], *, whole_group: bool) -> None:
        """Start a sweep and kill it the moment a condition holds; a sweep that ends before is fine."""
        command = self.command("sweep", "--campaign", str(self.campaign_file), "--json")
        process = subprocess.Popen(
            command, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        pause = threading.Event()
        while process.poll() is None and not moment():
            pause.wait(0.01)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL) if whole_group else process.kill()
        process.wait()

    def fetched(self) -> int:
        return self.city.hits[self.platform].total()

    def pictured(self) -> int:
        return len(list(self.workspace.glob("vault/items/*/*-rendering.json")))

    def leads(self) -> dict[str, tuple[str, ...]]:
        store = Store.open(self.workspace)
        found = {lead.post_key: lead.categories for lead in store.leads(load_campaign(self.campaign_file).id)}
        store.close()
        return found

    def states(self) -> dict[str, str]:
        store = Store.open(self.workspace)
        found = {url: state.value for url, state in store.page_states(load_campaign(self.campaign_file).id).items()}
        store.close()
        return found


def after(bureau: Bureau, more: int) -> Callable[[], bool]:
    start = bureau.fetched()
    return lambda: bureau.fetched() - start >= more


def test_sweep_killed_at_ten_moments_ends_as_one_that_never_was(tmp_path: Path, city: City) -> None:
    calm = Bureau(tmp_path / "calm", city).prepare()
    assert calm.sweep().returncode == 0
    shaken = Bureau(tmp_path / "shaken", city).prepare()
    for number, pages in enumerate((1, 1, 2, 3, 4, 5)):
        shaken.sweep_killed_when(after(shaken, pages), whole_group=bool(number % 2))
    for number, pictures in enumerate((1, 2, 3, 4)):
        shaken.sweep_killed_when(lambda wanted=pictures: shaken.pictured() >= wanted, whole_group=bool(number % 2))
    ended = shaken.sweep()
    assert ended.returncode == 0, ended.stderr
    assert shaken.leads() == calm.leads()
    assert len(calm.leads()) >= 5
    assert shaken.states() == calm.states()
    report = verify(shaken.workspace / "vault")
    assert report.ok, report.summary
    vault = Vault(shaken.workspace / "vault")
    kinds = [[manifest.part for manifest in vault.manifests(number)] for number in vault.numbers()]
    assert kinds == [["exchange", "rendering"]] * len(calm.leads())


def test_sweep_counts_every_trouble_under_its_reason(tmp_path: Path, city: City) -> None:
    bureau = Bureau(tmp_path / "bureau", city, "baidu", "/tuiguang/1").prepare()
    done = bureau.sweep()
    (source,) = json.loads(done.stdout)["sources"]
    troubles = {t.url: t.state.value for t in city.truths() if t.platform == "baidu" and t.trouble}
    states = bureau.states()
    assert len(set(troubles.values())) >= 7
    assert {url: states.get(url) for url in troubles} == troubles
    assert source["planned"] == source["covered"] + sum(source["gaps"].values()) + source["waiting"]


def test_one_changed_byte_is_named(tmp_path: Path, city: City) -> None:
    bureau = Bureau(tmp_path / "bureau", city).prepare()
    bureau.sweep()
    whole = bureau.run("evidence", "verify", str(bureau.workspace / "vault"))
    assert whole.returncode == 0
    target = min(path for path in (bureau.workspace / "vault" / "objects").rglob("*") if path.is_file())
    target.chmod(0o644)
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(data)
    broken = bureau.run("evidence", "verify", str(bureau.workspace / "vault"))
    assert broken.returncode == 1
    assert target.name in broken.stdout + broken.stderr


def test_source_that_does_not_answer_is_a_gap_and_never_clean(tmp_path: Path, city: City) -> None:
    bureau = Bureau(tmp_path / "bureau", city).prepare()
    text = bureau.campaign_file.read_text(encoding="utf-8")
    bureau.campaign_file.write_text(text.replace(city.bases["wuba58"], "http://127.0.0.1:9"), encoding="utf-8")
    done = bureau.sweep()
    (source,) = json.loads(done.stdout)["sources"]
    assert source["covered"] == 0
    assert source["gaps"] == {"failed.network": 1}


def test_pasted_addresses_go_the_same_way(tmp_path: Path, city: City) -> None:
    bureau = Bureau(tmp_path / "bureau", city).prepare()
    truth = next(t for t in city.truths() if t.platform == "discuz" and t.violation and t.needs == "http" and not t.trouble)
    (tmp_path / "urls.txt").write_text(f"# 粘贴来的网址\n{truth.url}\n", encoding="utf-8")
    done = bureau.run("sweep", "--urls", str(tmp_path / "urls.txt"), "--json")
    assert done.returncode == 0, done.stderr
    (source,) = json.loads(done.stdout)["sources"]
    assert (source["planned"] >= 1, source["covered"] >= 1) == (True, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [("随便写的一行", "第1行"), ("", "没有网址")],
)
def test_file_of_addresses_without_one_is_refused(tmp_path: Path, city: City, text: str, words: str) -> None:
    bureau = Bureau(tmp_path / "bureau", city).prepare()
    (tmp_path / "urls.txt").write_text(text, encoding="utf-8")
    done = bureau.run("sweep", "--urls", str(tmp_path / "urls.txt"))
    assert (done.returncode, words in done.stderr) == (2, True)
    assert not bureau.workspace.exists()


def test_saved_pages_go_to_a_report(tmp_path: Path, city: City) -> None:
    bureau = Bureau(tmp_path / "bureau", city).prepare()
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "ad.html").write_text(
        "<html><head><meta charset=utf-8><title>初二数学寒假一对一</title></head><body><h1>初二数学寒假一对一</h1>"
        "<p>初二数学、物理一对一补课，寒假1月20日开课，每次两小时，每节200元，名额有限，"
        "加微信 kebiao_demo 报名试听。</p></body></html>",
        encoding="utf-8",
    )
    (pages / "empty.html").write_text("<html><body></body></html>", encoding="utf-8")
    done = bureau.run("screen", "--html", str(pages), "--campaign", str(bureau.campaign_file), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    by_name = {Path(row["file"]).name: row for row in rows}
    assert by_name["ad.html"]["leads"]
    assert by_name["empty.html"]["state"] != "ok"
    made = bureau.run(
        "report", "patrol_table", "--campaign", str(bureau.campaign_file), "--batch", "1", "--output", str(tmp_path / "t.xlsx")
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "t.xlsx").stat().st_size > 5000
