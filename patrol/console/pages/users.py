"""人员 and 审计: who may do what, API keys, and everything that was done."""

import secrets

from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.people import Role, digest_of, hash_password, lower_role
from patrol.errors import BadInput
from patrol.store.accounts import User

ACTIONS = {
    "setup": "首次设置",
    "login": "登录",
    "login_failed": "登录失败",
    "logout": "退出",
    "password": "改密码",
    "totp": "验证码设置",
    "view": "查看线索",
    "decide": "决定",
    "undo": "撤销决定",
    "reopen": "重新打开",
    "note": "备注",
    "search": "检索",
    "lookup": "查名单",
    "view_evidence": "查看证据",
    "verify": "核验证据",
    "export": "导出",
    "download": "下载",
    "sweep": "开始巡查",
    "stop": "停止任务",
    "campaign": "专项行动文件",
    "clue": "人工线索",
    "import_list": "导入名单",
    "answer": "名单结论",
    "try_words": "试算词语",
    "keep_words": "增补词语",
    "drop_word": "去掉词语",
    "allow": "放行规则",
    "recheck": "复查",
    "source": "来源设置",
    "list_change": "名单变更",
    "notice": "试发提醒",
    "hours": "人工巡查时数",
    "view_report": "查看报表",
    "make_report": "生成报表",
    "submit_report": "报送存档",
    "pdf": "PDF 预览",
    "takedown": "拟制移送",
    "takedown_sent": "登记发出",
    "takedown_reply": "登记反馈",
    "measure": "处置措施",
    "case": "典型案例",
    "people": "人员变更",
    "token": "接口令牌",
    "refused": "越权被拒",
    "csp": "拦下可疑内容",
    "api": "接口调用",
}
_PAGE = 100


def people_page(call: Call) -> Response:
    """Show users and API keys."""
    return call.page(
        "people.html",
        users=call.books.accounts.users(),
        tokens=call.books.accounts.tokens(),
        roles=tuple(Role),
        shown="",
        shown_for="",
    )


def _role(call: Call) -> Role:
    try:
        return Role(call.text("role"))
    except ValueError as error:
        raise BadInput("请选择角色", field="角色") from error


def add(call: Call) -> Response:
    """Add a user with a first password that is shown once and must be changed."""
    login, name = call.need("login", "登录名", most=40), call.need("name", "姓名", most=40)
    if not login.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise BadInput("登录名只用字母、数字、汉字、点和连字符", field="登录名")
    password = secrets.token_urlsafe(12)
    user = User(
        id=0,
        login=login,
        name=name,
        role=_role(call).value,
        district=call.text("district", most=40),
        password=hash_password(password),
        must_change=True,
    )
    call.books.accounts.add(user, call.now)
    call.audit("people", login, f"添加 {name}（{Role(user.role).chinese}）")
    return _shown(call, password, f"{name}（{login}）的初始密码")


def _shown(call: Call, secret: str, what: str) -> Response:
    accounts = call.books.accounts
    return call.page(
        "people.html", users=accounts.users(), tokens=accounts.tokens(), roles=tuple(Role), shown=secret, shown_for=what
    )


def _user(call: Call) -> User:
    user = call.books.accounts.user(call.path("login"))
    if user is None:
        raise BadInput("没有这个人员")
    return user


def change(call: Call) -> Response:
    """Change role and district, or put a user out of (or back in) service."""
    user, active = _user(call), call.text("active") == "1"
    role, district = _role(call), call.text("district", most=40)
    call.books.accounts.change(user.login, role=role.value, district=district, active=int(active))
    call.audit("people", user.login, f"{role.chinese}，{district or '全部地区'}，{'在用' if active else '停用'}")
    return call.go("/people", said=f"已保存 {user.name}")


def reset(call: Call) -> Response:
    """Give a user a new first password; their sessions and one-time codes end."""
    user, password = _user(call), secrets.token_urlsafe(12)
    call.books.accounts.change(
        user.login, password=hash_password(password), must_change=1, failures=0, locked_until=None, totp=""
    )
    call.audit("people", user.login, "重设密码并解锁")
    return _shown(call, password, f"{user.name}（{user.login}）的新密码")


def add_token(call: Call) -> Response:
    """Make an API key; it is shown once."""
    name, secret = call.need("name", "用途", most=60), f"pt_{secrets.token_urlsafe(32)}"
    role = lower_role(_role(call), call.role or Role.VIEWER)
    call.books.accounts.add_token(call.who.login, token=digest_of(secret), name=name, role=role.value, now=call.now)
    call.audit("token", name, f"发放接口令牌（{role.chinese}）")
    return _shown(call, secret, f"接口令牌“{name}”")


def revoke_token(call: Call) -> Response:
    """Withdraw an API key."""
    number = call.number("number")
    call.books.accounts.revoke_token(number, call.now)
    call.audit("token", str(number), "收回接口令牌")
    return call.go("/people", said="已收回")


def audit_page(call: Call) -> Response:
    """Show the audit log; `verify=1` recomputes its chain."""
    filters = {name: call.query(name)[:100] for name in ("login", "action", "object", "since", "until")}
    before = call.query("before")
    rows = call.books.audit.rows(before=int(before) if before.isdigit() else 0, limit=_PAGE, **filters)
    broken = call.books.audit.first_broken() if call.query("verify") else None
    return call.page(
        "audit.html",
        rows=rows,
        filters=filters,
        actions=ACTIONS,
        users=call.books.accounts.users(),
        full=len(rows) == _PAGE,
        verified=bool(call.query("verify")),
        broken=broken,
    )
