"""What the sealed files are called for officers: a page that a person brought is never called the server's answer."""

from patrol.model import Capture
from patrol.vault.model import FileEntry, Manifest

ROLES = {
    "response_body": "服务器返回的网页原文",
    "first_screen": "首屏截图",
    "full_page": "整页截图",
    "mhtml": "网页快照（MHTML）",
    "dom": "渲染后页面",
    "text_map": "页面文字位置表",
    "page_text": "页面文字",
    "resource": "页面所载文件",
    "recording": "取证过程录屏",
    "manifest": "证据清单",
    "ledger": "保管台账摘录",
    "index": "目录页",
    "guide": "核验说明",
    "timestamp": "可信时间戳",
    "paper": "文书",
    "record": "电子数据提取笔录",
    "wacz": "可重放的网页存档（WACZ）",
}
_BY_BROWSER = "浏览器打开网页后取得的页面内容"
_IMPORTED = "办案人员导入的网页文件"
_SCREENSHOT = "办案人员导入的截图"


def exchange_title(capture: Capture) -> str:
    """Name the bytes of a capture by how they came: from the server, out of a browser, or from a person's hands."""
    if capture.mode == "import":
        return _SCREENSHOT if capture.content_type.startswith("image/") else _IMPORTED
    return _BY_BROWSER if capture.mode == "browser" else ROLES["response_body"]


def file_title(manifest: Manifest, entry: FileEntry) -> str:
    """Name one sealed file in Chinese."""
    if entry.role == "response_body" and manifest.capture is not None:
        return exchange_title(manifest.capture)
    return ROLES.get(entry.role, entry.role)


def part_title(manifest: Manifest) -> str:
    """Name what one manifest holds as a whole."""
    return exchange_title(manifest.capture) if manifest.capture else "浏览器截图、网页快照、渲染后页面"
