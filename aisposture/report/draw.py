"""Paths drawn as SVG: the main path from left to right, branches in lanes below, each hop a link to its evidence.

Colours, strokes and fonts are left to the classes of the page's style sheet; symbols named ``#i-...`` are the page's.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from aisposture.model.finding import Finding, Hop, Node
from aisposture.model.graph import Label, State
from aisposture.report.text import edge_words, kind_words, middle, name_of, visible
from aisposture.report.walks import Step, of_finding

HEIGHT, LANE = 60, 26
NARROW, WIDE = 92, 150
"""Least and greatest width of a node."""

LETTER = 6.8
"""Width that a letter of a name may take, generously, in the fonts that browsers come with."""

MARGIN = 6
LONG = 1400
"""Width from which a drawing keeps its size and is scrolled, where narrower ones shrink to fit."""

_DOWN = HEIGHT + LANE

ICONS: dict[Label, str] = {
    Label.INTERNET: "world",
    Label.ANONYMOUS: "world",
    Label.ANY_ACCOUNT: "world",
    Label.ANY_AUTHENTICATED: "world",
    Label.EXT_AUTHOR: "person",
    Label.EXT_ACCOUNT: "world",
    Label.INSIDER: "person",
    Label.VENDOR: "person",
    Label.AGENT: "agent",
    Label.AGENT_VERSION: "agent",
    Label.TOOL: "tool",
    Label.GATEWAY: "tool",
    Label.MCP_SERVER: "tool",
    Label.SECRET: "secret",
    Label.CREDENTIAL: "secret",
    Label.KEY: "secret",
    Label.IDENTITY: "identity",
    Label.GROUP: "identity",
    Label.KNOWLEDGE: "book",
    Label.MEMORY: "book",
    Label.PROMPT: "book",
    Label.DATA_STORE: "data",
    Label.VECTOR_STORE: "data",
    Label.ENDPOINT: "door",
    Label.CHANNEL: "door",
    Label.APPROVAL: "shield",
    Label.GUARDRAIL: "shield",
    Label.POLICY_ENGINE: "shield",
    Label.BOUNDARY: "shield",
    Label.SINK: "crown",
    Label.ACCOUNT: "crown",
    Label.ORGANIZATION: "crown",
}
"""The symbol of a node: that of the first of these labels it carries, else a plain box."""

_CLASSES = {
    "world": "out",
    "person": "out",
    "agent": "agent",
    "data": "data",
    "crown": "data",
    "secret": "key",
}


class Cell(NamedTuple):
    """A place in the drawing, counted from the left and from the top."""

    column: int
    lane: int


def icon_of(node: Node | None) -> str:
    """The name of the symbol that stands for ``node``."""
    labels = node.labels if node is not None else ()
    return next((icon for label, icon in ICONS.items() if label in labels), "box")


def subtitle(node: Node | None) -> str:
    """What a node is, in a few words."""
    if node is None:
        return ""
    whole = kind_words(node.kind) if node.kind else " ".join(_words(label) for label in node.labels)
    room = 12 if flag(node) else 16
    return whole if len(whole) <= room else middle(kind_words(node.kind.rpartition(".")[2]) or whole, room)


def flag(node: Node | None) -> str:
    """The class that makes a node worth having: sensitivity of data, tier of an identity."""
    attrs = node.attrs if node is not None else {}
    return str(attrs.get("sensitivity") or attrs.get("tier") or "")


def _words(label: Label) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label.value).lower()


def _lines(name: str, width: int = 16) -> tuple[str, ...]:
    """``name`` on one line or two, broken at a separator where there is one in reach."""
    if len(name) <= width:
        return (name,)
    breaks = [found.end() for found in re.finditer(r"[-_./ :]", name[:width])]
    at = breaks[-1] if breaks and breaks[-1] > width // 3 else width
    return name[:at], middle(name[at:], width)


class _Drawing:
    """Cells of the nodes of one finding, and the hops between them."""

    def __init__(self, finding: Finding) -> None:
        self.places: list[tuple[str, Cell]] = []
        self.hops: list[tuple[Cell, Cell, Hop, str, int]] = []
        self._taken: set[Cell] = set()
        self._first: dict[str, Cell] = {}
        number = 0
        for index, (walk, found) in enumerate(of_finding(finding)):
            if found:
                self._walk(found, index > 0, walk.role, number)
            number += len(found)
        left = min((cell.column for _, cell in self.places), default=0)
        self.places = [(node, self._shift(cell, left)) for node, cell in self.places]
        self.hops = [
            (self._shift(a, left), self._shift(b, left), hop, role, n) for a, b, hop, role, n in self.hops
        ]

    @staticmethod
    def _shift(cell: Cell, left: int) -> Cell:
        return Cell(cell.column - left, cell.lane)

    def _put(self, node: str, cell: Cell) -> Cell:
        self.places.append((node, cell))
        self._taken.add(cell)
        self._first.setdefault(node, cell)
        return cell

    def _walk(self, found: list[Step], branch: bool, role: str, number: int) -> None:
        start = self._first.get(found[0].start) if branch else None
        if start is None:
            lane = 1 + max((cell.lane for cell in self._taken), default=-1)
            here = self._put(found[0].start, Cell(0, lane))
        else:
            here = start
        toward = 1 if not branch or found[0].hop.forward else -1
        fresh = [step for step in found if not (branch and step.end in self._first)]
        lane = here.lane if not branch else self._free(here.column, toward, len(fresh))
        for offset, step in enumerate(found, start=number + 1):
            there = self._first.get(step.end) if branch else None
            if there is None:
                there = self._put(step.end, Cell(here.column + toward, lane))
            self.hops.append((here, there, step.hop, role, offset))
            here = there

    def _free(self, column: int, toward: int, length: int) -> int:
        wanted = range(1, length + 1)
        lane = 1
        while any(Cell(column + toward * step, lane) in self._taken for step in wanted):
            lane += 1
        return lane


class _Grid:
    """Where columns stand: each is as wide as its widest node, each gap as wide as its widest label."""

    def __init__(self, drawing: _Drawing, nodes: Mapping[str, Node]) -> None:
        last = max(cell.column for _, cell in drawing.places)
        self.widths = [NARROW] * (last + 1)
        gaps = [52] * (last + 1)
        for node, cell in drawing.places:
            self.widths[cell.column] = max(self.widths[cell.column], _width(node, nodes))
        for start, end, hop, _, _ in drawing.hops:
            if abs(start.column - end.column) == 1:
                room = max(len(line) for line in _label(hop)) * 6 + 22
                at = min(start.column, end.column)
                gaps[at] = max(gaps[at], room)
        self.lefts = [MARGIN]
        for width, gap in zip(self.widths, gaps, strict=True):
            self.lefts.append(self.lefts[-1] + width + gap)
        self.width = self.lefts[last] + self.widths[last] + MARGIN
        self.height = 2 * MARGIN + max(cell.lane for _, cell in drawing.places) * _DOWN + HEIGHT

    def corner(self, cell: Cell) -> tuple[int, int]:
        """Left and top of the node in ``cell``."""
        return self.lefts[cell.column], MARGIN + cell.lane * _DOWN

    def line(self, start: Cell, end: Cell) -> tuple[str, int, int]:
        """The path data from one cell to another, and where its label stands."""
        (left, top), (right, bottom) = self.corner(start), self.corner(end)
        own, other = self.widths[start.column], self.widths[end.column]
        half = HEIGHT // 2
        if start.column == end.column:
            x = left + own // 2
            y1, y2 = (top + HEIGHT, bottom) if start.lane < end.lane else (top, bottom + HEIGHT)
            return f"M{x} {y1}V{y2}", x, (y1 + y2) // 2
        onward = start.column < end.column
        x1, x2 = (left + own, right) if onward else (left, right + other)
        y1, y2 = top + half, bottom + half
        if y1 == y2 and abs(start.column - end.column) == 1:
            return f"M{x1} {y1}H{x2}", (x1 + x2) // 2, y1
        if y1 == y2:
            x1, x2, y = left + own // 2, right + other // 2, top + HEIGHT + LANE - 8
            return f"M{x1} {top + HEIGHT}C{x1} {y} {x2} {y} {x2} {top + HEIGHT}", (x1 + x2) // 2, y
        bend = (x1 + x2) // 2
        return f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}", bend, (y1 + y2) // 2


def _label(hop: Hop) -> list[str]:
    words = edge_words(hop.kind).split()
    line = " ".join(words)
    return [line] if len(line) <= 15 else [" ".join(words[:-1]), words[-1]]


def _hop(grid: _Grid, start: Cell, end: Cell, hop: Hop, style: str, link: str) -> str:
    data, x, y = grid.line(start, end) if hop.forward else grid.line(end, start)
    lines = _label(hop)
    label = "".join(
        f'<text x="{x}" y="{y - 6 - 12 * (len(lines) - 1 - at)}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    weight = (
        f'<text x="{x}" y="{y + 15}" class="w">\u00d7{hop.weight:.2f}</text>' if hop.weight != 1.0 else ""
    )
    return f'<a href="#{link}" class="{style}"><path d="{data}"/>{label}{weight}</a>'


def _style(hop: Hop, role: str) -> str:
    style = "e" if hop.state is State.CONFIRMED else "e m"
    return f"{style} u" if role == "unless" else style


def _width(node: str, nodes: Mapping[str, Node]) -> int:
    lines = _lines(visible(name_of(node, nodes)))
    mark = flag(nodes.get(node))
    below = len(subtitle(nodes.get(node))) * 0.92 + (len(mark) + 2 if mark else 0)
    return max(NARROW, min(WIDE, round(40 + LETTER * max(*map(len, lines), below))))


def _node(grid: _Grid, node: str, cell: Cell, nodes: Mapping[str, Node]) -> str:
    known = nodes.get(node)
    icon, name, mark = icon_of(known), visible(name_of(node, nodes)), visible(flag(known), 6)
    x, y = grid.corner(cell)
    width = grid.widths[cell.column]
    lines = _lines(name)
    texts = "".join(
        f'<text x="30" y="{(22 if len(lines) == 1 else 19) + 15 * at}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    title = f"<title>{escape(visible(node))}</title>" if len(lines) > 1 else ""
    chip = f'<text x="{width - 10}" y="51" class="c">{escape(mark)}</text>' if mark else ""
    return (
        f'<g class="n {_CLASSES.get(icon, "")}" transform="translate({x} {y})">{title}'
        f'<rect width="{width}" height="{HEIGHT}" rx="10"/><use href="#i-{icon}"/>{texts}'
        f'<text x="30" y="51" class="s">{escape(visible(subtitle(known)))}</text>{chip}</g>'
    )


def path(finding: Finding, nodes: Mapping[str, Node], anchor: str) -> str:
    """The paths of ``finding`` as one SVG element, or "" where it has none.

    The hop with number ``n`` (counted over all walks) links to ``#<anchor>-<n>``.
    """
    drawing = _Drawing(finding)
    if not drawing.hops:
        return ""
    grid = _Grid(drawing, nodes)
    hops = "".join(
        _hop(grid, start, end, hop, _style(hop, role), f"{anchor}-{number}")
        for start, end, hop, role, number in drawing.hops
    )
    boxes = "".join(_node(grid, node, cell, nodes) for node, cell in drawing.places)
    long = ' class="long"' if grid.width > LONG else ""
    return (
        f'<svg{long} viewBox="0 0 {grid.width} {grid.height}" width="{grid.width}" height="{grid.height}" '
        f'role="group" aria-label="Path in {len(drawing.hops)} hops">{hops}{boxes}</svg>'
    )
