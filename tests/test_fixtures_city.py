"""The mock city: every page answers as its truth says, and nothing in it is missing, doubled, real or random."""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import get_args
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from PIL import Image

import fixtures.city
from fixtures.city import PLATFORMS, City, count
from fixtures.city.content import Category, Entry, Labelled, Trick, entries
from fixtures.city.extra import TROUBLES, WALLS, compose
from fixtures.city.pages import STATES, Site
from fixtures.city.server import Reply, Request
from fixtures.city.sites.baidu import NO_HIT_WORDS, Baidu
from fixtures.city.truth import Truth
from patrol.model import State

BASES = {name: f"http://{name}.example" for name in PLATFORMS}
_LINK = re.compile(r'(?:href|data-link)="([^"#]+)"|"url":"([^"]+)"|<loc>([^<]+)</loc>')


@pytest.fixture(scope="module")
def city() -> City:
    return City(BASES)


@pytest.fixture(scope="module")
def truths(city: City) -> list[Truth]:
    return list(city.truths())


def ask(site: Site, target: str) -> Reply:
    return site.answer(Request("GET", target, {}))


def text_of(site: Site, reply: Reply) -> str:
    return reply.body.decode(site.charset if "json" not in reply.content_type and "xml" not in reply.content_type else "utf-8")


def all_texts() -> Iterator[tuple[str, Labelled]]:
    for name in PLATFORMS:
        for entry in entries(name):
            yield f"{name}/{entry.key}", entry
            yield from ((f"{name}/{entry.key}/{place}", remark) for place, remark in enumerate(entry.remarks, 1))


def words_of(part: Labelled) -> str:
    title = f"{part.title}\n{' '.join(part.more.values())}" if isinstance(part, Entry) else ""
    return f"{title}\n{part.text}"


def test_ten_platforms_have_thirty_content_pages_each(truths: list[Truth]) -> None:
    counted = count(truths)["platform"]
    assert set(counted) == set(PLATFORMS)
    assert len(PLATFORMS) == 10
    assert min(counted.values()) >= 30


def test_truth_names_each_page_once(truths: list[Truth]) -> None:
    assert [path for path, times in Counter((truth.platform, truth.path) for truth in truths).items() if times > 1] == []


def test_pages_without_truth_are_only_machinery(city: City) -> None:
    bare = [path for site in city.sites.values() for path, page in site.pages.items() if page.truth is None]
    assert [path for path in bare if path != "/robots.txt" and not path.startswith("/zd_p/")] == []


def test_every_category_occurs_on_several_platforms(truths: list[Truth]) -> None:
    seen = {category: {truth.platform for truth in truths if category in truth.categories} for category in get_args(Category)}
    assert {category: len(found) for category, found in seen.items() if len(found) < 3} == {}


def test_every_trick_occurs(truths: list[Truth]) -> None:
    assert set(get_args(Trick)) == set(count(truths)["trick"])


def test_the_three_labels_are_all_well_filled(truths: list[Truth]) -> None:
    labels = count(truths)["label"]
    assert min(labels["violation"], labels["clean"]) >= 100
    assert labels["ad"] >= 30


def test_every_platform_has_violations_and_clean_pages(truths: list[Truth]) -> None:
    details = [truth for truth in truths if truth.kind == "detail" and truth.state is State.OK]
    for name in PLATFORMS:
        assert {truth.violation for truth in details if truth.platform == name} == {True, False}, name


def test_every_platform_has_every_trouble(truths: list[Truth]) -> None:
    found = {(truth.platform, truth.trouble): truth.state for truth in truths if truth.trouble}
    assert found == {(name, trouble): STATES[trouble] for name in PLATFORMS for trouble in TROUBLES}


def test_three_hundred_texts_differ() -> None:
    told = [words_of(part).strip() for _, part in all_texts()]
    assert len({text for text in told if 40 <= len(text) <= 900}) >= 300
    assert sum(len(text) > 400 for text in told) >= 5


def test_labels_agree_with_their_categories() -> None:
    wrong = []
    for place, part in all_texts():
        categories = set(part.categories)
        fitting = {
            "violation": bool(categories),
            "ad": categories <= {"price_violation", "false_promise"},
            "clean": not categories,
        }[part.label]
        if not fitting:
            wrong.append((place, part.label, categories))
    assert wrong == []


def test_only_invented_phone_numbers_occur() -> None:
    for place, part in all_texts():
        plain = unicodedata.normalize("NFKC", words_of(part))
        numbers = re.findall(r"(?<![\dA-Z])1[3-9]\d{9}(?!\d)", plain)
        assert [number for number in numbers if not number.startswith("1990000")] == [], place


