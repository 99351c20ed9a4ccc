"""Charts as SVG, for the screen and the PDF alike: colours are attributes, every mark has its label, a table says the same.

No style attributes and no scripts (strict CSP); the browser's stylesheet may recolour by class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

SERIES = ("#1a73d4", "#0f6b3c", "#9a7000", "#5b2b8c", "#5f6b7d")
BAD = "#c5281c"
INK = "currentColor"
WIDTH, HEIGHT = 560, 220
FEW = 10  # bars: more of them take smaller letters
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 26, 26


@dataclass(frozen=True)
class Point:
    """One bar or dot. `value` None is «N/D»: a gap, not a zero. `text` is what is printed on it."""

    label: str
    value: float | None
    text: str
    note: str = ""
    url: str = ""  # where what it counts is seen


@dataclass(frozen=True)
class Chart:
    """A finished chart: the SVG and the same data for a table."""

    title: str
    description: str
    svg: str
    points: tuple[Point, ...]
    value_title: str
    behind: Callable[[Point], Any] | None = None  # what a point counts, for whoever links it

    @property
    def is_empty(self) -> bool:
        """Nothing to draw: no point has a value."""
        return all(point.value is None for point in self.points)


def number(value: float) -> str:
    return f"{value:.1f}"


def frame(title: str, description: str, height: int = HEIGHT) -> ET.Element:
    """The SVG element with its accessible name."""
    name = f"g{abs(hash((title, description))) % 10**9}"
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "width": str(WIDTH), "height": str(height), "role": "img",
                             "aria-labelledby": f"{name} {name}d", "class": "chart", "xmlns": "http://www.w3.org/2000/svg"})  # fmt: skip
    ET.SubElement(svg, "title", {"id": name}).text = title
    ET.SubElement(svg, "desc", {"id": f"{name}d"}).text = description
    return svg


def text(svg: ET.Element, x: float, y: float, content: str, *, anchor: str = "middle", size: int = 11, bold: bool = False) -> None:
    attributes = {"x": number(x), "y": number(y), "text-anchor": anchor, "font-size": str(size), "fill": INK}
    if bold:
        attributes["font-weight"] = "700"
    ET.SubElement(svg, "text", attributes).text = content


def describe(points: Sequence[Point]) -> str:
    return "; ".join(f"{point.label}: {point.text}" for point in points) + "."


def bars(title: str, points: Sequence[Point], *, goal: float | None = None, top: float | None = None, value_title: str = "%") -> Chart:
    """Vertical bars from zero; a goal is a dashed line, and a bar below it is marked in words too."""
    description = describe(points) + (f" Meta {goal:g}." if goal is not None else "")
    svg = frame(title, description)
    highest = max([top or 0, goal or 0, *(point.value or 0 for point in points), 1e-9])
    base, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    goal_y = None if goal is None else base - room * goal / highest
    ET.SubElement(svg, "line", {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": str(base), "y2": str(base), "stroke": INK,
                                "stroke-opacity": "0.4"})  # fmt: skip
    for index, point in enumerate(points):
        middle = LEFT + step * (index + 0.5)
        text(svg, middle, HEIGHT - 8, point.label, size=11 if len(points) < FEW else 9)
        if point.value is None:
            text(svg, middle, base - 6, point.text, size=10)
            continue
        tall = room * point.value / highest
        below = goal is not None and point.value < goal
        width = min(44.0, step * 0.64)
        ET.SubElement(svg, "rect", {"x": number(middle - width / 2), "y": number(base - tall), "width": number(width),
                                    "height": number(max(tall, 0.5)), "rx": "2", "fill": BAD if below else SERIES[0],
                                    "class": "mark-bad" if below else "mark-1"})  # fmt: skip
        spot = clear_of(base - tall - 5, goal_y, beside_word=index == 0)
        text(svg, middle, spot, f"▼ {point.text}" if below else point.text, bold=True, size=11 if len(points) < FEW else 9)
    if goal is not None and goal_y is not None:
        goal_line(svg, goal_y, goal, left=bool(points) and points[-1].value is not None)
    return Chart(title, description, ET.tostring(svg, encoding="unicode"), tuple(points), value_title)


LETTER = 10  # how tall the words of a bar are


def clear_of(y: float, goal_y: float | None, *, beside_word: bool) -> float:
    """Where the words of a bar stand: over the goal's line where they would be struck through, and over its own word at the left end."""
    if goal_y is None or not goal_y - 2 < y < goal_y + LETTER + 2:
        return y
    return goal_y - (LETTER + 6 if beside_word else 4)


DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 5")  # a series is told by its line and its name, not by its colour alone


def lines(title: str, series: Sequence[tuple[str, Sequence[Point]]], *, goal: float | None = None, top: float | None = None,
          value_title: str = "%") -> Chart:  # fmt: skip
    """Several series over the same labels: each its own stroke, named under the drawing; a month without data is a gap."""
    points = tuple(Point(f"{point.label}, {name}", point.value, point.text, point.note) for name, made in series for point in made)
    svg = frame(title, describe(points) + (f" Meta {goal:g}." if goal is not None else ""), HEIGHT + 22)
    labels = [point.label for point in series[0][1]] if series else []
    highest = max([top or 0, goal or 0, *(point.value or 0 for point in points), 1e-9])
    base, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    ET.SubElement(svg, "line", {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": str(base), "y2": str(base), "stroke": INK,
                                "stroke-opacity": "0.4"})  # fmt: skip
    for index, label in enumerate(labels):
        text(svg, LEFT + step * (index + 0.5), HEIGHT - 8, label)
    if goal is not None:
        goal_line(svg, base - room * goal / highest, goal, left=True)
    for index, (name, made) in enumerate(series):
        spots = [
            None if point.value is None else (LEFT + step * (i + 0.5), base - room * point.value / highest) for i, point in enumerate(made)
        ]
        trace(svg, index, spots, [point.text for point in made])
        left = LEFT + 8 + index * (WIDTH - LEFT - RIGHT) / len(series)
        stroke(svg, index, (left, HEIGHT + 8), (left + 34, HEIGHT + 8))
        text(svg, left + 42, HEIGHT + 12, name, anchor="start")
    return Chart(title, describe(points), ET.tostring(svg, encoding="unicode"), points, value_title)


def stroke(svg: ET.Element, series: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    attributes = {"x1": number(start[0]), "y1": number(start[1]), "x2": number(end[0]), "y2": number(end[1]), "stroke-width": "2.5"}
    ET.SubElement(svg, "line", attributes | {"stroke": SERIES[series], "stroke-dasharray": DASHES[series], "class": f"line-{series + 1}"})


def trace(svg: ET.Element, series: int, spots: Sequence[tuple[float, float] | None], texts: Sequence[str]) -> None:
    """One series: strokes between neighbours that have data, a dot on each, the last value in words."""
    for start, end in pairwise(spots):
        if start and end:
            stroke(svg, series, start, end)
    known = [(place, words) for place, words in zip(spots, texts, strict=True) if place]
    for (x, y), _ in known:
        ET.SubElement(svg, "circle", {"cx": number(x), "cy": number(y), "r": "3.5", "fill": SERIES[series],
                                      "class": f"mark-{series + 1}"})  # fmt: skip
    if known:
        (x, y), words = known[-1]
        text(svg, min(x, WIDTH - RIGHT - 20), y + (18 if series % 2 else -8), words, bold=True)


def goal_line(svg: ET.Element, y: float, goal: float, *, left: bool = False) -> None:
    """The dashed line of a goal, with its word at one end."""
    ET.SubElement(svg, "line", {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": number(y), "y2": number(y), "stroke": INK,
                                "stroke-dasharray": "5 4"})  # fmt: skip
    x, anchor = (LEFT, "start") if left else (WIDTH - RIGHT, "end")
    text(svg, x, y - 4, f"meta {goal:g} %", anchor=anchor, size=10)


def ranking(title: str, points: Sequence[Point], *, value_title: str = "Cantidad") -> Chart:
    """Horizontal bars, one row each, longest names kept readable."""
    row_height = 24
    height = max(row_height, row_height * len(points)) + 8
    description = describe(points)
    svg = frame(title, description, height)
    highest = max([*(point.value or 0 for point in points), 1e-9])
    names = 210
    for index, point in enumerate(points):
        y = 4 + index * row_height
        text(svg, names - 8, y + 16, point.label if len(point.label) <= 34 else point.label[:33] + "…", anchor="end")
        length = (WIDTH - names - 60) * (point.value or 0) / highest
        ET.SubElement(svg, "rect", {"x": str(names), "y": number(y + 4), "width": number(max(length, 0.5)), "height": "16", "rx": "2",
                                    "fill": SERIES[0], "class": "mark-1"})  # fmt: skip
        text(svg, names + length + 6, y + 16, point.text, anchor="start", bold=True)
    return Chart(title, description, ET.tostring(svg, encoding="unicode"), tuple(points), value_title)
