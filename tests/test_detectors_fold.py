"""Folding undoes disguises and maps every position back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fold import fold


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("數學補習", "数学补习"),
        ("１Ｖ１", "1v1"),
        ("补\u200b课", "补课"),
        ("讠吾文", "语文"),
        ("娄攵学", "数学"),
        ("9️⃣年级", "9年级"),
        ("数·学/英～语", "数学英语"),
        ("❄️假", "寒假"),
        ("敉孛", "数学"),
        ("礻刀 中", "初中"),
        ("𝐦𝐚𝐭𝐡", "math"),
    ],
)
def test_disguise_is_undone(written: str, plain: str) -> None:
    assert fold(written).tight.text == plain


@pytest.mark.parametrize(
    ("written", "word", "trick"),
    [
        ("讠吾文", "语文", "split_char"),
        ("补\u200b课", "补课", "zero_width"),
        ("數學", "数学", "traditional"),
        ("数·学", "数学", "inserted_symbols"),
        ("ＳＸ", "sx", "fullwidth"),
        ("语文", "语文", ""),
    ],
)
def test_trick_is_named(written: str, word: str, trick: str) -> None:
    assert fold(written).trick(0, len(written), word) == trick


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=120))
def test_any_text_maps_back_in_order(text: str) -> None:
    folded = fold(text)
    for view in (folded.plain, folded.tight):
        assert len(view.starts) == len(view.ends) == len(view.text)
        assert all(0 <= start < end <= len(text) for start, end in zip(view.starts, view.ends, strict=True))
        assert list(view.starts) == sorted(view.starts)
