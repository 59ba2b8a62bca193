"""Pictures: which chart is drawn of which result."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bench.drawing import Bar, bar_chart, histogram, line_chart

Item = Mapping[str, object]
Pictures = dict[str, str]
"""SVG texts, each by what follows the result's name in its file's name."""


def pictures(result: Mapping[str, object]) -> Pictures:
    """The pictures of a result as it is saved; none where nobody has thought of one."""
    draw = _DRAWN.get(str(result["command"]))
    found = result["measurements"]
    assert isinstance(found, list)
    return {} if draw is None else draw(found, _subtitle(result))


def _runners(found: Sequence[Item], subtitle: str) -> Pictures:
    line = [(_float(item, "workers"), _float(item, "value")) for item in found]
    title = "Jobs that do nothing, a second, by runners in one process"
    return {"": line_chart(title, subtitle, ("runners", "jobs/s"), {"creche": line})}


_SCALES = MappingProxyType(
    {
        "scale_claim": ("-claim", "What it costs to claim, run and complete a job, by rows in the queue"),
        "scale_enqueue": ("-enqueue", "What it costs to enqueue a job, by rows in the queue"),
        "scale_stats": ("-stats", "What it costs to ask for statistics, by rows in the queue"),
    }
)


def _scale(found: Sequence[Item], subtitle: str) -> Pictures:
    drawn = {}
    for metric, (name, title) in _SCALES.items():
        series: dict[str, list[tuple[float, float]]] = {}
        for item in found:
            if item["metric"] == metric:
                series.setdefault(str(item["history"]), []).append(
                    (_float(item, "rows"), _float(item, "value"))
                )
        drawn[name] = line_chart(title, subtitle, ("rows", "µs"), series)
    return drawn


def _latency(found: Sequence[Item], subtitle: str) -> Pictures:
    values = found[0]["milliseconds"]
    assert isinstance(values, list)
    marks = {"p50": _float(found[0], "value"), "p99": _float(found[1], "value")}
    title = "From enqueue() in one process to the start of the handler in another"
    return {"": histogram(title, subtitle, "milliseconds", values, marks)}


def _peers(found: Sequence[Item], subtitle: str) -> Pictures:
    titles = {
        "peer_throughput": ("", "Jobs that do nothing, a second, out of a full queue"),
        "peer_e2e": ("-e2e", "Jobs a second, end to end: enqueued one at a time while a worker runs"),
    }
    drawn = {}
    for metric, (name, title) in titles.items():
        items = sorted((i for i in found if i["metric"] == metric), key=lambda i: -_float(i, "value"))
        if items:
            drawn[name] = bar_chart(title, subtitle, [_bar(item) for item in items])
    return drawn


_STORES = ("sqlite", "redis", "postgresql")


def _bar(item: Item) -> Bar:
    store = str(item["db"])
    ours = str(item["peer"]).startswith("creche")
    return Bar(
        label=str(item["peer"]),
        value=_float(item, "value"),
        note=f"{store}, {item['durability']}",
        colour=0 if ours else 1 + _STORES.index(store),
    )


_DRAWN: Mapping[str, Callable[[Sequence[Item], str], Pictures]] = MappingProxyType(
    {"runners": _runners, "scale": _scale, "latency": _latency, "peers": _peers}
)


def _float(item: Item, name: str) -> float:
    value = item[name]
    assert isinstance(value, int | float)
    return float(value)


def _subtitle(result: Mapping[str, object]) -> str:
    about = result["machine"]
    assert isinstance(about, dict)
    return (
        f"{about['date'][:10]}, {about['cpus']} x {about['cpu']}, Python {about['python']}, "
        f"SQLite {about['sqlite']}, fsync {about['fsyncMilliseconds']} ms"
    )
