"""Names in parts, places, codes, folding, sounds and looks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.licences import Context, Entry, Index
from patrol.licences.codes import ICP, check_digit, permit_digits, read_codes, read_context_code, valid_uscc
from patrol.licences.divisions import Agreement, agree, city_of, gazetteer, parse_phone, parse_place, title
from patrol.licences.folding import compact, dissect
from patrol.licences.lexicon import lexicon
from patrol.licences.looks import ALIKE, DIFFERENT, looks_alike
from patrol.licences.names import parse_name
from patrol.licences.sounds import sounds_alike, spellings

SUBJECT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(
    ("name", "home", "region", "brand", "line", "legal"),
    [
        ("杭州市西湖区青柠檬艺术培训有限公司", ("330106",), "杭州市西湖区", "青柠檬", "艺术培训", "有限公司"),
        ("青柠檬（曲靖）培训学校", ("530302",), "曲靖", "青柠檬", "培训学校", ""),
        (
            "海西蒙古族藏族自治州德令哈市青柠檬舞蹈培训中心",
            ("632802",),
            "海西蒙古族藏族自治州德令哈市",
            "青柠檬",
            "舞蹈培训中心",
            "",
        ),
        ("青岛市南青柠檬英语培训学校", ("370202",), "青岛市南", "青柠檬", "英语培训学校", ""),
        ("北京龙山温泉体育发展有限公司", ("110102",), "北京", "龙山温泉", "体育发展", "有限公司"),
        ("杭州东方舞蹈培训有限公司", ("330106",), "杭州", "东方", "舞蹈培训", "有限公司"),
        ("内蒙古青柠檬培训学校有限公司", ("150102",), "内蒙古", "青柠檬", "培训学校", "有限公司"),
        ("江蘇省蘇州市青檸檬培訓學校有限責任公司", ("320508",), "江苏省苏州市", "青柠檬", "培训学校", "有限责任公司"),
    ],
)
def test_name_is_taken_apart(name: str, home: tuple[str, ...], region: str, brand: str, line: str, legal: str) -> None:
    """Finds region, brand, trade and legal form; brand words that look like regions stay whole."""
    parts = parse_name(name, home)
    assert (parts.region, parts.brand, parts.line, parts.legal) == (region, brand, line, legal)


def test_generic_only_name_never_lends_its_words_as_a_brand() -> None:
    """A name of generic words alone matches only as a whole."""
    index = Index([Entry(row=1, name="杭州市西湖区艺术培训学校", uscc="", address="浙江省杭州市西湖区")])
    assert index.match("艺术培训", Context(region="杭州")).row is None
    assert index.match("杭州市西湖区艺术培训学校").row == 1


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("浙江省杭州市", ("3301",)),
        ("杭州·西湖区", ("330106",)),
        ("IP属地：浙江", ("33",)),
        ("湖南省长沙", ("4301",)),
        ("吉林省吉林", ("2202",)),
        ("普洱思茅", ("530802",)),
        ("通州", ("110112", "320612")),
        ("南通通州区", ("320612",)),
        ("恩施州", ("4228",)),
        ("杭州市江干区", ("330102", "330105", "330114")),
        ("襄樊", ("4206",)),
        ("哪里都不是", ()),
    ],
)
def test_place_is_read(text: str, codes: tuple[str, ...]) -> None:
    """Reads a place as people write it, old names too; an ambiguous name gives every place it may mean."""
    assert parse_place(text) == codes


def test_all_prefectures_and_counties_are_known() -> None:
    """Holds every province, the prefectures and the counties, each code with a name of its own."""
    titles = gazetteer().titles
    assert sum(len(code) == 2 for code in titles) == 34
    assert sum(len(code) == 4 and code[2:] != "90" for code in titles) > 330
    assert sum(len(code) == 6 for code in titles) > 2800
    assert title("330106") == "杭州市西湖区"


@pytest.mark.parametrize(
    ("seen", "row", "level"),
    [
        (("3301",), ("330106",), Agreement.SAME),
        (("330110",), ("330106",), Agreement.OTHER_DISTRICT),
        (("110105",), ("110112",), Agreement.OTHER_DISTRICT),
        (("3302",), ("330106",), Agreement.OTHER_CITY),
        (("33",), ("330106",), Agreement.SAME),
        (("500229",), ("5001",), Agreement.SAME),
        ((), ("330106",), Agreement.UNKNOWN),
        (("110112", "320612"), ("3206",), Agreement.SAME),
    ],
)
def test_places_are_compared(seen: tuple[str, ...], row: tuple[str, ...], level: Agreement) -> None:
    """Compares two places by city and district; a municipality is one city."""
    assert agree(seen, row) is level


@pytest.mark.parametrize(
    ("phone", "city"), [("0571-86****12", "3301"), ("010-5****1", "11"), ("024-62****1", "2101"), ("199****0001", "")]
)
def test_area_code_tells_the_city(phone: str, city: str) -> None:
    """Reads the city of a landline; a mobile tells none."""
    codes = parse_phone(phone)
    assert (city in codes) if city else codes == ()


def test_direct_counties_are_cities_of_their_own() -> None:
    """仙桃 and 济源 lie in no prefecture."""
    assert city_of("429004") == "429004"
    assert city_of("330106") == "3301"
    assert city_of("33") == ""


@given(st.text(alphabet=SUBJECT, min_size=17, max_size=17))
def test_check_digit_catches_any_single_change(stem: str) -> None:
    """A code is valid with its digit and invalid with any one character changed (GB 32100)."""
    code = stem + check_digit(stem)
    assert valid_uscc(code)
    other = next(char for char in SUBJECT if char != code[8])
    assert not valid_uscc(code[:8] + other + code[9:])


def test_standard_examples_of_codes() -> None:
    """Agrees with the published examples, and with the real code that fails its check."""
    assert valid_uscc("91512081MA62K0260E")
    assert valid_uscc("9131000063159284XQ")
    assert not valid_uscc("91350100M000100Y4Z")


def test_misread_letters_are_undone() -> None:
    """Letters that no code has are read as the digits they resemble."""
    assert read_context_code("9151 2O81 MA62KO26OE").uscc == ("91512081MA62K0260E",)


def test_codes_are_found_in_a_text() -> None:
    """Finds code and permit in running text and cuts them out with their labels."""
    seen = read_codes("青柠檬艺术（信用代码 91 512081 MA62K0260 E）办学许可证：教民133010670000011号")
    assert (seen.uscc, seen.permits) == (("91512081MA62K0260E",), ("133010670000011",))
    assert compact(seen.text).startswith("青柠檬艺术")


def test_permit_is_compared_by_digits() -> None:
    """Prefix and suffix of a permit do not matter."""
    assert permit_digits("文教民133010670000011号") == "133010670000011"


def test_icp_pattern() -> None:
    """Recognises filing numbers with and without a site suffix."""
    assert ICP.search("备案：浙ICP备2021000001号-3X") is not None


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("《北京-青柠檬》", "北京青柠檬"),
        ("青·柠·檬·艺·术", "青柠檬艺术"),
        ("青柠\u200b檬", "青柠檬"),
        ("ＡＢＣ青檸檬", "abc青柠檬"),
        ("🎉青柠檬👈", "青柠檬"),
    ],
)
def test_text_is_folded(text: str, joined: str) -> None:
    """Undoes width, script, punctuation and pictures."""
    assert dissect(text).text == joined


def test_characters_alike() -> None:
    """Tells sound-alikes and look-alikes from mere others."""
    assert sounds_alike("锦", "紧")
    assert not sounds_alike("王", "语")
    assert looks_alike("未", "末") is ALIKE
    assert looks_alike("晴", "睛") is ALIKE
    assert looks_alike("王", "嘉") is DIFFERENT
    assert spellings("长乐")[0] in {"zhangle", "changle"}
    assert "changle" in spellings("长乐")


def test_every_word_is_folded_and_classed() -> None:
    """words.yml loads, and no word is empty."""
    words = lexicon().words
    assert words
    assert all(word and flags for word, flags in words.items())


LIST = [Entry(row=1, name="杭州市西湖区青柠檬艺术培训有限公司", address="浙江省杭州市西湖区")]
INDEX = Index(LIST)


@settings(max_examples=300, deadline=None)
@given(
    query=st.text(max_size=60)
    | st.lists(
        st.sampled_from(["青柠檬", "杭州", "艺术", "（", "）", "不去", "楼上", "班", "1", "a", " ", "·", "，", "区", "有限公司"]),
        max_size=14,
    ).map("".join),
    region=st.text(max_size=12),
    code=st.text(max_size=22),
    phone=st.text(max_size=14),
)
def test_any_text_is_answered(query: str, region: str, code: str, phone: str) -> None:
    """Never raises, whatever crawled text says; a cleared name names a row."""
    found = INDEX.match(query, Context(region=region, uscc=code, phone=phone))
    assert found.why
    assert (found.row is not None) or found.verdict.value != "licensed"