def test_only_example_hosts_occur() -> None:
    for place, part in all_texts():
        hosts = re.findall(r"[\w.-]+\.(?:com|cn|net|org|top|example)\b", words_of(part))
        assert [host for host in hosts if not host.endswith(".example")] == [], place


def test_every_page_answers_with_its_status_and_charset(city: City, truths: list[Truth]) -> None:
    expected = {"not_found": 404, "rate_once": 429, "rate_always": 429, "redirect_loop": 302}
    for truth in truths:
        site = city.sites[truth.platform]
        reply = ask(site, truth.path)
        assert reply.status == expected.get(truth.trouble, 200), truth.url
        if truth.trouble not in {"truncated", "redirect_loop"}:
            assert text_of(site, reply), truth.url


def test_the_text_of_every_plain_page_is_on_it(city: City) -> None:
    for name in ("wuba58", "discuz", "generic", "dianping", "live_room"):
        site = city.sites[name]
        for entry in entries(name):
            if entry.state != "ok":
                continue
            page = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), text_of(site, ask(site, site.detail_path(entry))))
            first = entry.lines[0]
            assert first in page or first.replace("&", "&amp;") in page, f"{name}/{entry.key}"


def test_classifieds_are_gb18030_and_two_lists_lie_about_it(city: City) -> None:
    site = city.sites["wuba58"]
    types = [ask(site, f"/jiajiao/pn{number}/").content_type for number in (1, 2, 3)]
    assert types == ["text/html; charset=gb2312", "text/html; charset=utf-8", "text/html"]
    for number in (1, 2, 3):
        body = ask(site, f"/jiajiao/pn{number}/").body
        assert "云川" in body.decode("gb18030")
        with pytest.raises(UnicodeDecodeError):
            body.decode("utf-8")


def test_links_lead_from_the_entries_to_every_page(city: City, truths: list[Truth]) -> None:
    """Follow links as a patrol would, over loopback hosts only; the course shop is walked by its JSON answers."""
    seen, queue = set(), [url for starts in city.starts.values() for url in starts]
    while queue:
        url = queue.pop().replace("&amp;", "&")
        name = next((name for name, base in BASES.items() if url.startswith(base)), "")
        if not name or url in seen:
            continue
        seen.add(url)
        site = city.sites[name]
        reply = ask(site, url.removeprefix(BASES[name]))
        queue += [urljoin(url, value) for key, value in reply.headers if key == "Location"]
        found = _LINK.findall(text_of(site, reply)) if not reply.withheld and "image" not in reply.content_type else []
        queue += [urljoin(_base_of(site, url), "".join(groups)) for groups in found]
        if "/p/decorate/" in url:
            queue.append(f"{BASES[name]}/xe.shop.resource.list.get/1.0.0?page={url.rpartition('=')[2]}")
        queue += [f"{BASES[name]}/p/decorate/homepage?page={n}" for n in (2, 3, 4) if "/p/decorate/" in url]
    missing = [truth.url for truth in truths if truth.url not in seen and truth.kind != "search"]
    assert missing == []


def _base_of(site: Site, url: str) -> str:
    return f"{site.base}/" if site.name == "discuz" else url


def test_the_city_is_the_same_at_each_start(city: City, truths: list[Truth]) -> None:
    again = City(BASES)
    for truth in truths:
        if truth.trouble != "rate_once":
            site = city.sites[truth.platform]
            assert ask(site, truth.path) == ask(again.sites[truth.platform], truth.path), truth.url


def test_a_limited_page_comes_after_a_second() -> None:
    now = [100.0]
    fresh = City(BASES, clock=lambda: now[0])
    for name, site in fresh.sites.items():
        path = next(truth.path for truth in site.truths() if truth.trouble == "rate_once")
        first = ask(site, path)
        assert (first.status, dict(first.headers)["Retry-After"]) == (429, "1"), name
        now[0] += 0.3
        assert ask(site, path).status == 429, name
        now[0] += 0.7
        assert ask(site, path).status == 200, name


def test_a_changed_page_keeps_no_old_field_name(city: City) -> None:
    for site in city.sites.values():
        path = next(truth.path for truth in site.truths() if truth.trouble == "changed")
        page = text_of(site, ask(site, path))
        assert [old for old, _ in site.renamed if old.isascii() and not old.startswith("<") and old in page] == []


