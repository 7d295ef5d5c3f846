"""Bound what a drawing takes to draw, from its markup: elements, levels, layers and pictures.

A few hundred bytes can ask for any of them, because elements refer to others: resvg draws an
element once for each reference to it, and needs a separate canvas for each mask, filter or group
that is not opaque.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from function.engine.errors import Reason, Rejected

MAX_ELEMENTS: Final = 100_000
"""Elements and letters of text; an element is counted once for each reference to it."""

MAX_DEPTH: Final = 200
"""Deepest nesting of elements, through references too; resvg recurses, and its stack ends near
10,000, but near 300 with 25 references among them."""

MAX_LAYERS: Final = 32
"""Deepest nesting of layers and references, at each of which resvg takes far more of its stack:
150 crashed it."""

CANVAS_BYTES: Final = 4  # bytes a pixel of each canvas that is held while those within it are drawn

IMAGE_BYTES: Final = 16
"""Bytes a pixel of an embedded picture, in the shapes that resvg holds it in at once."""

LETTER_BYTES: Final = 3500
"""Bytes of memory for each letter of text. 20,000 of ``@``, whose outline is long, took up to 5,200
each if each is a separate element; ``TEXT_BYTES`` accounts for the rest of that."""

REGION_CANVASES: Final = 60
"""Canvases that a filter counts as whose region reaches far beyond the drawing: one of 2e7 units
took 230 MB at 1080 x 1080."""

_REGION: Final = ("x", "y", "width", "height")
_LONG: Final = re.compile(r"[eE]|\d{5}")  # a number of five digits or with an exponent

_LAYERING: Final = re.compile(r"opacity|mask|clip-path|filter|blend|isolation")
_LAYER_ATTRIBUTES: Final = ("opacity", "mask", "clip-path", "filter")
_LAYER_ELEMENTS: Final = frozenset({"mask", "pattern", "clipPath", "marker", "symbol"})
_REFERENCE: Final = re.compile(r"url\(\s*['\"]?#([^'\")]+)")
_INHERITED: Final = re.compile(r"fill|stroke|marker|style")
_NEUTRAL: Final = frozenset({"", "1", "none"})
_VERTEX: Final = re.compile(r"[A-Za-z,\s]+")
_DRAWN: Final = frozenset({"pattern", "mask", "clipPath", "marker", "filter"})
"""Elements that are drawn where another refers to them; a gradient is only looked up."""

_COPYING: Final = frozenset({"use", "feImage"})
"""Elements that draw the one that they refer to, whatever it is."""


Cost = tuple[int, int, int, int, int]
"""Cost of an element with all that it refers to: elements, levels, layers, canvases, letters."""

_CIRCLE: Final[Cost] = (0, 0, 0, 0, 0)  # of an element within itself, which resvg leaves out


class Element:
    """The facts of an element that decide what drawing it costs."""

    __slots__ = (
        *("canvases", "children", "cost", "is_layer", "letters", "markers", "name", "outline"),
        *("paints", "parent", "references"),
    )

    def __init__(
        self, name: str, attributes: Mapping[str, str], parent: "Element | None" = None
    ) -> None:
        self.name = name
        self.parent = parent
        self.children: list[Element] = []
        self.references: list[str] = []
        self.paints: list[str] = []  # paints and markers that elements within it inherit
        self.markers: list[str] = []
        self.letters = 0
        self.cost: Cost | None = None
        style = attributes.get("style", "")
        stated = any(attributes.get(key, "") not in _NEUTRAL for key in _LAYER_ATTRIBUTES)
        self.is_layer = name in _LAYER_ELEMENTS or stated or bool(_LAYERING.search(style))
        self.canvases = 2 if name == "filter" else int(self.is_layer)
        if name == "filter" and any(_LONG.search(attributes.get(key, "")) for key in _REGION):
            self.canvases += REGION_CANVASES
        for key, value in attributes.items():
            local = key.rpartition(":")[2]
            if local == "href" and name != "a" and value.strip().startswith("#"):
                self.references.append(value.strip()[1:])
            elif "url(" in value:
                found = _REFERENCE.findall(value)
                is_marker = "marker" in key or "marker" in style
                (self.markers if is_marker else self.references).extend(found)
                if _INHERITED.search(key):
                    self.paints += found
        self.outline = attributes.get("d", attributes.get("points", "")) if self.markers else ""

    def inherited(self) -> Iterator[str]:
        """Yield the paints and markers of the elements around this one."""
        parent = self.parent
        while parent:
            yield from parent.paints
            parent = parent.parent


class Markup:
    """The elements of a drawing and the names by which they refer to one another."""

    def __init__(self) -> None:
        self.by_id: dict[str, Element] = {}
        self.sheet = ""  # the text of its style elements
        self._path: list[Element] = []
        self._roots: list[Element] = []
        self._count = 0
        self._sheet_references: list[str] = []
        self._sheet_layers = False
        self._open: set[Element] = set()  # weighed now, since a style sheet's reference

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take an element's start."""
        parent = self._path[-1] if self._path else None
        element = Element(name, attributes, parent)
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise _too_complex(f"has over {MAX_ELEMENTS} elements")
        if parent:
            parent.children.append(element)
            if parent.name == "filter":
                parent.canvases += 1  # each result may be used again
        else:
            self._roots.append(element)
        self._path.append(element)
        if len(self._path) > MAX_DEPTH:
            raise _too_complex(f"nests its elements over {MAX_DEPTH} deep")
        if "id" in attributes:
            self.by_id.setdefault(attributes["id"], element)

    def end(self) -> None:
        """Take an element's end."""
        self._path.pop()

    def text(self, text: str) -> None:
        """Take text, of which that of style sheets counts."""
        if self._path and self._path[-1].name == "style":
            self.sheet += text

    def letters(self, count: int) -> None:
        """Take some letters of text that are drawn."""
        self._path[-1].letters += count

    def weigh(self) -> tuple[int, int]:
        """Return the most canvases held at once, and the letters; or reject as ``too_complex``."""
        names = _REFERENCE.findall(self.sheet)
        self._sheet_references = [name for name in names if name in self.by_id]
        self._sheet_layers = bool(_LAYERING.search(self.sheet))
        costs = [self._weigh(root, 1) for root in self._roots]
        return max((cost[3] for cost in costs), default=0), sum(cost[4] for cost in costs)

    def _weigh(self, element: Element, level: int) -> Cost:
        # An element weighed before may be referred to from a deeper one.
        if level + (element.cost[1] if element.cost else 1) - 1 > MAX_DEPTH:
            raise _too_complex(f"nests its elements over {MAX_DEPTH} deep")
        if element.cost:
            return element.cost
        element.cost = _CIRCLE
        self._open.add(element)
        elements, levels, inner, canvases, letters = 1, 0, 0, 0, element.letters
        for child in element.children:
            cost = self._weigh(child, level + 1)
            elements, letters = elements + cost[0], letters + cost[4]
            levels = max(levels, cost[1])
            inner, canvases = max(inner, cost[2]), max(canvases, cost[3])
        for target, times, is_stated in self._targets(element):
            if is_stated and target in self._open:
                raise _too_complex("has elements that refer to one another in a circle")
            around = self._open
            self._open = around if is_stated else set()
            cost = self._weigh(target, level + 1)
            self._open = around
            elements, letters = elements + cost[0] * times, letters + cost[4] * times
            levels = max(levels, cost[1])
            inner, canvases = max(inner, cost[2] + 1), max(canvases, cost[3])
        self._open.discard(element)
        is_layer = element.is_layer or (self._sheet_layers and bool(element.children))
        layers = inner + is_layer
        if elements + letters > MAX_ELEMENTS:
            what = f"has over {MAX_ELEMENTS} elements and letters, with those it refers to"
            raise _too_complex(what)
        if layers > MAX_LAYERS:
            raise _too_complex(f"nests its layers and references over {MAX_LAYERS} deep")
        canvases += max(element.canvases, int(is_layer))
        element.cost = (elements, levels + 1, layers, canvases, letters)
        return element.cost

    def _targets(self, element: Element) -> Iterator[tuple[Element, int, bool]]:
        """Yield the elements that are drawn for one that refers to them, and how often.

        Last comes whether it does for certain: what a style sheet refers to, any element may.
        """
        times = 1 + len(_VERTEX.findall(element.outline))
        yield from ((self.by_id[n], times, True) for n in element.markers if n in self.by_id)
        is_drawn = element.name in _DRAWN
        inherited = element.inherited() if is_drawn else ()
        for names, is_stated in (
            (element.references, True),
            (self._sheet_references, False),
            (inherited, True),
        ):
            for target in (self.by_id[name] for name in names if name in self.by_id):
                if target.name in _DRAWN or is_drawn or element.name in _COPYING:
                    yield target, 1, is_stated and not (target is element and names is inherited)


def _too_complex(what: str) -> Rejected:
    return Rejected(Reason.TOO_COMPLEX, f"This drawing {what}.")
