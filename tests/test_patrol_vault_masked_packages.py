"""Masked packages: whatever field a name, a number or an account stood in, no byte of the package holds it."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import qrcode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from patrol.errors import BadInput, EvidenceError
from patrol.settings import load
from patrol.vault import LeadFacts, Vault, verify
from patrol.vault.clock import clock_check
from patrol.vault.hand_masks import cover_area, parse_area
from patrol.vault.items import NO_ADDRESS
from patrol.vault.masked_manifest import mask_manifest
from patrol.vault.model import SubResponse
from patrol.vault.signatures import new_signer
from patrol.vault.timestamps import Stamper
from tests.patrol_vault_cases import lead, page, png, rendering, small_vault
from tests.patrol_vault_tsa import Authority, make_authority, serving

SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱林何郭马罗梁宋郑谢韩唐", "晓婷伟芳娜敏静磊洋勇艳杰娟涛超玲辉"
names = st.builds(lambda s, g: s + g, st.sampled_from(SURNAMES), st.text(GIVEN, min_size=1, max_size=2))
phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
accounts = st.from_regex(r"[a-z]{3}[a-z0-9]{4,9}[0-9]{2}", fullmatch=True)
identities = st.from_regex(r"[1-6][0-9]{5}19[5-9][0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{3}[0-9X]", fullmatch=True)
FIELDS = ("title", "author", "published_shown", "excerpt", "purpose", "match")
WAYS = (
    "联系人：{name}老师，电话{phone}",
    "{name} {phone}",
    "主讲：{name}，微信：{account}",
    "找{name}老师加微信号 {account}",
    "身份证{identity}，{name}女士 {phone}",
    "➕V：{account}　{name}校长",
    "本人{name}，重点中学在职，身份证{identity}",
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_secret_of_the_original_is_in_any_byte(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    told = {
        "name": data.draw(names),
        "phone": data.draw(phones),
        "account": data.draw(accounts),
        "identity": data.draw(identities),
    }
    texts = {field: data.draw(st.sampled_from(WAYS)).format(**told) for field in FIELDS}
    bare = f"{told['name']}的课 {told['account']}"
    facts = lead(
        **texts,
        author_id=told["account"],
        contacts=(f"phone:{told['phone']}", f"wechat:{told['account']}"),
        operators=(("operator", f"{told['name']}女士"), ("icp", "粤ICP备15002899号")),
        image_texts=(f"{WAYS[0].format(**told)}\n{WAYS[3].format(**told)}", bare),
        glossary=((f"找{told['name']}老师", "暗语"),),
    )
    folder = tmp_path_factory.mktemp("masked")
    vault = sealed(folder, facts, f"{WAYS[1].format(**told)}\n{WAYS[3].format(**told)}", bare)
    vault.record("view", number="ZJ-1", actor="张某", reason=f"核对{told['name']}老师 {told['phone']}")
    package = vault.export("ZJ-1", folder / "out", actor="张某", reason=f"移送{told['name']}老师一案")
    assert verify(package).ok
    for path in [package, *package.rglob("*")]:
        content = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        for secret in told.values():
            assert secret.encode() not in content, (path.name, secret, texts)


def sealed(folder: Path, facts: LeadFacts, page_words: str, bare: str) -> Vault:
    """Seal an exchange and a rendering whose every text is given away by someone."""
    spool = folder / "spool"
    spool.mkdir()
    vault = Vault(folder / "vault")
    capture, body = page(spool, "1", page_words.encode())
    headers = (("Set-Cookie", f"who={bare}"), ("X-Owner", bare), ("Server", "nginx"))
    capture = replace(capture, steps=(f"搜索“{bare}”",), response_headers=headers, request_headers=(("Cookie", bare),))
    vault.seal_exchange("ZJ-1", capture, body, lead=facts)
    (spool / "brought").mkdir()
    other, file = page(spool / "brought", "2", f"<p>{bare}</p>".encode())
    other = replace(other, mode="import", url=f"本机导入文件：{bare}.html", final_url=f"file:///home/{bare}/{bare}.html")
    vault.seal_exchange("ZJ-1", other, file, lead=facts)
    view = rendering(spool / "r", "ZJ-1")
    lines = [json.dumps(["t", 0, 20 * n, 200, 18, line], ensure_ascii=False) for n, line in enumerate(page_words.splitlines())]
    (spool / "r/text-map.json").write_text(
        "\n".join([*lines, json.dumps(["t", 0, 90, 200, 18, bare], ensure_ascii=False)]) + "\n"
    )
    loaded = SubResponse(url=f"https://ershou.example/who?q={bare}", status=200, response_headers=headers)
    told = view.facts.model_copy(update={"title": bare, "steps": (bare,), "responses": (loaded,)})
    vault.seal_rendering("ZJ-1", replace(view, facts=told, missing=(f"{bare} 未取得",)))
    return vault


def test_what_stays_in_a_masked_manifest_is_what_identifies_the_page(tmp_path: Path) -> None:
    vault = sealed(tmp_path, lead(), "王小明 19900001234", "王小明的课")
    manifest = vault.manifests("ZJ-1")[0]
    masked = mask_manifest(manifest, ("王小明",))
    assert masked.capture is not None
    assert manifest.capture is not None
    assert masked.capture.url == manifest.capture.url
    assert dict(masked.capture.response_headers)["Server"] == "nginx"
    assert masked.files == manifest.files
    assert masked.ledger == manifest.ledger


def run(command: str, folder: Path) -> str:
    """Run one line of the guide in a package, as whoever receives it does."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("keys") / "tsa")


