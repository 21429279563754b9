"""Draw posters and time their reading: `python -m patrol.bench.images`. The posters are made up, by a fixed seed."""

import argparse
import io
import math
import random
import subprocess
import time
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

from detectors.images import SAME_PICTURE, ImageReading, read_image, similar
from patrol.errors import NotAvailable

POSTERS_PER_SECOND: Final = 0.7
_FONT: Final = "Noto Sans CJK SC"
_PAPERS: Final = ("#fff7e0", "#eaf4ff", "#ffffff", "#ffe9ec", "#f0fff0")
_INKS: Final = ("#222222", "#7a1f10", "#10305c", "#3b0a45")
_TITLES: Final = ("寒假数学小班", "初二物理同步", "语文阅读写作", "英语口语集训", "美术素描体验", "小区便民服务", "周末登山活动")
_LINES: Final = (
    "三年级至九年级",
    "每周二周四晚上",
    "一对一或六人小班",
    "名额有限先到先得",
    "前二十名立减一百元",
    "地址：菜市场东门三楼",
    "电话：19900003412",
    "每次80元，十次750元",
    "1月19日至2月3日",
    "免费试听一次",
    "扫码了解详情",
    "老师教龄十五年",
)
_EYE, _EYE_AT = 0.145, 0.70


@cache
def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    """Return a Chinese font that fontconfig knows; NotAvailable names the package when there is none."""
    try:
        found = subprocess.run(  # noqa: S603
            ["fc-match", "-f", "%{family}|%{file}", f"{_FONT}:lang=zh-cn"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NotAvailable("找不到 fontconfig；请安装 fontconfig 和 fonts-noto-cjk 后重试") from error
    family, _, path = found.partition("|")
    if "CJK" not in family:
        raise NotAvailable("找不到中文字体；请安装 fonts-noto-cjk 后重试")
    return ImageFont.truetype(path, size)


def draw_poster(lines: list[str], *, seed: int = 0, size: tuple[int, int] = (800, 1000)) -> Image.Image:
    """Return a poster: coloured shapes above and below, the lines one under another in between, the first one large."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, chance.choice(_PAPERS))
    draw = ImageDraw.Draw(image)
    for band in ((0, 110), (size[1] - 160, size[1] - 20)):
        for _ in range(chance.randint(3, 6)):
            left, top = chance.randrange(size[0]), chance.randint(*band)
            draw.ellipse((left, top, left + chance.randint(40, 260), top + chance.randint(20, 90)),
                         fill=f"#{chance.randrange(0x808080, 0xFFFFFF):06x}")  # fmt: skip
    y = 150
    for place, line in enumerate(lines):
        font = chinese_font(64 if place == 0 else chance.choice((32, 36, 40)))
        draw.text((60 + chance.randrange(60), y), line, font=font, fill=chance.choice(_INKS))
        y += int(font.size * 1.6)
    return image


def sample_lines(seed: int) -> list[str]:
    """Return a title and six lines of a poster."""
    chance = random.Random(seed)
    return [chance.choice(_TITLES), *chance.sample(_LINES, 6)]


def draw_round_code(size: int, *, seed: int = 0, rays: int = 54) -> Image.Image:
    """Return a picture shaped as a mini-program code is: three eyes, strokes outwards, a badge in the fourth corner."""
    chance, middle = random.Random(seed), size * 2.0
    image = Image.new("RGB", (size * 4, size * 4), "white")
    draw = ImageDraw.Draw(image)
    corners = [
        (middle + _EYE_AT * middle * math.cos(a), middle + _EYE_AT * middle * math.sin(a)) for a in _angles(225, 315, 135, 45)
    ]
    thick = max(2, int(2 * math.pi * middle * 0.7 / rays * 0.45))
    for angle in _angles(*(360 * ray / rays for ray in range(rays))):
        start = 0.5
        while start < 0.97:
            end = min(0.97, start + chance.choice((0.05, 0.1, 0.16, 0.24)))
            ends = [(middle + middle * at * math.cos(angle), middle + middle * at * math.sin(angle)) for at in (start, end)]
            free = all(math.dist(one, corner) > _EYE * middle * 1.6 for one in ends for corner in corners)
            if free and chance.random() < 0.65:
                draw.line(ends, fill="black", width=thick)
            start = end + 0.05
    for corner in corners[:3]:
        for share, colour in ((1.0, "black"), (0.68, "white"), (0.4, "black")):
            _disc(draw, corner, _EYE * middle * share, colour)
    _disc(draw, (middle, middle), 0.42 * middle, "#50a0dc")
    _disc(draw, corners[3], 0.2 * middle, "#14b45a")
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _angles(*degrees: float) -> list[float]:
    return [math.radians(one) for one in degrees]


def _disc(draw: ImageDraw.ImageDraw, middle: tuple[float, float], radius: float, colour: str) -> None:
    draw.ellipse((middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=colour)


def degrade(image: Image.Image, seed: int) -> Image.Image:
    """Return the picture as it comes back from chat groups: smaller, soft, recompressed."""
    chance = random.Random(seed)
    scale = chance.uniform(0.75, 1.0)
    image = image.resize((int(image.width * scale), int(image.height * scale)), Image.Resampling.BICUBIC)
    return Image.open(io.BytesIO(as_bytes(image.filter(ImageFilter.GaussianBlur(chance.uniform(0, 0.7))), "JPEG"))).convert("RGB")


def cut_and_frame(image: Image.Image, seed: int) -> Image.Image:
    """Return the picture with up to a sixth cut off each of two sides, and a plain frame around it."""
    chance = random.Random(seed)
    left, top = int(chance.uniform(0, 0.16) * image.width), int(chance.uniform(0, 0.16) * image.height)
    part = image.crop((left, top, image.width, image.height))
    frame = Image.new("RGB", (part.width + 80, part.height + 120), chance.choice(("#000000", "#ffffff", "#224466")))
    frame.paste(part, (30, 70))
    return frame


def as_bytes(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return the encoded picture."""
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 60} if kind == "JPEG" else {}))
    return out.getvalue()


