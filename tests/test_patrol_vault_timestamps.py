"""Time stamps from a real authority on loopback: got, pending, checked by two readers, and never another's."""

import shutil
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patrol.errors import BadInput, EvidenceBroken
from patrol.vault import Vault, verify
from patrol.vault.replies import check_reply, load_roots
from patrol.vault.timestamps import Stamper, request_reply
from tests.patrol_vault_cases import lead, page, small_vault
from tests.patrol_vault_tsa import Authority, make_authority, openssl, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("keys") / "tsa")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return small_vault(tmp_path / "vault", tmp_path / "spool")


def nobody() -> str:
    """Return an address on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_manifests_are_stamped_once_and_verify_against_the_pinned_root(vault: Vault, authority: Authority) -> None:
    roots = load_roots(authority.root)
    with serving(authority) as url:
        stamper = Stamper(vault, [url], roots)
        first, second = stamper.stamp(), stamper.stamp()
    assert (first.granted, first.pending) == (4, 0)
    assert (second.granted, second.pending) == (0, 0)
    report = verify(vault.root, roots=roots)
    assert report.ok, report.failures
    assert report.notes == ("可信时间戳：4 份清单已取得，0 份待申请",)


def test_openssl_verifies_what_was_kept(vault: Vault, authority: Authority) -> None:
    with serving(authority) as url:
        Stamper(vault, [url]).stamp("ZJ-1")
    folder = vault.items.root / "ZJ-1"
    arguments = ("-data", "0001-exchange.json", "-in", "0001-exchange.json.tsr", "-CAfile", authority.root)
    assert "Verification: OK" in openssl("ts", "-verify", *arguments, folder=folder)


def test_authority_down_leaves_pending_and_a_later_stamp_is_not_back_dated(vault: Vault, authority: Authority) -> None:
    down = Stamper(vault, [nobody()]).stamp()
    assert (down.granted, down.pending) == (0, 4)
    assert "127.0.0.1" in down.reason
    assert len(vault.status("ZJ-1").without_stamp) == 2
    before = datetime.now(UTC) - timedelta(seconds=2)
    with serving(authority) as url:
        assert Stamper(vault, [url]).stamp().granted == 4
    row = next(row for row in vault.ledger.rows() if row.action == "timestamp")
    assert datetime.fromisoformat(row.detail["time"]) >= before
    assert vault.status("ZJ-1").without_stamp == ()


def test_second_authority_is_asked_when_the_first_is_down(vault: Vault, authority: Authority) -> None:
    with serving(authority) as url:
        assert Stamper(vault, [nobody(), url]).stamp("ZJ-1").granted == 2


def test_token_for_another_manifest_is_named(vault: Vault, authority: Authority) -> None:
    manifest = (vault.items.root / "ZJ-1/0001-exchange.json").read_bytes()
    with serving(authority) as url:
        foreign = request_reply(b"something else", url)
        stamp = check_reply(b"something else", foreign)
        with pytest.raises(EvidenceBroken, match="另一份内容"):
            check_reply(manifest, foreign)
    vault.attach_stamp("ZJ-1", "0001-exchange.json", foreign, {"time": stamp.at.isoformat(), "authority": url})
    report = verify(vault.root)
    assert [failure.place for failure in report.failures] == ["items/ZJ-1/0001-exchange.json.tsr"]
    assert "另一份内容" in report.failures[0].reason


def test_stamps_swapped_between_manifests_are_named(vault: Vault, authority: Authority) -> None:
    with serving(authority) as url:
        Stamper(vault, [url]).stamp()
    one, two = (vault.items.root / f"ZJ-{n}/0001-exchange.json.tsr" for n in (1, 2))
    aside = one.parent.parent.parent / "aside"
    shutil.move(one, aside)
    shutil.move(two, one)
    shutil.move(aside, two)
    places = {failure.place for failure in verify(vault.root).failures}
    assert {"items/ZJ-1/0001-exchange.json.tsr", "items/ZJ-2/0001-exchange.json.tsr"} <= places


def test_authority_that_is_not_pinned_is_refused(tmp_path: Path, vault: Vault, authority: Authority) -> None:
    stranger = make_authority(tmp_path / "stranger", "Stranger Root")
    with serving(stranger) as url:
        result = Stamper(vault, [url], load_roots(authority.root)).stamp("ZJ-1")
    assert (result.granted, result.pending) == (0, 2)
    assert "不可信" in result.reason


def test_reply_that_only_openssl_reads_is_still_checked(tmp_path: Path, vault: Vault) -> None:
    chatty = make_authority(tmp_path / "chatty", "Chatty Root", chatty=True)
    roots = load_roots(chatty.root)
    with serving(chatty) as url:
        assert Stamper(vault, [url], roots).stamp("ZJ-1").granted == 2
    manifest = (vault.items.root / "ZJ-1/0001-exchange.json").read_bytes()
    reply = (vault.items.root / "ZJ-1/0001-exchange.json.tsr").read_bytes()
    stamp = check_reply(manifest, reply, roots)
    assert stamp.trusted
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert verify(vault.root, roots=roots).ok


def test_wrong_local_clock_shows_against_the_stamp(tmp_path: Path, authority: Authority) -> None:
    vault = Vault(tmp_path / "vault")
    spool = tmp_path / "spool"
    spool.mkdir()
    vault.seal_exchange("ZJ-1", *page(spool, "1", b"x"), lead=lead())
    manifest = (vault.items.root / "ZJ-1/0001-exchange.json").read_bytes()
    with serving(authority) as url:
        reply = request_reply(manifest, url)
    stamp = check_reply(manifest, reply)
    fast = datetime.now(UTC) + timedelta(days=2)
    with vault.ledger.locked():
        detail = {"manifest": "0001-exchange.json", "time": stamp.at.isoformat(), "authority": url}
        vault._journal.place("timestamp", "ZJ-1", "0001-exchange.json.tsr", reply, detail, fast)
    report = verify(vault.root)
    assert len(report.failures) == 1
    assert "本机时钟与可信时间相差 快 1" in report.failures[0].reason


def test_every_changed_byte_of_a_stamp_is_caught(vault: Vault, authority: Authority) -> None:
    with serving(authority) as url:
        Stamper(vault, [url]).stamp("ZJ-1")
    path = vault.items.root / "ZJ-1/0001-exchange.json.tsr"
    whole = path.read_bytes()
    path.chmod(0o644)
    for offset in range(0, len(whole), 37):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        assert any("0001-exchange.json.tsr" in failure.place for failure in verify(vault.root).failures), offset
    path.write_bytes(whole)
    assert verify(vault.root).ok


def test_broken_replies_are_refused_and_never_crash(authority: Authority) -> None:
    with serving(authority) as url:
        whole = request_reply(b"manifest", url)
    for offset in range(len(whole)):
        broken = whole[:offset] + bytes([whole[offset] ^ 0x11]) + whole[offset + 1 :]
        with suppress(EvidenceBroken):
            assert check_reply(b"manifest", broken).trusted is False
    for size in range(0, len(whole), 11):
        with pytest.raises(EvidenceBroken):
            check_reply(b"manifest", whole[:size])


def test_address_that_is_not_http_is_refused(vault: Vault) -> None:
    with pytest.raises(BadInput, match="http"):
        Stamper(vault, ["file:///etc/passwd"]).stamp("ZJ-1")
