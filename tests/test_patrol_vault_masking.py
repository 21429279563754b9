"""Masked copies: what is personal is hidden in texts and on pictures, what is public or needed stays readable."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from detectors.image_text import CAN_READ_TEXT
from patrol.vault.masking import Box, find_secrets, mask_contact, mask_text, secret_areas
from patrol.vault.picture_masks import cover, find_hidden
from tests.patrol_vault_cases import png

FONTS = sorted(Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话19900001234报名", "电话199****1234报名"),
        ("199 0000 1234", "199****1234"),
        ("1-9-9-0-0-0-0-1-2-3-4", "199****1234"),
        ("１９９００００１２３４", "１９９****１２３４"),
        ("身份证11010519491231002X", "身份证110********2X"),
        ("加微信：abc_12345咨询", "加微信：ab*****45咨询"),
        ("VX xiaoshu2027", "VX xi*******27"),
        ("➕V shuxue888", "➕V sh*****88"),
        ("QQ群 123456789", "QQ群 12*****89"),
        ("邮箱 wanglaoshi@mail.example", "邮箱 w********@mail.example"),
        ("王小明老师亲授", "王某老师亲授"),
        ("联系李女士", "联系李某女士"),
        ("联系人：王老师", "联系人：王某老师"),
        ("主讲：王小明，名校毕业", "主讲：王某，名校毕业"),
        ("王小明 19900001234", "王某 199****1234"),
        ("欧阳晓老师", "欧阳某老师"),
        ("本人王小明，在职", "本人王某，在职"),
        ("报名请找李芳。", "报名请找李某。"),
        ("幺九九零零零零一二三四", "199****1234"),
        ("固话0571-88001234", "固话0571****1234"),
        ("找陈晓老师、周明校长", "找陈某老师、周某校长"),
        ("数学王小明老师", "数学王某老师"),
    ],
)
def test_personal_data_is_hidden(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "高中老师、高三同学、任课教师、金牌教练",
        "统一社会信用代码 91512081MA62K0260E",
        "教民150020370000001号 粤ICP备15002899号-4",
        "时间 2027-01-15 18:30-20:00，12000元/60课时",
        "https://ershou.example/jiajiao/51376536783109x.shtml",
        "热线 400-800-1234",
        "小树家教培训有限公司",
        "数学老师一对一，方法老师都懂",
        "对于各位家长、语文在职老师、每周六老师答疑、历史老师",
        "编程老师、健康老师、班主任老师、感谢老师，提高老师水平",
        "王某老师",
        "联系方式，找高中，我是高三，咨询方法",
        "website window wechat_miniprogram vue3-app",
    ],
)
def test_public_facts_and_plain_words_stay(text: str) -> None:
    assert mask_text(text) == text


def test_names_given_by_officers_are_hidden_everywhere() -> None:
    assert mask_text("欧阳晓课堂，报名找欧阳晓", ["欧阳晓"]) == "欧阳某课堂，报名找欧阳某"


@pytest.mark.parametrize(
    ("contact", "shown"),
    [("phone:19900001234", "phone:199****1234"), ("wechat:abc_12345", "wechat:ab*****45"), ("icp:粤ICP备1号", "icp:粤ICP备1号")],
)
def test_contacts_are_hidden_by_kind(contact: str, shown: str) -> None:
    assert mask_contact(contact) == shown


@given(st.text(max_size=200))
def test_masking_never_fails_and_masked_text_has_no_phone(text: str) -> None:
    masked = mask_text(f"{text} 19900001234 {text}")
    assert "19900001234" not in masked
    assert mask_text(masked).count("*") >= 4


@given(st.text(alphabet="1 9-0a微信:王老师x", max_size=60))
def test_secrets_are_in_order_and_do_not_overlap(text: str) -> None:
    found = find_secrets(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(0 <= one.start < one.end <= len(text) for one in found)


def test_number_split_over_lines_is_covered_on_both() -> None:
    boxes = [Box("t", 0, 0, 60, 20, "电话 1990"), Box("t", 60, 0, 80, 20, "0001234 报名")]
    areas = secret_areas(boxes)
    assert any(area[0] < 60 for area in areas)
    assert any(area[0] >= 58 for area in areas)


def poster(text: str, code: str) -> Image.Image:
    """Return a poster: a line of large text and a QR code below it."""
    image = Image.new("RGB", (600, 460), "white")
    pen = ImageDraw.Draw(image)
    pen.text((20, 20), text, fill="black", font=ImageFont.truetype(str(FONTS[0]), 44))
    image.paste(qrcode.make(code).convert("RGB").resize((260, 260)), (20, 140))
    return image


@pytest.mark.skipif(not CAN_READ_TEXT or not FONTS, reason="the OCR extra or a Chinese font is not installed")
def test_words_and_codes_inside_pictures_are_covered() -> None:
    page = Image.new("RGB", (800, 900), "white")
    page.paste(poster("电话 19900001234", "https://u.wechat.example/abc"), (50, 200))
    boxes = [Box("i", 50, 200, 600, 460, "https://ershou.example/poster.png")]
    hidden = find_hidden(png(page), boxes)
    masked = Image.open(io.BytesIO(cover(png(page), hidden)))
    assert masked.getpixel((50 + 260, 200 + 48)) == (0, 0, 0)
    assert masked.getpixel((50 + 150, 200 + 270)) == (0, 0, 0)
    assert len({masked.getpixel((x, 470)) for x in range(110, 300, 7)}) == 1
    assert any("人像" in note for note in hidden.notes)


def test_page_without_pictures_needs_no_reading() -> None:
    hidden = find_hidden(png(Image.new("RGB", (400, 300), "white")), [Box("t", 10, 10, 200, 20, "电话 19900001234")])
    assert hidden.notes == ()
    assert len(hidden.areas) == 2
    masked = Image.open(io.BytesIO(cover(png(Image.new("RGB", (400, 300), "white")), hidden)))
    assert masked.getpixel((150, 20)) == (0, 0, 0)
    assert masked.getpixel((15, 20)) == (255, 255, 255)
