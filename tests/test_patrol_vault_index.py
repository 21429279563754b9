"""The page that opens a package: whatever a lead's texts are, in a real browser they are words and nothing happens."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from patrol.browsers import find_browser, launch_arguments
from patrol.settings import load
from patrol.vault import Vault
from tests.patrol_vault_cases import lead, page, rendering

MARKUP = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)><iframe src="http://x.example/"></iframe>'
    "<style>@import 'http://x.example/a.css'</style><meta http-equiv=refresh content=0;url=http://x.example/>"
    "{{ 7*7 }}{% raw %}\u202egnp.exe\u2066<base href=http://x.example/><a href=javascript:alert(4)>"
)


def hostile_package(folder: Path, *, masked: bool) -> Path:
    """Export an item whose every text was written by the other side."""
    spool = folder / "spool"
    spool.mkdir(parents=True)
    vault = Vault(folder / "vault")
    capture, body = page(spool, "1", MARKUP.encode())
    capture = replace(
        capture,
        url=f"https://ershou.example/?q={MARKUP}",
        final_url="javascript:alert(5)",
        steps=(MARKUP,),
        content_type='text/html"; onload=alert(6)',
        ip_address=MARKUP,
        certificate_sha256=MARKUP,
        redirects=tuple(replace(hop, location="javascript:alert(7)") for hop in capture.redirects),
    )
    texts = dict.fromkeys(("platform", "author", "author_id", "published_shown", "excerpt", "purpose", "match"), MARKUP)
    facts = lead(title=MARKUP + "长" * 10_000_000, **texts, clauses=(MARKUP,), glossary=((MARKUP, MARKUP),), list_version=MARKUP)
    vault.seal_exchange("ZJ-1", capture, body, lead=facts)
    shown = rendering(spool / "r", "ZJ-1")
    told = shown.facts.model_copy(update={"title": MARKUP, "url": MARKUP, "final_url": MARKUP, "browser": MARKUP})
    vault.seal_rendering("ZJ-1", replace(shown, facts=told, missing=(MARKUP,)))
    return vault.export("ZJ-1", folder / "out", masked=masked, actor=MARKUP, reason=MARKUP)


def test_hostile_texts_are_only_words_in_a_browser(tmp_path: Path) -> None:
    program = find_browser(load({}))
    if program is None:
        pytest.skip("no browser on this machine; `patrol doctor --mend` brings one")
    packages = [hostile_package(tmp_path / name, masked=name == "masked") for name in ("masked", "original")]
    happened: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=launch_arguments())
        tab = browser.new_page()
        tab.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: None if request.url.startswith("file:") else happened.append(request.url))
        for folder in packages:
            tab.goto((folder / "index.html").as_uri())
            assert tab.locator("script, iframe, svg, base, object, embed").count() == 0
            assert tab.locator("a[href^='javascript']").count() == 0
            assert tab.locator("img").count() == 2
            words = tab.locator("body").inner_text()
            assert "<script>alert(1)</script>" in words
            assert "{{ 7*7 }}" in words
            assert "\u202e" not in words
            assert tab.url == (folder / "index.html").as_uri()
            assert (folder / "index.html").stat().st_size < 200_000
            tab.locator("a").first.click()
        browser.close()
    assert happened == []
    runs = {".html", ".htm", ".xhtml", ".svg", ".js", ".exe"}
    assert {path.name for folder in packages for path in folder.rglob("*") if path.suffix.lower() in runs} == {"index.html"}
