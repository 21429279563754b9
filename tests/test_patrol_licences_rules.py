"""The nine rules of matching, each on a small made-up list."""

from datetime import date

import pytest

from patrol.licences import Context, Entry, Index, ListKind
from patrol.licences.codes import check_digit
from patrol.model import Verdict

LICENSED, REVIEW, UNLISTED = Verdict.LICENSED, Verdict.REVIEW, Verdict.UNLISTED


def code(stem: str) -> str:
    """Return a made-up code with its right check digit."""
    return stem + check_digit(stem)


HANGZHOU = code("91330106MA2TEXT01")
SUZHOU = code("52320508MJTEXT002")
FOREIGN = code("91330106MA2TEXT99")
ROWS = (
    Entry(
        row=1,
        name="杭州市西湖区青柠檬艺术培训有限公司",
        uscc=HANGZHOU,
        permit="文教民133010670000011号",
        address="浙江省杭州市西湖区文三路1号",
    ),
    Entry(
        row=2,
        name="苏州市姑苏区青柠檬培训学校",
        uscc=SUZHOU,
        permit="教民132050870000022号",
        address="江苏省苏州市姑苏区干将路2号",
    ),
    Entry(
        row=3, name="星河湾（成都）教育培训学校有限公司", uscc=code("91510107MATEXT003"), address="四川省成都市武侯区人民南路3号"
    ),
    Entry(row=4, name="成都市锦江区博弈通围棋培训中心", uscc=code("52510104MJTEXT004"), address="四川省成都市锦江区春熙路4号"),
    Entry(
        row=5,
        name="武汉市江岸区锦帆教育培训中心有限公司",
        uscc=code("91420102MATEXT005"),
        address="湖北省武汉市江岸区中山大道5号",
    ),
    Entry(
        row=6, name="武汉市江岸区锦帆美术培训有限公司", uscc=code("91420102MATEXT006"), address="湖北省武汉市江岸区中山大道6号"
    ),
    Entry(
        row=7,
        name="南京市鼓楼区长桥路体育文化传播有限公司",
        uscc=code("91320106MATEXT007"),
        address="江苏省南京市鼓楼区汉口路7号",
    ),
)


@pytest.fixture(scope="module")
def index() -> Index:
    """Return the small list, ready."""
    return Index(ROWS)