@pytest.mark.parametrize("masked", [True, False])
def test_guide_followed_to_the_letter_with_common_tools(tmp_path: Path, authority: Authority, *, masked: bool) -> None:
    new_signer(tmp_path / "keys/bureau.pem")
    small_vault(tmp_path / "ws/vault", tmp_path / "spool", items=1)
    vault = Vault.of(load({}, workspace=str(tmp_path / "ws"), signing_key=str(tmp_path / "keys/bureau.pem"), min_free_mb=1))
    with serving(authority) as url:
        Stamper(vault, [url]).stamp("ZJ-1")
    folder = vault.export("ZJ-1", tmp_path / "out", masked=masked, actor="张某", reason="移送")
    shutil.copy(authority.root, folder / "root.pem")
    lines = (folder / "HOW-TO-VERIFY.txt").read_text().splitlines()
    commands = [line.strip() for line in lines if line.startswith("     ")]
    row = json.loads(run(next(command for command in commands if command.startswith("grep")), folder).splitlines()[0])
    said = row["detail"]["sha256"]
    told = {command: run(command.replace("清单的SHA-256", said), folder) for command in commands}
    assert len(told) == (6 if masked else 7)
    everything = "\n".join(told.values())
    assert "index.html: OK" in everything
    assert "Verification: OK" in everything
    assert "Signature Verified Successfully" in everything
    stamp = next(answer for command, answer in told.items() if "-reply" in command)
    dump = "".join(line.split(" - ", 1)[1][:49] for line in stamp.splitlines() if re.match("    00[0-9a-f]{2} - ", line))
    assert said == re.sub(r"[\s-]", "", dump)[:64]
    sm3 = next(answer for command, answer in told.items() if "sm3" in command).split()[-1]
    assert f"{sm3}  index.html" in (folder / "SM3SUMS").read_text()
    assert masked or f"{said}  evidence/ZJ-1/manifest/{row['detail']['file']}" in everything


def test_area_named_by_an_officer_is_blurred_in_every_masked_copy(tmp_path: Path) -> None:
    vault = small_vault(tmp_path / "vault", tmp_path / "spool", items=1)
    view = rendering(tmp_path / "spool/big", "ZJ-1", device="desktop")
    noisy = Image.effect_noise((300, 200), 90).convert("RGB")
    (tmp_path / "spool/big/full.png").write_bytes(png(noisy))
    vault.seal_rendering("ZJ-1", view)
    assert cover_area(vault, "ZJ-1", parse_area("100，50,80,60"), officer="张某", reason="儿童面部") == "0003-rendering.json"
    folder = vault.export("ZJ-1", tmp_path / "out")
    masked = Image.open(folder / "evidence/ZJ-1/files/0003-full.masked.png").convert("L")
    spread = {name: masked.crop(box).getextrema() for name, box in (("face", (110, 60, 170, 100)), ("rest", (200, 50, 280, 110)))}
    assert spread["face"][1] - spread["face"][0] < 40
    assert spread["rest"][1] - spread["rest"][0] > 150
    assert "另行遮盖 1 处" in (folder / "index.html").read_text()
    last = next(row for row in vault.ledger.rows() if row.action == "mask")
    assert (last.actor, last.reason, json.loads(last.detail["area"])) == ("张某", "儿童面部", [100, 50, 80, 60])
    with pytest.raises(BadInput, match="超出了截图"):
        cover_area(vault, "ZJ-1", (290, 0, 80, 60), officer="张某", reason="面部")
    with pytest.raises(BadInput, match="事由"):
        cover_area(vault, "ZJ-1", (1, 1, 8, 6), officer="张某", reason=" ")
    with pytest.raises(EvidenceError, match="没有整页截图"):
        cover_area(vault, "ZJ-1", (1, 1, 8, 6), manifest="0001-exchange.json", officer="张某", reason="面部")


