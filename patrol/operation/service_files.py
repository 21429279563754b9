"""What an administrator needs to run clock and console as services: systemd units, Windows commands, how to remove them."""

import sys
from pathlib import Path

from patrol.operation.windows_tasks import LOCAL_SERVICE, task_file

_UNIT = """# {path}
[Unit]
Description={about}
After=network-online.target
Wants=network-online.target

[Service]
Type=simple
User={user}
ExecStart={command}
Restart=on-failure
RestartSec=30
# a sweep puts its pages back before it ends
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=90
# the account's home is read-only: what browser and charts keep for themselves goes where it is thrown away
Environment=XDG_CONFIG_HOME=/tmp/config XDG_CACHE_HOME=/tmp/cache
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
UMask=0077

[Install]
WantedBy=multi-user.target
"""
_NAMES = {"clock": ("线上巡查 调度服务", "schedule start"), "console": ("线上巡查 控制台", "serve --no-schedule --no-open")}


def systemd_units(workspace: Path, backups: Path, user: str) -> dict[str, str]:
    """Return the unit files of clock and console by the path where systemd looks for them."""
    units = {}
    for name, (about, verb) in _NAMES.items():
        path = f"/etc/systemd/system/patrol-{name}.service"
        command = f"{_quoted(sys.executable)} -m patrol --workspace {_quoted(str(workspace))} {verb}"
        writable = f"{_quoted(str(workspace))} {_quoted(str(backups))}"
        units[path] = _UNIT.format(path=path, about=about, user=user, command=command, writable=writable)
    return units


def systemd(workspace: Path, backups: Path, user: str) -> str:
    """Return the units of clock and console, and the commands that install them."""
    steps = f"""# 安装（管理员）：
#   useradd --system --create-home {user}          （已有账户可跳过）
#   mkdir -p '{backups}' && chown -R {user} '{workspace}' '{backups}'
#   把上面两段分别存为所标的文件（或运行 patrol install-service --output 文件夹，再复制），然后
#   systemd-analyze verify /etc/systemd/system/patrol-*.service
#   systemctl daemon-reload && systemctl enable --now patrol-clock patrol-console
# 查看：systemctl status patrol-clock；journalctl -u patrol-clock；patrol --workspace '{workspace}' status
# 升级：systemctl stop patrol-clock patrol-console；安装新版本；再 systemctl start（数据库先自动备份，再升级）
# 日志在工作区 logs/patrol.log，自动轮转；journald 只收启动和停止
"""
    return "\n".join([*systemd_units(workspace, backups, user).values(), steps])


def windows_tasks(workspace: Path) -> dict[str, str]:
    """Return the Task Scheduler files of clock and console by name."""
    return {
        f"patrol-{name}.xml": task_file(
            f"patrol-{name}",
            about=about,
            command=sys.executable,
            arguments=f'-m patrol --workspace "{workspace}" {verb}',
            folder=str(workspace.parent),
        )
        for name, (about, verb) in _NAMES.items()
    }


def windows(workspace: Path, backups: Path) -> str:
    """Return how to install both services on Windows, by the task scheduler or by NSSM."""
    python, folder = sys.executable, workspace
    lines = [
        "rem 甲、用任务计划程序（系统自带）：开机启动，不限运行时间，出错一分钟后重启。在管理员命令提示符中运行：",
        f'"{python}" -m patrol --workspace "{folder}" install-service --windows --output .',
        f'icacls "{folder}" /grant *{LOCAL_SERVICE}:(OI)(CI)M /T',
        f'mkdir "{backups}" & icacls "{backups}" /grant *{LOCAL_SERVICE}:(OI)(CI)M /T',
    ]
    for name in windows_tasks(workspace):
        task = name.removesuffix(".xml")
        lines += [f"schtasks /Create /TN {task} /XML {name} /F", f"schtasks /Run /TN {task}"]
    lines += ["", "rem 乙、或用 NSSM 装为系统服务（nssm.exe 由管理员自备）："]
    for name, (about, verb) in _NAMES.items():
        service = f"patrol-{name}"
        lines += [
            f'nssm install {service} "{python}" -m patrol --workspace "{folder}" {verb}',
            f'nssm set {service} DisplayName "{about}"',
            f"nssm set {service} Start SERVICE_DELAYED_AUTO_START",
            f"nssm set {service} AppStopMethodConsole 90000",
            f"nssm set {service} AppExit Default Restart",
            f"nssm start {service}",
        ]
    lines += [
        "rem 查看：schtasks /Query /TN patrol-clock",
        "rem 升级：先 schtasks /End，装好新版本后再 schtasks /Run（数据库先自动备份，再升级）",
        "rem 电脑须设为不自动睡眠；睡眠期间错过的任务醒来后会补做或记为错过",
    ]
    return "\r\n".join(lines) + "\r\n"


def write_files(target: Path, files: dict[str, str], *, encoding: str) -> list[Path]:
    """Write service files into a folder under their own names; return them."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files.items():
        file = target / Path(name).name
        file.write_text(text, encoding=encoding, newline="\r\n" if encoding == "utf-16" else "\n")
        written.append(file)
    return written


def uninstall(workspace: Path) -> str:
    """Return how to remove the services and the product; evidence is never removed with them."""
    return f"""# Linux：
#   systemctl disable --now patrol-clock patrol-console
#   rm /etc/systemd/system/patrol-clock.service /etc/systemd/system/patrol-console.service && systemctl daemon-reload
# Windows（NSSM）：nssm stop patrol-clock && nssm remove patrol-clock confirm；patrol-console 同样
# Windows（任务计划）：schtasks /End /TN patrol-clock && schtasks /Delete /TN patrol-clock /F；patrol-console 同样
# 程序：pip uninstall xianshang-patrol
# 工作区 {workspace} 里有证据和台账，不会随卸载删除；须按保存期限办理销毁（patrol evidence purge）或移交后，由管理员处理
"""


def _quoted(text: str) -> str:
    # a percent sign begins a specifier in a unit file
    text = text.replace("%", "%%")
    return f'"{text}"' if " " in text else text
