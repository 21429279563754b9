"""Pictures are read with places; whatever the bytes are, reading ends with a reading."""

import io
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from detectors.image_codes import CodeRead, read_codes
from detectors.image_confusions import undo_confusions
from detectors.image_hashes import fingerprint
from detectors.image_round_codes import has_round_code
from detectors.images import SAME_PICTURE, ImageReading, TextLine, boxes_of, read_image, similar
from patrol.bench.images import as_bytes, chinese_font, cut_and_frame, degrade, draw_poster, draw_round_code, sample_lines
from patrol.errors import NotAvailable

ROOT = Path(__file__).parent.parent


def has_font() -> bool:
    try:
        return chinese_font(20) is not None
    except NotAvailable:
        return False


needs_font = pytest.mark.skipif(not has_font(), reason="no CJK font on this machine")


def qr_code(payload: str, side: int) -> Image.Image:
    code = qrcode.QRCode(border=3, box_size=8, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(payload)
    code.make(fit=True)
    drawn: Image.Image = code.make_image().get_image()
    return drawn.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)


def pasted(
    code: Image.Image, angle: float = 0, *, size: tuple[int, int] = (500, 420), at: tuple[int, int] | None = None
) -> Image.Image:
    """Return a grey page with the code on it, turned."""
    page = Image.new("RGB", size, "#dcd6c8")
    mask = Image.new("L", code.size, 255).rotate(angle, expand=True)
    turned = code.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
    page.paste(turned, at or ((size[0] - turned.width) // 2, (size[1] - turned.height) // 2), mask)
    return page


def columns(texts: list[str]) -> Image.Image:
    image = Image.new("RGB", (520, 560), "white")
    draw = ImageDraw.Draw(image)
    for place, text in enumerate(texts):
        for row, one in enumerate(text):
            draw.text((400 - place * 110, 40 + row * 62), one, font=chinese_font(44), fill="black")
    return image


@needs_font
def test_a_poster_is_read_line_by_line() -> None:
    lines = ["寒假数学小班", "三年级至九年级", "每次80元，十次750元", "电话：19900003412"]
    reading = read_image(as_bytes(draw_poster(lines, seed=3)))
    assert [line.text.replace(" ", "") for line in reading.lines if len(line.text) > 3] == lines


@needs_font
def test_a_finding_is_found_again_in_the_picture() -> None:
    image = Image.new("RGB", (700, 120), "white")
    ImageDraw.Draw(image).text((40, 30), "初二物理周末小班报名", font=chinese_font(48), fill="black")
    reading = read_image(as_bytes(image))
    start = reading.text.index("周末")
    ((left, top), _, (right, bottom), _) = boxes_of(reading, start, start + 2)[0]
    assert abs(left - (40 + 4 * 48)) < 16
    assert abs(right - (40 + 6 * 48)) < 16
    assert 10 < top < bottom < 116


@needs_font
def test_columns_are_read_from_right_to_left() -> None:
    reading = read_image(as_bytes(columns(["寒假数学培优", "初二物理小班", "名额有限从速"])))
    assert reading.text == "寒假数学培优\n初二物理小班\n名额有限从速"
    assert all(line.is_column for line in reading.lines)


@needs_font
def test_a_tall_screenshot_is_read_in_strips_and_each_line_once() -> None:
    wanted = [f"第{number}条 周二晚上七点开始" for number in range(1, 37)]
    image = Image.new("RGB", (620, 2700), "white")
    draw = ImageDraw.Draw(image)
    for place, line in enumerate(wanted):
        draw.text((30, 30 + place * 74), line, font=chinese_font(34), fill="black")
    read = [line.text.replace(" ", "") for line in read_image(as_bytes(image)).lines]
    assert read == [line.replace(" ", "") for line in wanted]


@needs_font
def test_a_picture_from_a_chat_group_is_still_read() -> None:
    lines = sample_lines(5)
    reading = read_image(as_bytes(degrade(draw_poster(lines, seed=5), 5), "JPEG"))
    assert sum(line in reading.text.replace(" ", "") for line in lines) >= len(lines) - 1


@needs_font
def test_without_repair_lines_stay_as_read() -> None:
    image = Image.new("RGB", (520, 110), "white")
    ImageDraw.Draw(image).text((30, 25), "周二周四晚上", font=chinese_font(48), fill="black")
    reading = read_image(as_bytes(image), repair=lambda text: text.replace("周", "週"))
    assert [(line.text, line.as_read) for line in reading.lines] == [("週二週四晚上", "周二周四晚上")]
    assert [line.text for line in read_image(as_bytes(image), repair=None).lines] == ["周二周四晚上"]


def test_a_span_over_two_lines_has_two_boxes() -> None:
    box = ((0, 0), (100, 0), (100, 20), (0, 20))
    below = ((0, 30), (100, 30), (100, 50), (0, 50))
    reading = ImageReading(lines=(TextLine("数学小班课", box, 1.0), TextLine("晚上七点半", below, 1.0)))
    assert boxes_of(reading, 3, 8) == (((60, 0), (100, 0), (100, 20), (60, 20)), ((0, 30), (40, 30), (40, 50), (0, 50)))


def test_a_span_in_a_column_runs_downwards() -> None:
    reading = ImageReading(lines=(TextLine("数学小班课", ((0, 0), (20, 0), (20, 100), (0, 100)), 1.0),))
    assert boxes_of(reading, 1, 3) == (((0, 20), (20, 20), (20, 60), (0, 60)),)


@given(st.text())
def test_undoing_confusions_keeps_the_length(text: str) -> None:
    assert len(undo_confusions(text)) == len(text)


@pytest.mark.parametrize(
    ("read", "meant"),
    [("老师上内辅导", "老师上门辅导"), ("电话l99OOOO3412", "电话19900003412"), ("以上内容", "以上内容"), ("O2O模式", "O2O模式")],
)
def test_only_what_can_mean_nothing_else_is_undone(read: str, meant: str) -> None:
    assert undo_confusions(read) == meant


def test_small_codes_are_read_at_any_angle() -> None:
    payloads = ["https://u.example/abcDEF", "https://example.example/join?course=math8&id=12345", "扫码进群：初二物理"]
    tries = [(payload, angle) for payload in payloads for angle in range(0, 360, 12)]
    read = sum(
        any(code.payload == payload for code in read_codes(pasted(qr_code(payload, 80), angle))) for payload, angle in tries
    )
    assert read / len(tries) >= 0.95


def test_the_place_of_a_code_is_that_in_the_picture() -> None:
    (code,) = read_codes(pasted(qr_code("https://u.example/a", 160), at=(200, 100)))
    xs, ys = [x for x, _ in code.box], [y for _, y in code.box]
    assert (200 <= min(xs) < max(xs) <= 360, 100 <= min(ys) < max(ys) <= 260) == (True, True)


@pytest.mark.parametrize(
    "spoil",
    [
        ImageOps.invert,
        lambda page: page.filter(ImageFilter.GaussianBlur(0.8)),
        lambda page: Image.blend(page, Image.new("RGB", page.size, "#c8c8c8"), 0.65),
        lambda page: Image.open(io.BytesIO(as_bytes(page, "JPEG"))).convert("RGB"),
    ],
    ids=["inverted", "soft", "pale", "recompressed"],
)
def test_spoiled_codes_are_read(spoil: object) -> None:
    assert callable(spoil)
    assert [code.payload for code in read_codes(spoil(pasted(qr_code("https://u.example/a", 110), 20)))] == [
        "https://u.example/a"
    ]


def test_two_codes_are_read_top_to_bottom_and_a_repeated_one_once() -> None:
    page = pasted(qr_code("https://u.example/low", 120), at=(300, 280))
    page.paste(qr_code("https://u.example/high", 120), (20, 20))
    page.paste(qr_code("https://u.example/low", 120), (20, 290))
    assert [code.payload for code in read_codes(page)] == ["https://u.example/high", "https://u.example/low"]


def test_a_small_code_at_the_foot_of_a_tall_screenshot_is_read() -> None:
    page = pasted(qr_code("https://u.example/foot", 90), 33, size=(1080, 5200), at=(700, 4980))
    assert [code.payload for code in read_codes(page)] == ["https://u.example/foot"]


@pytest.mark.parametrize("side", [110, 160, 280])
@pytest.mark.parametrize("angle", [0, 17, 140])
def test_a_round_code_is_seen(side: int, angle: int) -> None:
    page = pasted(ImageOps.expand(draw_round_code(side, seed=side), 10, "white"), angle, size=(620, 700))
    assert has_round_code(page)
    assert read_codes(page) == ()


@needs_font
def test_a_round_code_leaves_a_note_for_the_officer() -> None:
    poster = draw_poster(["扫码报名"], seed=2, size=(600, 760))
    poster.paste(draw_round_code(180, seed=2), (380, 420))
    reading = read_image(as_bytes(poster))
    assert reading.mini_program_code
    assert "图中有疑似小程序码，须人工用手机查看" in reading.notes


@pytest.mark.parametrize("angle", range(0, 360, 60))
def test_a_square_code_is_not_taken_for_a_round_one(angle: int) -> None:
    assert not has_round_code(pasted(qr_code("https://u.example/a", 200), angle))


@needs_font
def test_posters_and_ring_signs_are_not_taken_for_round_codes() -> None:
    assert not any(has_round_code(draw_poster(sample_lines(seed), seed=seed)) for seed in range(25))
    rings = Image.new("RGB", (700, 700), "white")
    ImageDraw.Draw(rings).text((60, 60), "◎ 报名 ◎\n电话咨询\n◎ 地址", font=chinese_font(110), fill="black")
    assert not has_round_code(rings)


@needs_font
@pytest.mark.parametrize("seed", range(8))
def test_a_poster_cut_framed_or_recompressed_is_the_same_picture(seed: int) -> None:
    poster = draw_poster(sample_lines(seed), seed=seed, size=(900, 1200))
    print_ = fingerprint(poster)
    framed = ImageOps.expand(poster, 90, "#123456")
    cut = poster.crop((0, 120, 860, 1200))
    for changed in (degrade(poster, seed), framed, cut):
        assert similar(print_, fingerprint(changed)) >= SAME_PICTURE


@needs_font
def test_cut_framed_and_recompressed_at_once_most_are_still_the_same() -> None:
    posters = [draw_poster(sample_lines(seed), seed=seed) for seed in range(20)]
    pairs = [(poster, degrade(cut_and_frame(poster, seed), seed)) for seed, poster in enumerate(posters)]
    assert sum(similar(fingerprint(one), fingerprint(other)) >= SAME_PICTURE for one, other in pairs) >= 15


@needs_font
def test_other_posters_of_one_layout_are_not_the_same_picture() -> None:
    prints = [fingerprint(draw_poster(sample_lines(seed), seed=seed)) for seed in range(20)]
    assert max(similar(prints[one], prints[two]) for one in range(20) for two in range(one)) < SAME_PICTURE


def test_a_picture_of_one_colour_is_like_nothing() -> None:
    blank = fingerprint(Image.new("RGB", (300, 300), "red"))
    assert blank == ()
    assert similar(blank, blank) == 0.0


@needs_font
def test_a_fingerprint_is_small_and_like_itself() -> None:
    print_ = fingerprint(draw_poster(sample_lines(1), seed=1))
    assert similar(print_, print_) == 1.0
    assert sum(map(len, print_)) < 6000


def test_what_is_no_fingerprint_is_refused() -> None:
    with pytest.raises(ValueError, match="not a fingerprint"):
        similar(("00", "sketch:1,2:xyz"), ("00", "sketch:1,2:xyz"))


def test_a_broken_picture_is_a_note() -> None:
    whole = as_bytes(qr_code("https://u.example/a", 200))
    for data in (b"", b"<html>", whole[: len(whole) // 2], b"\x89PNG\r\n\x1a\n" + b"\0" * 40):
        reading = read_image(data)
        assert reading.notes
        assert reading.width == 0


@pytest.mark.parametrize("side", [7_000, 40_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    body = zlib.compress(b"\0" * 10_000_000, 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    assert any("尺寸过大" in note for note in read_image(bomb).notes)


def test_a_photograph_of_fifty_million_pixels_is_read_at_half_its_size() -> None:
    page = Image.new("L", (8000, 6250), 240)
    page.paste(qr_code("https://u.example/a", 900).convert("L"), (5000, 3000))
    reading = read_image(as_bytes(page, "JPEG"))
    assert (reading.width, reading.height) == (4000, 3125)
    assert [code.payload for code in reading.codes] == ["https://u.example/a"]
    assert any("缩小一半" in note for note in reading.notes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_damaged_bytes_never_raise(seed: int, hits: int) -> None:
    chance = random.Random(seed)
    kind = chance.choice(("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"))
    data = bytearray(as_bytes(Image.linear_gradient("L").resize((11, 11)).convert("RGB"), kind))
    for _ in range(hits):
        data[chance.randrange(len(data))] = chance.randrange(256)
    assert isinstance(read_image(bytes(data)), ImageReading)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F", "YCbCr"])
def test_every_kind_of_pixels_is_read(mode: str) -> None:
    image = Image.new("L", (160, 160), 255)
    image.paste(qr_code("https://u.example/a", 140).convert("L"), (10, 10))
    out = io.BytesIO()
    image.convert(mode).save(out, "PNG" if mode in {"1", "L", "LA", "P", "RGBA", "I;16"} else "TIFF")
    reading = read_image(out.getvalue())
    assert (reading.width, reading.height) == (160, 160)


def test_a_see_through_picture_is_read_on_white_paper() -> None:
    code = qr_code("https://u.example/a", 200).convert("L")
    clear = Image.merge("LA", (Image.new("L", code.size, 0), ImageOps.invert(code)))
    assert [one.payload for one in read_image(as_bytes(clear)).codes] == ["https://u.example/a"]


def test_a_turned_photograph_is_read_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(out, "JPEG", exif=exif)
    assert (read_image(out.getvalue()).width, read_image(out.getvalue()).height) == (100, 200)


def test_an_animation_is_read_by_its_first_frame_and_says_so() -> None:
    frames = [Image.new("L", (40, 40), shade) for shade in (0, 120, 250)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert "图片共 3 帧，只识别第一帧" in read_image(out.getvalue()).notes


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (13, 4000), (4000, 13)])
def test_odd_shapes_are_read(size: tuple[int, int]) -> None:
    reading = read_image(as_bytes(Image.new("RGB", size, "white")))
    assert (reading.width, reading.height) == size


def test_without_the_optional_parts_it_says_what_was_skipped() -> None:
    program = (
        "import sys\n"
        "for name in ('rapidocr', 'zxingcpp', 'cv2', 'numpy', 'onnxruntime'): sys.modules[name] = None\n"
        "from detectors.images import read_image\n"
        "reading = read_image(sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write('\\n'.join((str(len(reading.hashes)), str(reading.width), *reading.notes)).encode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=as_bytes(qr_code("https://u.example/a", 200)),
        capture_output=True,
        check=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    hashes, width, *notes = done.stdout.decode().splitlines()
    assert (hashes, width) == ("4", "200")
    assert [note.split("，")[0] for note in notes] == ["未安装文字识别部件", "未安装二维码识别部件", "未安装图形识别部件"]


def test_a_code_keeps_kind_and_payload_as_read() -> None:
    assert read_codes(pasted(qr_code("weixin://x/＜b＞\n二行", 200)))[0] == CodeRead(
        "qr", "weixin://x/＜b＞\n二行", read_codes(pasted(qr_code("weixin://x/＜b＞\n二行", 200)))[0].box
    )