def _misread(lines: list[str], reading: ImageReading) -> int:
    return int(Levenshtein.distance("".join(lines), "".join(line.text for line in reading.lines).replace(" ", "")))


def main() -> int:
    """Print posters per second on one thread, the share of characters misread, and how apart same and other posters are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posters", type=int, default=12)
    count = parser.parse_args().posters
    wanted = [sample_lines(seed) for seed in range(count)]
    posters = [draw_poster(lines, seed=seed) for seed, lines in enumerate(wanted)]
    sent = [as_bytes(degrade(poster, seed), "JPEG") for seed, poster in enumerate(posters)]
    read_image(sent[0])
    work, clock = time.process_time(), time.perf_counter()
    readings = [read_image(data) for data in sent]
    work, clock = time.process_time() - work, time.perf_counter() - clock
    wrong = sum(_misread(lines, reading) for lines, reading in zip(wanted, readings, strict=True))
    cut = [read_image(as_bytes(cut_and_frame(poster, seed))).hashes for seed, poster in enumerate(posters[:6])]
    fits = {
        (seed, place): similar(reading.hashes, hashes)
        for seed, reading in enumerate(readings)
        for place, hashes in enumerate(cut)
    }
    same = min(fit for (seed, place), fit in fits.items() if seed == place)
    other = max((fit for (seed, place), fit in fits.items() if seed != place), default=0.0)
    rate = count / work
    print(f"{count} posters  {rate:.2f} posters/s of CPU  {count / clock:.2f} posters/s of the clock  "
          f"characters misread {wrong / sum(len(''.join(lines)) for lines in wanted):.3f}  "
          f"same poster cut and framed ≥ {same:.3f}, other posters ≤ {other:.3f} (threshold {SAME_PICTURE})")  # fmt: skip
    return 0 if rate >= POSTERS_PER_SECOND else 1


if __name__ == "__main__":
    raise SystemExit(main())
