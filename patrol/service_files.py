"""What an administrator needs to run clock and console as services: systemd units, Windows commands, how to remove them."""

import sys
from pathlib import Path

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


def systemd(workspace: Path, backups: Path, user: str) -> str:
    """Return the units of clock and console, and the commands that install them."""
    parts = []
    for name, (about, verb) in _NAMES.items():
        path = f"/etc/systemd/system/patrol-{name}.service"
        command = f"{_quoted(sys.executable)} -m patrol --workspace {_quoted(str(workspace))} {verb}"
        writable = f"{_quoted(str(workspace))} {_quoted(str(backups))}"
        parts.append(_UNIT.format(path=path, about=about, user=user, command=command, writable=writable))
    steps = f"""# 安装（管理员）：
#   useradd --system --create-home {user}          （已有账户可跳过）
#   mkdir -p '{backups}' && chown -R {user} '{workspace}' '{backups}'
#   把上面两段分别存为所标的文件，然后
#   systemctl daemon-reload && systemctl enable --now patrol-clock patrol-console
# 查看：systemctl status patrol-clock；journalctl -u patrol-clock；patrol --workspace '{workspace}' status
# 升级：systemctl stop patrol-clock patrol-console；安装新版本；再 systemctl start（数据库先自动备份，再升级）
# 日志在工作区 logs/patrol.log，自动轮转；journald 只收启动和停止
"""
    return "\n".join([*parts, steps])


def windows(workspace: Path, backups: Path) -> str:
    """Return how to install both services on Windows, by NSSM or by the task scheduler."""
    python, folder = sys.executable, workspace
    lines = ["rem 甲、用 NSSM 装为系统服务（推荐；nssm.exe 由管理员自备），在管理员命令提示符中运行："]
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
    lines += ["", "rem 乙、不装软件，用任务计划程序（开机启动，出错一分钟后重启）："]
    for name, (_, verb) in _NAMES.items():
        run = f'\\"{python}\\" -m patrol --workspace \\"{folder}\\" {verb}'
        lines.append(f'schtasks /Create /TN patrol-{name} /SC ONSTART /RU SYSTEM /RL LIMITED /TR "{run}"')
    lines += [
        "rem 再在“任务计划程序”里打开该任务的“设置”：勾选“如果任务失败，按以下频率重新启动：1 分钟”，取消“运行时间超过3天则停止”",
        f"rem 备份写入 {backups}；请让运行服务的账户对它和工作区有读写权限",
        "rem 电脑须设为不自动睡眠；睡眠期间错过的任务醒来后会补做或记为错过",
    ]
    return "\r\n".join(lines) + "\r\n"


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
    return f'"{text}"' if " " in text else text
