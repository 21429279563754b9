"""Getting in: the first administrator, login with lock-out, logout, one's own account."""

import secrets
from datetime import datetime

from starlette.responses import Response

from patrol.console import limits
from patrol.console.call import CAMPAIGN_COOKIE, Call
from patrol.console.gate import SESSION_COOKIE
from patrol.console.people import Role, digest_of, hash_password, new_totp, password_fits, totp_fits
from patrol.console.rendering import clock
from patrol.console.resuming import read_resume
from patrol.errors import BadInput, Refused
from patrol.store.accounts import LONGEST_HOURS, MOST_FAILURES, User

_WRONG = "登录名、密码或验证码不对"
_THEMES = {"light", "dark", "auto"}


def setup_page(call: Call) -> Response:
    """Show the form for the first administrator to whoever has the one-time address; nothing else before that."""
    if call.books.accounts.count():
        return call.go("/login")
    return call.page("setup.html", token=_setup_token(call), error="")


def setup_done(call: Call) -> Response:
    """Make the first administrator and sign them in."""
    _setup_token(call)
    password = call.text("password")
    login, name = call.need("login", "登录名", most=40), call.need("name", "姓名", most=40)
    if password != call.text("again"):
        raise BadInput("两次输入的密码不一致", field="密码")
    user = User(id=0, login=login, name=name, role=Role.ADMIN.value, password=hash_password(password, login))
    call.books.accounts.add(user, call.now, first=True)
    call.desk.setup_token = ""
    call.user = call.books.accounts.user(login)
    call.audit("setup", login, "建立首位管理员")
    return _sign_in(call, login, "/welcome")


def _setup_token(call: Call) -> str:
    given = call.query("token") or call.text("token")
    known = call.desk.setup_token
    if not known or not secrets.compare_digest(given.encode(), known.encode()):
        raise Refused(403, "尚未建立管理员：请用运行 patrol serve 的窗口里显示的一次性网址打开")
    return given


def login_page(call: Call) -> Response:
    """Show the login form."""
    if call.user is not None:
        return call.go("/")
    if not call.books.accounts.count():
        raise Refused(403, "尚未建立管理员：请用运行 patrol serve 的窗口里显示的一次性网址打开")
    return call.page("login.html", next=_inside(call.query("next")), resume="", error="", login="")


def login_done(call: Call) -> Response:
    """Check name, password and one-time code; five wrong ones lock the account for a quarter of an hour."""
    wait = call.desk.limits.take(f"login:{call.address}", limits.LOGIN)
    if wait:
        raise Refused(429, f"登录尝试过多，请{int(wait) + 1}秒后再试", wait=int(wait) + 1)
    login, password = call.text("login", most=40), call.text("password")
    user = call.books.accounts.user(login)
    problem = _problem(call, user, password)
    if problem or user is None:
        call.books.audit.write(
            "login_failed", login=login, name="", object_=login, detail=problem, address=call.address, now=call.now
        )
        values = {
            "next": _inside(call.text("next")),
            "resume": call.text("resume", most=400_000),
            "error": problem,
            "login": login,
        }
        return call.page("login.html", status=401, **values)
    call.user, call.role = user, Role(user.role)
    call.audit("login", user.login)
    resumed = read_resume(call.text("resume", most=400_000), call.desk.secret)
    if resumed is None:
        # who still has the first password is led to where it is changed; every other page would only refuse
        return _sign_in(call, user.login, "/me" if user.must_change else _inside(call.text("next")))
    response = _sign_in(call, user.login, "/")
    page = call.page("resume.html", resumed=resumed, next=_inside(call.text("next")))
    for name, value in response.raw_headers:
        if name == b"set-cookie":
            page.raw_headers.append((name, value))
    return page


