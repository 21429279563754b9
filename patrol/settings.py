"""Every knob of the product: one line each, and the only reader of the environment.

A value comes from, in this order: the environment (`PATROL_` + the upper-case name), `settings.toml` in the workspace,
the default. `load()` returns a frozen record; `patrol doctor` prints each value with where it came from.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from patrol.errors import BadInput
from patrol.validation import read_toml

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One knob: its name, its default (whose type is the knob's type) and one line of help for officers."""

    name: str
    default: Value
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("workspace", "workspace", "工作区文件夹：数据库、证据库、抓取缓存都在里面"),
    Setting("browser", "", "浏览器程序的完整路径；留空则自动寻找 Chrome、Edge、Chromium"),
    Setting("user_agent", "", "访问网站时的标识；留空用自报身份的标识"),
    Setting("contact", "", "写入访问标识的联系方式（网站管理员可据此联系本单位）"),
    Setting("obey_robots", True, "遵守网站的 robots.txt"),
    Setting("allow_loopback", False, "允许访问本机地址（只供演示和测试；正式巡查必须关闭）"),
    Setting("pace_factor", 1.0, "访问间隔的倍数：2 为慢一倍；低于 1 只对本机演示有效"),
    Setting("max_page_bytes", 8_000_000, "单个网页的最大字节数，超出部分不取，记为未覆盖"),
    Setting("page_seconds", 30, "等待单个网页的最长时间（秒），超出记为未覆盖；用浏览器打开的网页按三倍计"),
    Setting("run_minutes", 60, "一次巡查每个来源的最长时间（分钟）"),
    Setting("parallel_sources", 2, "同时巡查的来源数（每个来源一个进程）"),
    Setting("frontier_url", "", "多台机器或多个进程共用的待取清单（redis://主机:端口/库号）；留空则用工作区里的文件"),
    Setting("capture_workers", 2, "同时取证的浏览器页面数"),
    Setting("capture_recording", False, "取证时另存一段打开和滚动网页的录屏（动态 WebP，无声；每页会慢几秒，文件更大）"),
    Setting("min_free_mb", 500, "磁盘剩余空间低于此数（MB）时停止取证并提示"),
    Setting("tsa_urls", "", "可信时间戳服务地址，多个用逗号分隔；留空则不申请，证据标为“未申请”"),
    Setting("tsa_roots", "", "时间戳机构根证书文件（PEM）；核验时间戳只认这些根证书"),
    Setting("ntp_server", "", "时间服务器（如 ntp.example:123）；取证时记录本机时钟的偏差；留空则只与网站应答的 Date 比较"),
    Setting("evidence_key", "", "证据加密的密钥文件（patrol evidence key 生成，或写有口令的文件）；留空则原件不加密"),
    Setting("signing_key", "", "本单位签名私钥（Ed25519，patrol evidence signing-key 生成），给导出的证据包签名；不支持 SM2"),
    Setting("ocr", True, "识别图片里的文字（需要安装 ocr 组件）"),
    Setting("console_host", "127.0.0.1", "控制台监听的地址；127.0.0.1 只供本机使用"),
    Setting("console_port", 8765, "控制台端口；证据查看用下一个端口"),
    Setting("console_certificate", "", "控制台 TLS 证书文件（PEM）；留空为不加密，只应在本机使用"),
    Setting("console_key", "", "控制台 TLS 私钥文件（PEM）"),
    Setting("notice_mail_to", "", "提醒邮件的收件地址，多个用逗号分隔；留空则不发邮件"),
    Setting("smtp_host", "", "发邮件的服务器"),
    Setting("smtp_port", 465, "发邮件的端口"),
    Setting("smtp_security", "ssl", "发邮件的加密方式：ssl、starttls 或 none"),
    Setting("smtp_user", "", "发邮件的账号"),
    Setting("smtp_password_file", "", "存有邮件密码的文件"),
    Setting("smtp_from", "", "发件地址；留空用账号"),
    Setting("notice_webhook", "", "提醒推送到本单位系统的地址，或存有该地址的文件；留空则不推送"),
    Setting("notice_wecom", "", "企业微信群机器人的地址，或存有该地址的文件（地址等于密码，建议用文件）；留空则不推送"),
    Setting("notice_quiet", "22:00-07:30", "这段时间不发提醒，过后一并发出；留空则随时发"),
    Setting("notice_digest", "", "每天只在这个钟点汇总发一次，如 08:30；留空则有即发"),
    Setting("backup_folder", "", "每日备份放在哪里（建议另一块磁盘）；留空则放在工作区旁边的 backups 文件夹"),
    Setting("backups_kept", 14, "保留最近多少份每日备份"),
    Setting("spool_days", 30, "抓取缓存和运行日志保留天数；证据库不受影响"),
    Setting("log_level", "WARNING", "日志详细程度：DEBUG、INFO、WARNING、ERROR"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_CHOSEN: dict[str, Value] = {}
_TRUE, _FALSE = {"1", "true", "yes", "on", "是"}, {"0", "false", "no", "off", "否"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force, each with its origin (`environment`, the file's path, or `default`)."""

    values: Mapping[str, Value]
    origins: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a knob as text."""
        return str(self.values[name])

    def number(self, name: str) -> float:
        """Return a knob as a number."""
        return float(self.values[name])

    def flag(self, name: str) -> bool:
        """Return a knob as yes or no."""
        return bool(self.values[name])

    @property
    def workspace(self) -> Path:
        """The folder that holds everything of this bureau."""
        return Path(self.text("workspace")).expanduser().resolve()


def _convert(setting: Setting, raw: object, origin: str) -> Value:
    kind = type(setting.default)
    if isinstance(raw, kind) and not (kind is int and isinstance(raw, bool)):
        return raw
    text = str(raw).strip()
    if kind is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if kind is str:
        return text
    try:
        return kind(text) if kind is not bool else _refuse(setting, raw, origin)
    except ValueError:
        return _refuse(setting, raw, origin)


def _refuse(setting: Setting, raw: object, origin: str) -> Value:
    kinds = {bool: "“true”或“false”", int: "整数", float: "数字"}
    raise BadInput(f"应为{kinds.get(type(setting.default), '文字')}，实际为“{raw}”", file=origin, field=setting.name)


def _from_file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    table = read_toml(path)
    for name in table:
        if name not in _BY_NAME:
            raise BadInput(f"没有这个设置；可用的有：{'、'.join(_BY_NAME)}", file=path, field=name)
    return table


def choose(**values: Value) -> None:
    """Set knobs for the rest of this process, as options of the command line do; they win over everything."""
    for name, value in values.items():
        if name not in _BY_NAME:
            raise BadInput(f"没有这个设置；可用的有：{'、'.join(_BY_NAME)}", field=name)
        _CHOSEN[name] = value


def load(environment: Mapping[str, str] | None = None, **overrides: Value) -> Settings:
    """Return the settings in force; `overrides` win, then what the command line chose (unless an environment is given).

    Raises BadInput on an unknown name in settings.toml or a value of the wrong type.
    """
    given = os.environ if environment is None else environment
    if environment is None:
        overrides = {**_CHOSEN, **overrides}
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    file_values: dict[str, object] = {}
    file_path: Path | None = None
    for setting in SETTINGS:
        variable = f"PATROL_{setting.name.upper()}"
        if setting.name in overrides:
            values[setting.name], origins[setting.name] = overrides[setting.name], "command line"
        elif given.get(variable, "") != "":
            values[setting.name], origins[setting.name] = _convert(setting, given[variable], variable), variable
        elif setting.name in file_values:
            values[setting.name] = _convert(setting, file_values[setting.name], str(file_path))
            origins[setting.name] = str(file_path)
        else:
            values[setting.name], origins[setting.name] = setting.default, "default"
        if setting.name == "workspace":
            file_path = Path(str(values["workspace"])).expanduser() / "settings.toml"
            file_values = _from_file(file_path)
    return Settings(values, origins)


def has_desktop(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether somebody sits in front of a screen here: a browser may be opened."""
    given = os.environ if environment is None else environment
    return sys.platform in {"win32", "darwin"} or bool(given.get("DISPLAY") or given.get("WAYLAND_DISPLAY"))


def has_display(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether this machine can show a window: Linux names its display, other systems always have one."""
    given = os.environ if environment is None else environment
    return not sys.platform.startswith("linux") or bool(given.get("DISPLAY") or given.get("WAYLAND_DISPLAY"))