def test_screenshot_that_was_brought_travels_masked(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    picture = Image.new("RGB", (500, 420), "white")
    picture.paste(qrcode.make("https://u.wechat.example/abc").convert("RGB").resize((260, 260)), (20, 100))
    vault = Vault(tmp_path / "vault")
    capture, body = page(tmp_path / "spool", "1", png(picture))
    brought = replace(capture, mode="import", content_type="image/png", url="本机导入文件：1.png", final_url="", steps=())
    vault.seal_exchange("ZJ-1", brought, body, lead=lead())
    cover_area(vault, "ZJ-1", (300, 20, 100, 60), officer="张某", reason="面部")
    folder = vault.export("ZJ-1", tmp_path / "out")
    masked = Image.open(folder / "evidence/ZJ-1/files/0001-response-body.masked.png").convert("L")
    assert {masked.getpixel((x, 230)) for x in range(60, 240, 9)} == {0}
    index = (folder / "index.html").read_text()
    assert "办案人员导入的截图（打码）" in index
    assert "人像、校名未自动遮盖" in index
    assert verify(folder).ok


def test_words_of_a_page_without_a_view_travel_masked(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    vault = Vault(tmp_path / "vault")
    markup = "<script>var a='王小明'</script><p>找王小明老师，电话 19900001234</p><p>王小明</p>".encode("gb18030")
    vault.seal_exchange("ZJ-1", *page(tmp_path / "spool", "1", markup), lead=lead())
    folder = vault.export("ZJ-1", tmp_path / "out")
    text = (folder / "evidence/ZJ-1/files/0001-page-text.masked.txt").read_text()
    assert text == "找王某老师，电话 199****1234\n王某\n"


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1,2,0,5", "-1,2,3,4", "1.5,2,3,4"])
def test_area_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_area(text)


@pytest.mark.parametrize(
    ("mode", "kind", "name"),
    [
        ("http", "text/html", "服务器返回的网页原文"),
        ("browser", "text/html", "浏览器打开网页后取得的页面内容"),
        ("import", "text/html", "办案人员导入的网页文件"),
        ("import", "image/png", "办案人员导入的截图"),
    ],
)
def test_bytes_are_called_what_they_are(tmp_path: Path, mode: str, kind: str, name: str) -> None:
    vault = Vault(tmp_path / "vault")
    (tmp_path / "spool").mkdir()
    capture, body = page(tmp_path / "spool", "1", b"<p>1</p>")
    imported = {"url": "file:///home/wang/saved.html", "final_url": "file:///home/wang/saved.html"} if mode == "import" else {}
    vault.seal_exchange("ZJ-1", replace(capture, mode=mode, content_type=kind, **imported), body, lead=lead())
    index = (vault.export("ZJ-1", tmp_path / "out") / "index.html").read_text()
    assert f"1. {name}（完整）" in index
    assert ("服务器返回的网页原文" in index) == (mode == "http")
    assert "/home/wang" not in index
    if mode == "import":
        assert "本机导入文件：saved.html" in index
        assert NO_ADDRESS in vault.status("ZJ-1").missing


def test_officers_and_the_clock_stand_in_what_is_sealed(tmp_path: Path) -> None:
    given = load({}, workspace=str(tmp_path / "ws"), min_free_mb=1)
    vault = Vault.of(given, officers=(("张某", "执法-1"), ("李某", "执法-2"), ("赵某", "")))
    (tmp_path / "spool").mkdir()
    capture, body = page(tmp_path / "spool", "1", b"<p>1</p>", at=datetime(2027, 1, 20, 8, 30, 5, tzinfo=UTC))
    dated = replace(capture, response_headers=(("Date", "Wed, 20 Jan 2027 08:30:03 GMT"),))
    vault.seal_exchange("ZJ-1", dated, body, lead=lead())
    manifest = vault.manifests("ZJ-1")[0]
    assert [(one.role, one.name, one.licence) for one in manifest.people[:2]] == [
        ("取证人", "张某", "执法-1"),
        ("见证人", "李某", "执法-2"),
    ]
    checks = {check.name: check for check in manifest.environment.checks}
    assert "相差约 +2 秒" in checks["系统时钟"].result
    assert checks["系统时钟"].fine
    assert {"hosts 文件", "系统代理", "域名解析服务器"} <= set(checks)


def test_clock_is_held_against_a_time_server_where_one_is_named() -> None:
    with time_server(ahead=-30.0) as server:
        check = clock_check(server, datetime.now(UTC), ())
    assert check.result.startswith(f"与时间服务器 {server} 相差 +30.")
    assert check.fine is False


def test_clock_that_nothing_could_be_held_against_is_said_so() -> None:
    assert "没有与外部时间核对" in clock_check("", datetime.now(UTC), (("Date", "nonsense"),)).result
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    check = clock_check(f"127.0.0.1:{port}", datetime.now(UTC), ())
    assert "没有应答" in check.result
    assert check.fine is None


@contextmanager
def time_server(*, ahead: float) -> Iterator[str]:
    """Answer one SNTP question with the time, `ahead` seconds off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)

        def answer() -> None:
            _, asker = server.recvfrom(512)
            now = time.time() + ahead + 2_208_988_800
            stamp = int(now).to_bytes(4, "big") + int(now % 1 * 2**32).to_bytes(4, "big")
            server.sendto(b"\x24\x02" + bytes(30) + stamp * 2, asker)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()
