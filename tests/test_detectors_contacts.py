"""Contacts, prices and numbers read from disguised text."""

import pytest

from detectors.contacts import find_contacts, uscc_valid
from detectors.fold import fold
from detectors.prices import find_prices, read_number


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("电话19900001234", "phone", "19900001234"),
        ("幺九九零零零零五六七八", "phone", "19900005678"),
        ("电话1990OOO·12·34", "phone", "19900001234"),
        ("①⑨⑨００００1234", "phone", "19900001234"),
        ("加微信：tutor_yy01", "wechat", "tutor_yy01"),
        ("vx号 abc_12345", "wechat", "abc_12345"),
        ("扣扣 19900 0066", "qq", "199000066"),
        ("400-000-1122", "phone", "4000001122"),
        ("www.shuxue-ban.example", "url", "www.shuxue-ban.example"),
        ("京ICP备15002899号-4", "icp", "京ICP备15002899号-4"),
        ("教民144000070000012号", "permit", "教民144000070000012号"),
        ("写信到 a@school.example", "email", "a@school.example"),
    ],
)
def test_contact_is_normalised(text: str, kind: str, value: str) -> None:
    found = find_contacts(fold(text).plain, text)
    assert (kind, value) in [(contact.kind, contact.value) for contact in found]


def test_uscc_checksum_only_warns() -> None:
    assert uscc_valid("91512081MA62K0260E")
    assert not uscc_valid("91350100M000100Y4Z")
    text = "统一社会信用代码91350100M000100Y4Z"
    (contact,) = find_contacts(fold(text).plain, text)
    assert contact.kind == "uscc"
    assert contact.warning


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("一百五", 150),
        ("两千", 2000),
        ("三百八", 380),
        ("1.2万", 12000),
        ("8k", 8000),
        ("1k8", 1800),
        ("二十", 20),
        ("一百零五", 105),
        ("", 0),
    ],
)
def test_number_is_read(written: str, number: float) -> None:
    assert read_number(written) == number


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("一次一百五", 150),
        ("￥1280/期", 1280),
        ("学费3680元", 3680),
        ("每小时80", 80),
        ("两百一次", 200),
        ("10次/2888", 2888),
        ("9O一节", 90),
    ],
)
def test_price_is_read(text: str, amount: float) -> None:
    assert amount in [price.amount for price in find_prices(fold(text).plain).amounts]


def test_one_to_one_is_no_price() -> None:
    assert not find_prices(fold("数学一对一，1月18日开始").plain).amounts
