"""Drawing: small charts as SVG text, with nothing but strings."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 30, 64, 60
COLOURS = ("#0b6e99", "#c2552d", "#4c7a34", "#7a4f9a", "#8a6d00", "#555555")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a bar chart."""

    label: str
    value: float
    note: str = ""
    """Written behind the value."""
    colour: int = 0
    """Which of the colours."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a value lies on the paper, and which values are written beside it."""

    least: float
    most: float
    low: float
    """The coordinate of `least`."""
    high: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        scale: Callable[[float], float] = math.log10 if self.logarithmic else float
        span = scale(self.most) - scale(self.least) or 1.0
        return self.low + (scale(value) - scale(self.least)) / span * (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values from `least` to `most`."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
            return [10.0**power for power in range(first, last + 1) if self.least <= 10.0**power <= self.most]
        step = _round_step((self.most - self.least) / 5)
        count = math.floor((self.most - self.least) / step + 1e-9)
        return [self.least + step * number for number in range(count + 1)]


def line_chart(
    title: str,
    subtitle: str,
    labels: tuple[str, str],
    series: Mapping[str, Sequence[Point]],
    *,
    logarithmic: bool = True,
) -> str:
    """Lines with a legend; the x axis logarithmic unless said otherwise, the y axis from zero."""
    points = [point for line in series.values() for point in line]
    across = Axis(
        min(x for x, _ in points), max(x for x, _ in points), LEFT, WIDTH - RIGHT, logarithmic=logarithmic
    )
    up = Axis(0.0, max(y for _, y in points) * 1.1 or 1.0, HEIGHT - BOTTOM, TOP)
    parts = [*_frame(labels, across, up)]
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.place(x), up.place(y)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        if len(series) > 1:
            parts.append(_text(WIDTH - RIGHT, TOP + 4 + 16 * number, name, anchor="end", colour=colour))
    return _document(title, subtitle, parts, HEIGHT)


def histogram(
    title: str, subtitle: str, label: str, values: Sequence[float], marks: Mapping[str, float]
) -> str:
    """How often which value; the one in a hundred that is largest stands in the last column."""
    ordered = sorted(values)
    most = ordered[max(0, math.ceil(len(ordered) * 0.99) - 1)] * 1.1 or 1.0
    columns = 40
    counts = [0] * columns
    for value in ordered:
        counts[min(columns - 1, int(value / most * columns))] += 1
    across = Axis(0.0, most, LEFT, WIDTH - RIGHT)
    up = Axis(0.0, max(counts) * 1.1, HEIGHT - BOTTOM, TOP)
    parts = [*_frame((label, "how often"), across, up)]
    width = (WIDTH - RIGHT - LEFT) / columns
    for number, count in enumerate(counts):
        top = up.place(count)
        parts.append(_box(LEFT + number * width, top, width - 1, HEIGHT - BOTTOM - top, COLOURS[0]))
    for number, (name, value) in enumerate(marks.items()):
        x = min(across.place(value), WIDTH - RIGHT)
        parts.append(
            f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{COLOURS[1]}" stroke-dasharray="4 3"/>'
        )
        parts.append(_text(x + 4, TOP + 12 + 16 * number, f"{name} {value:.2f}", colour=COLOURS[1]))
    return _document(title, subtitle, parts, HEIGHT)


def bar_chart(title: str, subtitle: str, bars: Sequence[Bar]) -> str:
    """Bars that lie, with their values behind them."""
    names, behind, step = 150, 270, 24
    most = max(bar.value for bar in bars) or 1.0
    parts = []
    for number, bar in enumerate(bars):
        y = TOP + number * step
        length = bar.value / most * (WIDTH - names - behind)
        parts.append(_text(names - 8, y + 14, bar.label, anchor="end"))
        parts.append(_box(names, y, max(1.0, length), step - 6, COLOURS[bar.colour % len(COLOURS)]))
        parts.append(_text(names + length + 6, y + 14, f"{bar.value:,.0f}  {bar.note}", size=11))
    return _document(title, subtitle, parts, TOP + len(bars) * step + 20)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _frame(labels: tuple[str, str], across: Axis, up: Axis) -> list[str]:
    parts = []
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(_text(LEFT - 8, y + 4, _number(tick), anchor="end"))
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<path d="M{x:.1f} {HEIGHT - BOTTOM}v5" stroke="#555555"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 20, _number(tick), anchor="middle"))
    parts.append(f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#555555"/>')
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, labels[0], anchor="middle"))
    parts.append(_text(LEFT, TOP - 8, labels[1]))
    return parts


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#222222"
) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f"<text {where}>{escape(text)}</text>"


def _document(title: str, subtitle: str, parts: Sequence[str], height: float) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}"'
    manner = f'font-family="system-ui, sans-serif" role="img" aria-label="{escape(title)}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {manner}>',
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
        _text(16, 22, title, size=15),
        _text(16, 38, subtitle, size=10, colour="#666666"),
    ]
    return "\n".join([*head, *parts, "</svg>\n"])