def test_robots_forbid_exactly_the_page_that_truth_names(city: City) -> None:
    for site in city.sites.values():
        forbidden = re.findall(r"^Disallow: (.+)$", ask(site, "/robots.txt").body.decode(), re.MULTILINE)
        assert forbidden == [truth.path for truth in site.truths() if truth.trouble == "robots"]


def test_pictures_can_be_decoded(city: City) -> None:
    named = {image for name in PLATFORMS for entry in entries(name) for image in entry.images} | {"cover.png"}
    for image in named:
        picture = Image.open(io.BytesIO(ask(city.sites["wechat_mp"], f"/img/{image}").body))
        picture.load()
        assert picture.width == 750


def test_unknown_addresses_are_not_found(city: City) -> None:
    for site in city.sites.values():
        assert ask(site, "/no/such/page.html").status == 404
        assert ask(site, "/img/../content/baidu.yml").status == 404


def test_search_finds_nothing_for_nonsense(city: City) -> None:
    engine = city.sites["baidu"]
    assert isinstance(engine, Baidu)
    for words in (*NO_HIT_WORDS, "没有这样的词语组合"):
        assert "很抱歉，没有找到" in text_of(engine, ask(engine, engine.search_path(words, 0)))


def test_search_answers_words_nobody_foresaw(city: City) -> None:
    engine = city.sites["baidu"]
    page = text_of(engine, ask(engine, "/s?wd=%E6%9A%91%E6%9C%9F%20%E7%89%A9%E7%90%86&pn=0"))
    assert page.count('class="result c-container') >= 5


def test_search_links_redirect_to_the_page_they_show(city: City) -> None:
    engine = city.sites["baidu"]
    assert isinstance(engine, Baidu)
    for result in engine.results("云川 寒假班 招生", 0):
        reply = ask(engine, result.link.removeprefix(engine.base))
        assert (reply.status, dict(reply.headers)["Location"]) == (302, result.url)


def test_a_reply_in_a_clean_thread_carries_the_breach(truths: list[Truth]) -> None:
    thread = next(truth for truth in truths if truth.platform == "discuz" and truth.title.startswith("期末考完了"))
    assert (thread.violation, thread.where) == (True, ("floor:5",))


def test_a_thread_is_charged_on_the_page_of_its_floor(truths: list[Truth]) -> None:
    pages = [truth for truth in truths if truth.platform == "discuz" and truth.title.startswith("长帖")]
    assert [(truth.path[-8:-5], truth.violation) for truth in pages] == [("1-1", False), ("2-1", True)]


def test_extra_pages_are_walled_one_in_twenty_by_seven_kinds() -> None:
    big = City(BASES, extra_pages=2_000)
    site = big.sites["wuba58"]
    further = list(site.truths())[-2_000:]
    walls = Counter(truth.trouble for truth in further if truth.trouble)
    assert set(walls) == set(WALLS)
    assert 0.035 < sum(walls.values()) / 2_000 < 0.065
    assert Counter((truth.platform, truth.path) for truth in big.truths()).most_common(1)[0][1] == 1


def test_extra_pages_answer_and_are_listed() -> None:
    big = City(BASES, extra_pages=120)
    for name, site in big.sites.items():
        listed = "".join(text_of(site, ask(site, truth.path)) for truth in site.truths() if truth.kind == "list")
        if name == "xiaoe":
            listed = "".join(text_of(site, ask(site, f"/xe.shop.resource.list.get/1.0.0?page={n}")) for n in range(1, 9))
        for truth in list(site.truths())[-120:]:
            assert ask(site, truth.path).status == 200, truth.url
            assert truth.path.removeprefix("/") in listed, truth.url
        assert ask(site, site.detail_path(compose(name, 121, key="x121"))).status == 404


def test_more_extra_pages_do_not_change_the_first_ones() -> None:
    few, many = City(BASES, extra_pages=10), City(BASES, extra_pages=30)
    path = list(few.sites["discuz"].truths())[-1].path
    assert ask(few.sites["discuz"], path) == ask(many.sites["discuz"], path)


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def test_served_pages_are_the_pages_built() -> None:
    opener = build_opener(_Stay)
    with fixtures.city.running() as served:
        for truth in served.truths():
            if truth.trouble in {"truncated", "rate_once"} or truth.kind == "list":
                continue
            status, body = _fetch(opener, truth.url)
            reply = ask(served.sites[truth.platform], truth.path)
            assert (status, body) == (reply.status, reply.body), truth.url
        assert served.hits["douyin"]


def _fetch(opener: object, url: str) -> tuple[int, bytes]:
    try:
        with opener.open(url, timeout=20) as answer:  # type: ignore[attr-defined]
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
