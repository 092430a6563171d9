"""Inline SVG that grows with its column: lengths across are per cent.

Text and dots keep their size at every width, because no ``viewBox`` scales
them; only the paths of a line chart are stretched, in a nested `stretched`
picture. Positions across run 0..1 in reading direction and are mirrored here
for right-to-left readers, nowhere else. Colours are classes (see `style`).
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import attrs

from crmkit.builtin.report.markup import Child, Markup, element

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
_STRETCH = 1000


def picture(title: Markup, description: Markup, height: float, *children: Child, kind: str = "") -> Markup:
    """A whole picture with its name and description for those who do not see it."""
    named = (element("title", title), element("desc", description))
    return element("svg", *named, *children, role="img", class_=kind or None, width="100%", height=height)


@attrs.frozen
class Across:
    """Positions across a picture, 0 where reading starts and 1 where it ends."""

    mirrored: bool = False

    def at(self, position: float) -> str:
        """A position as an SVG length."""
        return percent(1 - position if self.mirrored else position)

    def bar(self, begin: float, end: float, y: float, height: float, kind: str, *children: Child) -> Markup:
        """A bar between two positions, in either order."""
        first, last = sorted((begin, end))
        left = 1 - last if self.mirrored else first
        return element("rect", *children, class_=kind, x=percent(left), width=percent(last - first), y=y, height=height)

    def line(self, begin: Point, end: Point, kind: str) -> Markup:
        """A straight line between two points (across 0..1, down in px)."""
        (x1, y1), (x2, y2) = begin, end
        return element("line", class_=kind, x1=self.at(x1), y1=y1, x2=self.at(x2), y2=y2)

    def dot(self, point: Point, radius: float, kind: str, *children: Child) -> Markup:
        """A dot, with a title as its tooltip perhaps."""
        return element("circle", *children, class_=kind, cx=self.at(point[0]), cy=point[1], r=radius)

    def label(self, point: Point, words: Markup, kind: str = "", anchor: Anchor = "start") -> Markup:
        """A text; ``start`` and ``end`` are meant in reading direction.

        The text itself is isolated, so that its own script decides its order.
        """
        flipped: dict[str, Anchor] = {"start": "end", "end": "start"}
        side = flipped.get(anchor, anchor) if self.mirrored else anchor
        isolated = Markup(f"\u2068{words}\u2069")
        return element("text", isolated, class_=kind or None, x=self.at(point[0]), y=point[1], text_anchor=side)

    def stretched(self, top: float, height: float, *children: Child) -> Markup:
        """A picture within whose paths are stretched to the whole width."""
        return element(
            "svg",
            *children,
            x=0,
            y=top,
            width="100%",
            height=height,
            viewBox=f"0 0 {_STRETCH} {height:g}",
            preserveAspectRatio="none",
            overflow="visible",
        )

    def path(self, points: Sequence[Point], kind: str, closed: bool = False) -> Markup:
        """A path through points (across 0..1, down in px), for `stretched`."""
        steps = " L".join(f"{self._stretch(x):.1f} {y:.1f}" for x, y in points)
        return element("path", class_=kind, d=f"M{steps}{'Z' if closed else ''}", vector_effect="non-scaling-stroke")

    def _stretch(self, position: float) -> float:
        return _STRETCH * (1 - position if self.mirrored else position)


def swatch(kind: str) -> Markup:
    """A small square of a colour, beside the name of what has it."""
    box = element("rect", class_=kind, width=10, height=10, rx=2)
    return element("svg", box, class_="swatch", width=10, height=10, aria_hidden="true")


def percent(share: float) -> str:
    """A length across as SVG writes it."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def runs(points: Iterable[Point | None]) -> list[list[Point]]:
    """The unbroken runs of a series with gaps."""
    found: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(point)
    return [run for run in found if run]
