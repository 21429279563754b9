"""Bar charts as a good printed report has them: black on white, hatched, values on the bars, Chinese fonts or a clear refusal."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from patrol.errors import NotAvailable
from patrol.reports.line_breaks import title_lines

FONTS = (
    "FangSong", "仿宋", "SimHei", "Microsoft YaHei", "SimSun", "Noto Sans CJK SC", "Noto Serif CJK SC", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "AR PL UMing CN", "PingFang SC", "Heiti SC",
)  # fmt: skip
_HATCHES = ("////", "", "....", "\\\\\\\\", "xxxx")
_FILLS = ("#FFFFFF", "#8C8C8C", "#FFFFFF", "#FFFFFF", "#D9D9D9")
_MOST_BARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One bar chart: a title and, per series, the same labels with a count each."""

    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, title: str, counts: Mapping[str, int], *, keep_zero: bool = False) -> "Chart":
        """Make a chart of one series; beyond ten bars the smallest are added up as 其他, so that the sum stays."""
        items = [(label, count) for label, count in counts.items() if count or keep_zero]
        if len(items) > _MOST_BARS:
            ranked = sorted(items, key=lambda item: -item[1])
            items = [*ranked[: _MOST_BARS - 1], ("其他", sum(count for _, count in ranked[_MOST_BARS - 1 :]))]
        return cls(title=title, labels=tuple(label for label, _ in items), series=(("", tuple(count for _, count in items)),))

    @property
    def total(self) -> int:
        """The sum of all bars."""
        return sum(sum(counts) for _, counts in self.series)


def draw_page(title: str, charts: Sequence[Chart], *, width: float = 150, height: float = 212) -> bytes:
    """Draw up to six charts on one page under a title, two by two; return a PNG of `width` × `height` millimetres at 200 dpi.

    Raises NotAvailable when the chart component or a Chinese font is missing.
    """
    figure = _figure(width, height)
    for place, chart in enumerate(charts, 1):
        _draw(figure.add_subplot(3, 2, place), chart)
    figure.suptitle(title, fontsize=13, y=0.985)
    figure.tight_layout(pad=1.2, h_pad=2.4, rect=(0, 0.01, 1, 0.97))
    target = BytesIO()
    figure.savefig(target, format="png", dpi=200, metadata={"Software": None})
    return target.getvalue()


def _figure(width: float, height: float) -> Any:
    # the chart component is an optional extra and takes half a second to load: it is brought in by name, only to draw
    if importlib.util.find_spec("matplotlib") is None:
        raise NotAvailable("没有图表组件，无法画图；请运行 pip install 'xianshang-patrol[charts]' 后重新生成")
    matplotlib = importlib.import_module("matplotlib")
    manager = importlib.import_module("matplotlib.font_manager").fontManager
    installed = {entry.name for entry in manager.ttflist}
    font = next((name for name in FONTS if name in installed), None)
    if font is None:
        raise NotAvailable("没有中文字体，图表会显示成方框；请安装中文字体（如 apt install fonts-noto-cjk）后重新生成")
    matplotlib.rcParams["font.sans-serif"] = [font]
    matplotlib.rcParams["axes.unicode_minus"] = False
    backend = importlib.import_module("matplotlib.backends.backend_agg")
    figure = importlib.import_module("matplotlib.figure").Figure(figsize=(width / 25.4, height / 25.4))
    backend.FigureCanvasAgg(figure)
    return figure


def _draw(axes: Any, chart: Chart) -> None:
    axes.set_title(chart.title, fontsize=10, pad=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if not chart.labels or chart.total == 0:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "本期无数据", ha="center", va="center", fontsize=10, transform=axes.transAxes)
        return
    places = range(len(chart.labels))
    share = 0.72 / len(chart.series)
    for number, (name, counts) in enumerate(chart.series):
        shift = (number - (len(chart.series) - 1) / 2) * share
        bars = axes.barh(
            [place + shift for place in places], counts, height=share, label=name, color=_FILLS[number % len(_FILLS)],
            edgecolor="black", hatch=_HATCHES[number % len(_HATCHES)], linewidth=0.7,
        )  # fmt: skip
        axes.bar_label(bars, labels=[str(count) for count in counts], padding=2, fontsize=7.5)
    axes.set_yticks(list(places), [_fold(label) for label in chart.labels], fontsize=7.5)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=7)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.set_xlim(0, max(max(counts) for _, counts in chart.series) * 1.18)
    if len(chart.series) > 1:
        axes.legend(fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=min(4, len(chart.series)))


def _fold(label: str, width: int = 9) -> str:
    """Break a long label into at most two lines, between words."""
    lines = title_lines(label, width + 1)
    return "\n".join(lines) if len(lines) <= 2 else f"{lines[0]}\n{lines[1][:width]}…"
