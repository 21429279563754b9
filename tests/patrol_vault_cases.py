"""Small evidence for the vault's tests: pages of our own making, sealed as a sweep would seal them."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from patrol.model import Capture, Hop
from patrol.vault import BrowserFacts, EvidenceState, LeadFacts, Rendering, SourceFile, Vault

FETCHED = datetime(2027, 1, 20, 8, 30, 5, tzinfo=UTC)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG."""
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def page(folder: Path, name: str, body: bytes, *, at: datetime | None = None) -> tuple[Capture, Path]:
    """Write a body into a spool folder and return its capture record."""
    digest = hashlib.sha256(body).hexdigest()
    path = folder / digest
    path.write_bytes(body)
    capture = Capture(
        url=f"https://ershou.example/{name}",
        final_url=f"https://ershou.example/{name}?from=list",
        status=200,
        fetched_at=at or datetime.now(UTC),
        sha256=digest,
        size=len(body),
        content_type="text/html; charset=gb18030",
        response_headers=(("Content-Type", "text/html; charset=gb18030"), ("Server", "nginx")),
        request_headers=(("User-Agent", "patrol"),),
        redirects=(Hop(url=f"https://ershou.example/go/{name}", status=302, location=f"/{name}"),),
        ip_address="203.0.113.9",
        steps=("搜索“寒假一对一”", "第1页第3条"),
    )
    return capture, path


def lead(number: str = "XS2027-000001", **facts: object) -> LeadFacts:
    """Return lead facts with hostile and personal parts."""
    base: dict[str, object] = {
        "lead": number,
        "campaign": "寒假2027",
        "platform": "ershou",
        "title": '=HYPERLINK("http://x.example") 寒假数学一对一',
        "author": "小树家教",
        "excerpt": "王小明老师，微信 abc_12345，电话 19900001234",
        "contacts": ("phone:19900001234", "wechat:abc_12345"),
        "clauses": ("教育部令第53号第十八条",),
        "glossary": (("数①对①", "数学一对一"),),
    }
    return LeadFacts.model_validate({**base, **facts})


def rendering(folder: Path, number: str, *, state: EvidenceState = EvidenceState.COMPLETE, device: str = "phone") -> Rendering:
    """Write the files a browser would leave and return the rendering that names them."""
    contents = {
        "full.png": ("full_page", "image/png", PNG),
        "first-screen.png": ("first_screen", "image/png", PNG),
        "page.mhtml": ("mhtml", "multipart/related", b"From: <Saved>\r\n\r\n" + number.encode()),
        "dom.html": ("dom", "text/html; charset=utf-8", f"<p>{number} 寒假数学</p>".encode()),
        "text-map.json": ("text_map", "application/json", '["t", 0, 0, 1, 1, "电话 19900001234"]\n'.encode()),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, _, data) in contents.items():
        (folder / name).write_bytes(data)
    now = datetime.now(UTC)
    return Rendering(
        number=number,
        facts=BrowserFacts(url="https://ershou.example/1", final_url="https://ershou.example/1", device=device, title="寒假"),
        state=state,
        started_at=now,
        finished_at=now,
        files=tuple(SourceFile(role=r, name=n, media_type=t, path=folder / n) for n, (r, t, _) in contents.items()),
    )


def small_vault(root: Path, spool: Path, items: int = 2) -> Vault:
    """Return a vault with complete items ZJ-1 … and one recorded view."""
    spool.mkdir(parents=True, exist_ok=True)
    vault = Vault(root)
    for index in range(1, items + 1):
        capture, path = page(spool, str(index), f"<p>第{index}页 寒假数学一对一</p>".encode("gb18030"))
        vault.seal_exchange(f"ZJ-{index}", capture, path, lead=lead(f"XS-{index}"))
        vault.seal_rendering(f"ZJ-{index}", rendering(spool / f"r{index}", f"ZJ-{index}"))
    vault.record("view", number="ZJ-1", actor="张某", reason="复核")
    return vault
