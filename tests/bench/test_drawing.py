"""Charts: that they are SVG, and that what is larger is drawn larger."""

from xml.etree import ElementTree as ET

import pytest

from bench.drawing import Axis, Bar, bar_chart, histogram, line_chart

SVG = "{http://www.w3.org/2000/svg}"


def shapes(text, name):
    return list(ET.fromstring(text).iter(SVG + name))


def texts(svg):
    return [element.text for element in shapes(svg, "text")]


def test_a_line_goes_through_its_points():
    svg = line_chart(
        "Cost", "today", ("rows", "µs"), {"a & b": [(1000, 10), (1_000_000, 20)], "c": [(1000, 5)]}
    )

    first, second, third = [
        (float(point.get("cx")), float(point.get("cy"))) for point in shapes(svg, "circle")
    ]
    assert first[0] == third[0] < second[0]
    assert third[1] > first[1] > second[1], "up is down in SVG"
    assert {"Cost", "today", "rows", "µs", "a & b", "1,000", "10,000", "1,000,000"} <= set(texts(svg))


def test_a_single_point_and_a_flat_line_can_be_drawn():
    assert shapes(line_chart("t", "s", ("x", "y"), {"a": [(5, 0)]}), "circle")


def test_bars_are_as_long_as_their_values_and_say_them():
    svg = bar_chart("Peers", "today", [Bar("creche", 20_000, "durable"), Bar("other", 5_000)])

    _, long, short = [float(box.get("width")) for box in shapes(svg, "rect")]
    assert long == pytest.approx(4 * short, rel=0.01)
    assert {"creche", "20,000  durable", "other"} <= set(texts(svg))


def test_a_histogram_counts_every_value_once():
    svg = histogram("Latency", "today", "ms", [1.0] * 300 + [2.0] * 100 + [500.0], {"p50": 1.0})

    heights = [float(box.get("height")) for box in shapes(svg, "rect")[1:]]
    tallest = max(heights)
    assert sorted(round(height / tallest * 300) for height in heights if height) == [1, 100, 300]
    assert "p50 1.00" in texts(svg)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0, 100, 0, 1), [0, 20, 40, 60, 80, 100]),
        (Axis(1, 1024, 0, 1, logarithmic=True), [1, 10, 100, 1000]),
    ],
)
def test_ticks_are_round(axis, ticks):
    assert axis.ticks() == pytest.approx(ticks)
