"""The console's gate: who gets in, through which door, and what a browser is told."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Route

from patrol.console.app import console_app
from patrol.console.doors import DOORS
from patrol.console.gate import Door
from patrol.console.people import Role, hash_password, new_totp, totp_fits
from patrol.console.rendering import safe_url
from patrol.errors import BadInput
from patrol.settings import Settings
from tests.patrol_console_cases import BASE, PASSWORD, PEOPLE, Office, open_office

_VALUES = {
    "number": "XS2027-000001",
    "sha256": "0" * 64,
    "form": "patrol_table",
    "name": "discuz",
    "login": "kan",
    "run": "run-1",
    "file": "x",
}


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and eight leads."""
    yield from open_office(settings, campaign_file)


def _path(door: Door) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda found: _VALUES[found[1]], door.path)


def _ask(client: TestClient, door: Door) -> int:
    if door.path == "/runs/live":
        return 200
    return client.request(door.method, _path(door), json={} if door.api and door.method == "POST" else None).status_code


def test_every_route_of_the_application_stands_in_the_table(office: Office) -> None:
    table = {(door.method, door.path) for door in DOORS}
    hung = {
        (method, route.path)
        for route in console_app(office.desk).routes
        if isinstance(route, (Route, APIRoute))
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert hung == table


def test_every_door_names_its_roles_or_why_it_is_open() -> None:
    assert [door.path for door in DOORS if door.roles is None and not door.open_why] == []
    assert [door.path for door in DOORS if door.roles is not None and not door.roles] == []
    assert len({(door.method, door.path) for door in DOORS}) == len(DOORS)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_passes_its_doors_and_no_other(office: Office, role: Role) -> None:
    client = office.sign_in(role)
    # one's own session must outlive the round, and nobody may be put out of service by it
    skipped = {"/logout", "/me/password", "/people/{login}", "/people/{login}/reset", "/runs", "/leads/{number}/reopen"}
    for door in DOORS:
        if door.roles is None or (door.method == "POST" and door.path in skipped and role in door.roles):
            continue
        office.desk.limits = type(office.desk.limits)()
        status = _ask(client, door)
        if role in door.roles:
            assert status != 403, (door.method, door.path, status)
        else:
            assert status == 403, (door.method, door.path, status)


def test_nobody_passes_a_door_without_signing_in(office: Office) -> None:
    for door in DOORS:
        if door.roles is None:
            continue
        office.desk.limits = type(office.desk.limits)()
        status = office.client.request(door.method, _path(door), json={} if door.api else None).status_code
        assert status in ({401} if door.api or door.method == "POST" else {303}), (door.method, door.path, status)


def test_the_first_administrator_is_made_only_with_the_one_time_address(settings: Settings, campaign_file: Path) -> None:
    for office in open_office(settings, campaign_file, people=False):
        client = office.client
        given = {"login": "first", "name": "首位", "password": PASSWORD, "again": PASSWORD}
        assert client.get("/").status_code == 303
        assert client.get("/login").status_code == 403
        assert client.get("/setup?token=guess").status_code == 403
        assert client.post("/setup", data={**given, "token": "guess"}).status_code == 403
        token = office.desk.setup_token
        assert "建立管理员" in client.get(f"/setup?token={token}").text
        assert client.post("/setup", data={**given, "token": token}).headers["location"] == "/welcome"
        assert client.get("/welcome").status_code == 200
        assert client.post("/setup", data={**given, "login": "second", "token": token}).status_code == 403
        assert [user.role for user in office.desk.books.accounts.users()] == ["admin"]


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(office: Office) -> None:
    for _ in range(5):
        assert office.client.post("/login", data={"login": "fuhe", "password": "wrong"}).status_code == 401
    answer = office.client.post("/login", data={"login": "fuhe", "password": PASSWORD})
    assert answer.status_code == 401
    assert "已锁定" in answer.text


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(office: Office) -> None:
    texts = [office.client.post("/login", data={"login": name, "password": "wrong"}).text for name in ("fuhe", "nobody")]
    assert texts[0].replace("fuhe", "") == texts[1].replace("nobody", "")


def test_logging_in_too_often_is_slowed_down(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # the clock stands still: on a slow machine the bucket would fill up between two tries
    monkeypatch.setattr("patrol.console.limits.time", SimpleNamespace(monotonic=lambda: 1000.0))
    answers = [office.client.post("/login", data={"login": f"n{at}", "password": "x"}) for at in range(11)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_form_without_its_secret_is_refused(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    client.headers["X-CSRF-Token"] = "guess"
    answer = client.post(f"/leads/{office.numbers[0]}/note", data={"text": "x"})
    assert answer.status_code == 403
    assert "校验码" in answer.text
    assert office.desk.books.review.notes(office.numbers[0]) == []


def test_a_form_of_another_site_is_refused(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(f"/leads/{office.numbers[0]}/note", data={"text": "x"}, headers=headers).status_code == 403


def test_a_foreign_host_name_is_refused_on_a_local_console(office: Office) -> None:
    assert office.client.get("/login", headers={"Host": "rebind.example"}).status_code == 403


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(office: Office) -> None:
    answer = office.client.post("/login", data={"login": "kan", "password": PASSWORD})
    cookie = next(value for name, value in answer.headers.multi_items() if name == "set-cookie" and "patrol_session" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_an_idle_session_ends(office: Office) -> None:
    client = office.sign_in(Role.VIEWER)
    old = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    office.desk.books.store.database.execute("UPDATE console_sessions SET seen_at = ?", [old])
    assert client.get("/leads").headers["location"] == "/login?next=/leads"


def test_what_stood_in_a_form_survives_the_end_of_its_session(office: Office) -> None:
    client, number = office.sign_in(Role.REVIEWER), office.numbers[0]
    office.desk.books.accounts.close_sessions("fuhe")
    answer = client.post(f"/leads/{number}/note", data={"text": "电话核实过，确有其事"})
    assert answer.status_code == 401
    resume = re.search(r'name="resume" value="([^"]+)"', answer.text)
    assert resume
    back = client.post("/login", data={"login": "fuhe", "password": PASSWORD, "resume": resume[1], "next": "/"})
    assert "电话核实过，确有其事" in back.text
    assert f'action="/leads/{number}/note"' in back.text
    csrf = re.search(r'name="csrf" value="([^"]+)"', back.text)
    assert csrf
    client.headers.pop("X-CSRF-Token")
    done = client.post(f"/leads/{number}/note", data={"text": "电话核实过，确有其事", "csrf": csrf[1]})
    assert done.status_code == 303
    assert [text for _, _, text in office.desk.books.review.notes(number)] == ["电话核实过，确有其事"]


def test_login_never_leads_to_another_site(office: Office) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        office.desk.limits = type(office.desk.limits)()
        answer = office.client.post("/login", data={"login": "kan", "password": PASSWORD, "next": target})
        assert answer.headers["location"] == "/"


def test_every_page_forbids_foreign_and_inline_script(office: Office) -> None:
    client = office.sign_in(Role.ADMIN)
    for door in DOORS:
        if door.method != "GET" or door.api or door.path == "/runs/live":
            continue
        answer = client.get(_path(door))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        if "text/html" in answer.headers.get("content-type", ""):
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:(?!void\(open\()", answer.text), door.path


def test_an_error_page_carries_a_number_to_quote(office: Office) -> None:
    client = office.sign_in(Role.VIEWER)
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert re.search(r"错误编号 <b class=\"mono\">[0-9A-F]{6}</b>", answer.text)


def test_the_csp_report_end_point_writes_the_audit_log(office: Office) -> None:
    assert office.client.post("/csp-report", content=b"{}").status_code == 204
    assert [row.action for row in office.desk.books.audit.rows(action="csp")] == ["csp"]


def test_a_first_password_must_be_changed_before_anything_else(office: Office) -> None:
    admin = office.sign_in(Role.ADMIN)
    shown = admin.post("/people", data={"login": "new", "name": "新来", "role": "inspector"}).text
    first = re.search(r'<b class="mono">([^<]+)</b></div>', shown)
    assert first
    client = TestClient(office.client.app, base_url=BASE, follow_redirects=False)
    assert client.post("/login", data={"login": "new", "password": first[1]}).status_code == 303
    assert client.get("/leads").status_code == 403
    assert client.get("/me").status_code == 200


def test_the_last_administrator_cannot_be_put_out_of_service(office: Office) -> None:
    admin = office.sign_in(Role.ADMIN)
    answer = admin.post("/people/admin", data={"role": "viewer", "active": "1"})
    assert answer.status_code == 400
    assert "至少要保留一名" in answer.text


def test_a_user_put_out_of_service_is_out_at_once(office: Office) -> None:
    admin, viewer = office.sign_in(Role.ADMIN), office.sign_in(Role.VIEWER)
    assert viewer.get("/leads").status_code == 200
    admin.post("/people/kan", data={"role": "viewer"})
    assert viewer.get("/leads").status_code == 303


def test_an_officer_of_a_district_does_not_see_other_districts(office: Office) -> None:
    office.desk.books.accounts.change("kan", district="临江区")
    client = office.sign_in(Role.VIEWER)
    assert client.get(f"/leads/{office.numbers[0]}").status_code == 400
    assert office.numbers[0] not in client.get("/leads?stage=all").text


def test_the_audit_log_names_the_row_that_was_changed(office: Office) -> None:
    admin = office.sign_in(Role.ADMIN)
    admin.get(f"/leads/{office.numbers[0]}")
    book, database = office.desk.books.audit, office.desk.books.store.database
    assert book.first_broken() is None
    with pytest.raises(Exception, match="append-only"):
        database.execute("UPDATE audit_log SET detail = 'x'")
    database.rollback()
    row = book.rows(action="view")[0]
    database.execute("DROP TRIGGER audit_log_kept")
    database.execute("UPDATE audit_log SET object = 'XS2027-999999' WHERE id = ?", [row.id])
    assert book.first_broken() == row.id
    assert f"第 {row.id} 行" in admin.get("/audit?verify=1").text


def test_one_time_codes_are_those_of_authenticator_apps() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp_fits(secret, "287082", datetime.fromtimestamp(59, UTC))
    assert not totp_fits(secret, "287082", datetime.fromtimestamp(200, UTC))
    assert len(new_totp()) == 32


def test_a_code_is_asked_for_when_it_is_switched_on(office: Office) -> None:
    office.desk.books.accounts.change("kan", totp="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert office.client.post("/login", data={"login": "kan", "password": PASSWORD, "code": "000000"}).status_code == 401


@pytest.mark.parametrize("password", ["短", "a" * 12, "kanguan12345"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(BadInput):
        hash_password(password, "kanguan")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://", "x"]
)
def test_only_web_addresses_become_links(address: str) -> None:
    assert safe_url(address) == ""


def test_an_api_key_can_do_no_more_than_its_role(office: Office) -> None:
    admin = office.sign_in(Role.ADMIN)
    shown = admin.post("/people/tokens/new", data={"name": "大屏", "role": "viewer"}).text
    key = re.search(r"pt_[\w-]+", shown)
    assert key
    client = TestClient(office.client.app, base_url=BASE, headers={"Authorization": f"Bearer {key[0]}"})
    assert len(client.get("/api/v1/leads").json()["leads"]) == len(office.numbers)
    wish = {"judgement": "confirmed", "version": 0}
    assert client.post(f"/api/v1/leads/{office.numbers[0]}/decisions", json=wish).status_code == 403
    assert client.get("/leads", follow_redirects=False).status_code == 303
    office.desk.books.accounts.revoke_token(1, datetime.now(UTC))
    assert client.get("/api/v1/leads").status_code == 401


def test_the_api_is_described(office: Office) -> None:
    client = office.sign_in(Role.VIEWER)
    described = client.get("/api/v1/openapi.json").json()["paths"]
    assert set(described) == {door.path for door in DOORS if door.api}
    assert all(name in client.get("/api").text for name in described)


def test_everybody_has_a_name_of_their_own(office: Office) -> None:
    admin = office.sign_in(Role.ADMIN)
    answer = admin.post("/people", data={"login": "other", "name": PEOPLE[Role.VIEWER][1], "role": "viewer"})
    assert answer.status_code == 400
    assert "同名" in answer.text