def _problem(call: Call, user: User | None, password: str) -> str:
    """Return why a login fails, in words that do not tell whether the name exists; empty when it succeeds."""
    if user is not None and user.locked_until and user.locked_until > call.now:
        password_fits("", password)
        return f"连续{MOST_FAILURES}次输错，账号已锁定到{clock(user.locked_until)}；如需立即解锁，请联系管理员"
    fits = password_fits(user.password if user and user.active else "", password)
    if fits and user is not None and user.totp and not totp_fits(user.totp, call.text("code"), call.now):
        fits = False
    if fits:
        return ""
    if user is not None:
        call.books.accounts.note_failure(user.login, call.now)
    return _WRONG


def _sign_in(call: Call, login: str, target: str) -> Response:
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    agent = call.request.headers.get("user-agent", "")
    call.books.accounts.open_session(login, token=digest_of(token), csrf=csrf, address=call.address, agent=agent, now=call.now)
    call.csrf = csrf
    response = call.go(target)
    _cookie(call, response, SESSION_COOKIE, token, LONGEST_HOURS * 3600)
    # each sign-in begins at the campaign under way, not at what was looked at some day before
    response.delete_cookie(CAMPAIGN_COOKIE, path="/")
    return response


def _cookie(call: Call, response: Response, name: str, value: str, seconds: int) -> None:
    secure = call.desk.origins.console.startswith("https:")
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")


def _inside(target: str) -> str:
    """Return a place of this console to go on to: never another site."""
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if inside and not target.startswith(("/login", "/setup")) else "/"


def logout(call: Call) -> Response:
    """End the session."""
    call.books.accounts.close_session(call.session)
    call.audit("logout", call.who.login)
    response = call.go("/login")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def choose_campaign(call: Call) -> Response:
    """Look at another campaign from now on."""
    target = _inside(call.text("next"))
    # a lead's page and its evidence stay under the lead's own campaign: there is nothing to see there of another
    response = call.go("/leads" if target.startswith(("/leads/", "/evidence/")) else target)
    _cookie(call, response, CAMPAIGN_COOKIE, call.text("campaign", most=100), 180 * 86400)
    return response


def choose_theme(call: Call) -> Response:
    """Show pages light, dark, or as the system does."""
    theme = call.text("theme")
    response = call.go(_inside(call.text("next")))
    _cookie(call, response, "patrol_theme", theme if theme in _THEMES - {"auto"} else "", 365 * 86400)
    return response


def welcome(call: Call) -> Response:
    """Say what to do next after the set-up."""
    return call.page("welcome.html")


def account_page(call: Call) -> Response:
    """Show one's own account."""
    return call.page("account.html", secret="", error="")


def change_password(call: Call) -> Response:
    """Change one's own password; other sessions end."""
    user = call.who
    if not password_fits(user.password, call.text("old")):
        raise BadInput("原密码不对", field="原密码")
    new = call.text("password")
    if new != call.text("again"):
        raise BadInput("两次输入的新密码不一致", field="新密码")
    if password_fits(user.password, new):
        raise BadInput("新密码与原密码相同", field="新密码")
    call.books.accounts.change(user.login, password=hash_password(new, user.login), must_change=0)
    call.audit("password", user.login, "本人修改密码")
    return _sign_in(call, user.login, "/me?said=密码已修改，其他设备上的登录已失效")


def begin_totp(call: Call) -> Response:
    """Offer a secret for one-time codes; it holds once a first code has been shown."""
    return call.page("account.html", secret=new_totp(), error="")


def keep_totp(call: Call) -> Response:
    """Switch one-time codes on (with a first code) or off (with a password)."""
    user, secret = call.who, call.text("secret", most=64)
    if not secret:
        if not password_fits(user.password, call.text("old")):
            raise BadInput("密码不对", field="密码")
        call.books.accounts.change(user.login, totp="")
        call.audit("totp", user.login, "停用一次性验证码")
        return call.go("/me", said="已停用一次性验证码")
    if not totp_fits(secret, call.text("code"), datetime.now(call.now.tzinfo)):
        return call.page("account.html", status=400, secret=secret, error="验证码不对，请看手机上当前的六位数字")
    call.books.accounts.change(user.login, totp=secret)
    call.audit("totp", user.login, "启用一次性验证码")
    return call.go("/me", said="已启用一次性验证码")