@pytest.mark.parametrize(
    ("query", "context", "verdict", "row"),
    [
        # 1 codes first
        ("换了招牌的云朵教育", {"uscc": HANGZHOU}, LICENSED, 1),
        ("云朵教育（信用代码 " + HANGZHOU[:2] + " " + HANGZHOU[2:8] + " " + HANGZHOU[8:] + "）", {}, LICENSED, 1),
        ("云朵教育", {"uscc": HANGZHOU.replace("0", "O").replace("1", "I")}, LICENSED, 1),
        ("青柠檬艺术", {"uscc": HANGZHOU, "region": "江苏苏州"}, REVIEW, 1),
        ("苏州市姑苏区青柠檬培训学校", {"uscc": HANGZHOU}, REVIEW, 1),
        ("杭州青柠檬艺术", {"uscc": FOREIGN}, UNLISTED, None),
        ("杭州市西湖区青柠檬艺术培训有限公司", {"uscc": FOREIGN}, REVIEW, 1),
        ("杭州青柠檬艺术", {"uscc": HANGZHOU[:-1] + ("0" if HANGZHOU[-1] != "0" else "1")}, LICENSED, 1),
        ("毫不相干教育", {"uscc": HANGZHOU[:-1] + ("0" if HANGZHOU[-1] != "0" else "1"), "region": "杭州"}, UNLISTED, None),
        # 2 permits
        ("云朵教育", {"permit": "133010670000011"}, LICENSED, 1),
        ("云朵教育 办学许可证：教民132050870000022号", {}, LICENSED, 2),
        # 3 the name: script, width, decoration, trade words, branches
        ("青檸檬藝術", {"region": "杭州"}, LICENSED, 1),
        ("qing ning meng Art School", {"region": "杭州市"}, LICENSED, 1),
        ("青 柠 檬 艺 术", {"region": "杭州"}, LICENSED, 1),
        ("青柠檬（Lemon）美术🎨", {"region": "浙江杭州"}, LICENSED, 1),
        ("青柠檬艺术官方旗舰店", {"region": "杭州"}, LICENSED, 1),
        ("青柠檬艺术（武汉路店）", {"region": "杭州"}, LICENSED, 1),
        ("星河湾培训成都", {}, LICENSED, 3),
        ("[青柠檬艺术]", {"region": "杭州"}, LICENSED, 1),
        # 4 the region must not contradict
        ("青柠檬艺术", {"region": "南京"}, UNLISTED, None),
        ("宁波青柠檬艺术", {}, UNLISTED, None),
        ("青柠檬艺术", {"phone": "0574-86****12"}, UNLISTED, None),
        ("青柠檬艺术", {"region": "杭州市余杭区"}, REVIEW, 1),
        ("北京名师坐镇青柠檬艺术", {"region": "杭州"}, LICENSED, 1),
        # 5 exactly one row must fit
        ("青柠檬艺术", {}, REVIEW, None),
        ("锦帆教育", {"region": "武汉"}, REVIEW, None),
        ("武汉市江岸区锦帆美术培训有限公司", {}, LICENSED, 6),
        ("博弈通围棋", {}, LICENSED, 4),
        # 6 one wrong character
        ("杭州市西湖区青拧檬艺术培训有限公司", {}, LICENSED, 1),
        ("成都市锦江区搏弈通围棋培训中心", {}, LICENSED, 4),
        ("成都市锦江区红弈通围棋培训中心", {}, UNLISTED, None),
        ("成都市锦江区博弈通围棋培圳中心", {}, LICENSED, 4),
        ("搏弈通围棋", {"region": "成都"}, UNLISTED, None),
        ("新博弈通围棋", {"region": "成都"}, UNLISTED, None),
        ("弈博通围棋", {"region": "成都"}, UNLISTED, None),
        ("博弈围棋", {"region": "成都"}, UNLISTED, None),
        # 7 another legal person
        ("成都市武侯区星河湾文化传播有限公司", {}, UNLISTED, None),
        ("成都星河湾旅游开发有限公司", {}, UNLISTED, None),
        ("南京市鼓楼区长桥路体育文化传播有限公司", {}, LICENSED, 7),
        # 8 who is meant
        ("告别博弈通围棋，一子棋院给你不一样的课堂", {"region": "成都"}, UNLISTED, None),
        ("原博弈通围棋老师创业：黑白世界棋院", {"region": "成都"}, UNLISTED, None),
        ("黑白棋院就在博弈通围棋楼上", {"region": "成都"}, UNLISTED, None),
        ("不去博弈通围棋了，在家自学", {"region": "成都"}, UNLISTED, None),
        ("黑白世界棋院：收费只有博弈通围棋的一半", {"region": "成都"}, UNLISTED, None),
        ("博弈通围棋旁边新开了黑白世界棋院", {"region": "成都"}, UNLISTED, None),
        ("住在博弈通围棋附近的家长可以找我", {"region": "成都"}, UNLISTED, None),
        ("博弈通围棋：比黑白世界棋院便宜一半", {"region": "成都"}, LICENSED, 4),
        ("孩子放学后去博弈通围棋，省心", {"region": "成都"}, LICENSED, 4),
        # 9 nothing but generic words
        ("成都围棋培训中心", {}, UNLISTED, None),
        ("围棋入门第三讲", {"region": "成都"}, UNLISTED, None),
        ("", {}, UNLISTED, None),
    ],
)
def test_rule(index: Index, query: str, context: dict[str, str], verdict: Verdict, row: int | None) -> None:
    """Decides as the rule says."""
    found = index.match(query, Context(**context))
    assert (found.verdict, found.why) == (verdict, found.why)
    if row is not None:
        assert found.row == row


@pytest.mark.parametrize("query", ["昆明师范大学", "孩子不爱学习怎么办", "昆明云朵培训有限公司", "昆明云朵外国语培训学校"])
def test_brand_of_an_everyday_word_is_not_found_in_every_text(query: str) -> None:
    """Brands like 大学, 孩子, 有限 and 国语 are not read out of words that merely contain them."""
    names = ("雅安市大学舞蹈艺术中心", "重庆孩子科技培训学校", "蚌埠有限教育培训中心", "佳木斯市国语外语培训中心")
    rows = Index(Entry(row=at, name=name) for at, name in enumerate(names, start=1))
    assert rows.match(query).verdict is UNLISTED
    assert rows.match("孩子科技").verdict is LICENSED
    assert rows.match("周末去孩子科技上课").verdict is LICENSED


def test_code_with_a_wrong_check_digit_gives_a_row_no_place() -> None:
    """A code that proves nothing does not say where a row is either."""
    wrong = HANGZHOU[:-1] + ("0" if HANGZHOU[-1] != "0" else "1")
    index = Index([Entry(row=1, name="云朵艺术培训有限公司", uscc=wrong)])
    assert index.table.homes == [()]
    assert index.match("云朵艺术", Context(region="成都市")).verdict is LICENSED


@pytest.fixture(scope="module")
def places_of_its_own() -> Index:
    """Return a list of a city, districts and a zone that no table of divisions has."""
    rows = (
        ("云川市临江区小画家美术培训中心", "云川市临江区书院路6号"),
        ("云川市江北区小画家艺术培训有限公司", "云川市江北区桥头街1号"),
        ("云川晴川文化艺术培训有限公司", "云川市临江区临江广场三楼"),
        ("成都高新区大语文家培训学校", "四川省成都市高新区天府大道1号"),
    )
    return Index(Entry(row=at, name=name, address=address) for at, (name, address) in enumerate(rows, start=1))


@pytest.mark.parametrize(
    ("query", "region", "verdict", "row"),
    [
        ("小画家美术", "云川市临江区", LICENSED, 1),
        ("江北区小画家艺术", "云川市", LICENSED, 2),
        ("云川小画家美术", "", REVIEW, 1),
        ("云川市江北区晴川艺术", "", REVIEW, 3),
        ("晴川艺术", "云川", LICENSED, 3),
        ("晴川艺术", "杭州市", UNLISTED, None),
        ("晴川艺术", "浙江省", LICENSED, 3),
        ("大语文家培训", "成都高新区", LICENSED, 4),
        ("大语文家培训", "重庆市", UNLISTED, None),
    ],
)
def test_place_that_only_the_list_knows(
    places_of_its_own: Index, query: str, region: str, verdict: Verdict, row: int | None
) -> None:
    """Takes what heads both address and name for a place, not for part of the 字号."""
    found = places_of_its_own.match(query, Context(region=region))
    assert (found.verdict, found.row) == (verdict, row), found.why


def test_unlisted_is_worded_as_not_matched(index: Index) -> None:
    """Never says 无证 of a name that is not on the list."""
    found = index.match("云朵教育", Context(region="杭州"))
    assert "名单未匹配，待核" in found.why
    assert "无证" not in found.why


def test_candidates_say_which_part_agreed(index: Index) -> None:
    """Names brand, place, trade and code of each candidate with how it stands."""
    first = index.match("青柠檬艺术", Context(region="杭州")).candidates[0]
    assert first.row == 1
    assert "字号“青柠檬”一致" in first.detail
    assert "地区“杭州市西湖区”一致" in first.detail


def test_look_alike_in_the_same_city_is_named(index: Index) -> None:
    """Warns of a name that resembles a listed one of the same city."""
    found = index.match("搏弈通围棋", Context(region="成都"))
    assert any("疑似仿冒近似名称" in warning for warning in found.warnings)
    assert found.candidates[0].row == 4


def test_lapsed_licence_goes_to_a_person() -> None:
    """Does not clear a row whose licence has run out by the day asked."""
    rows = [Entry(row=1, name="杭州市西湖区青柠檬艺术培训有限公司", uscc=HANGZHOU, valid_to=date(2026, 12, 31))]
    assert Index(rows, on=date(2026, 6, 1)).match("杭州青柠檬艺术").verdict is LICENSED
    assert Index(rows, on=date(2027, 6, 1)).match("杭州青柠檬艺术").verdict is REVIEW


def test_foreign_phone_is_suspected_impersonation() -> None:
    """Keeps the match but warns when the contact is not the listed one; a masked number that fits is no warning."""
    rows = [Entry(row=1, name="杭州市西湖区青柠檬艺术培训有限公司", uscc=HANGZHOU, phones=("0571-85000011",))]
    index = Index(rows)
    assert "疑似冒用" in index.match("杭州青柠檬艺术", Context(phone="0571-86123456")).warnings[0]
    assert index.match("杭州青柠檬艺术", Context(phone="0571-85****11")).warnings == ()


def test_name_with_foreign_permit_goes_to_a_person(index: Index) -> None:
    """A right name with a permit number that is not the listed one is not cleared."""
    assert index.match("杭州青柠檬艺术", Context(permit="133010679999999")).verdict is REVIEW


@pytest.mark.parametrize("kind", [ListKind.BLACK, ListKind.AFTER_SCHOOL, ListKind.CANCELLED])
def test_other_lists_license_nobody(kind: ListKind) -> None:
    """A name on the black, 课后服务 or cancelled list alone is unlisted, with a warning that says which list."""
    rows = [*ROWS, Entry(row=8, name="合肥市蜀山区云朵朵教育培训有限公司", uscc=code("91340104MATEXT008"), list_kind=kind)]
    found = Index(rows).match("合肥云朵朵教育")
    assert found.verdict is UNLISTED
    assert kind.chinese in found.warnings[0]


def test_licensed_and_cancelled_goes_to_a_person() -> None:
    """A name that stands on the white list and on the cancelled one is not cleared."""
    gone = Entry(row=1, name=ROWS[3].name, uscc=ROWS[3].uscc, list_kind=ListKind.CANCELLED)
    assert Index([*ROWS, gone]).match("博弈通围棋", Context(region="成都")).verdict is REVIEW


def test_former_name_and_alias_match() -> None:
    """A former name and a short name on the list lead to the row."""
    rows = [
        Entry(
            row=1,
            name="杭州市西湖区青柠檬艺术培训有限公司",
            uscc=HANGZHOU,
            former_names=("杭州大风筝培训学校",),
            aliases=("小柠",),
        )
    ]
    index = Index(rows)
    assert index.match("大风筝培训", Context(region="杭州")).row == 1
    assert index.match("小柠美术", Context(region="杭州")).row == 1
