"""A picture as SVG: the same picture is the same bytes, and no text of a plan is ever markup."""

from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from offline.plain import plain
from report.shapes import Arrow, Box, Picture, Text

STYLE = Path(__file__).parent / "templates" / "picture.css"
RADIUS = {"frame": 12, "zone": 10, "public": 8, "private": 8, "isolated": 8}
HEAD = 7.0


def svg(picture: Picture) -> str:
    """The picture as one `<svg>` element that needs nothing else."""
    size = f"{_number(picture.width)} {_number(picture.height)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" aria-labelledby="picture-title '
        f'picture-words" viewBox="0 0 {size}" width="{_number(picture.width)}" height="{_number(picture.height)}">',
        f'<title id="picture-title">{_text(picture.title)}</title>',
        f'<desc id="picture-words">{_text(picture.description)}</desc>',
        f"<style>{_style()}</style>",
        # The page that the picture stands in may have another ground than the reader's scheme.
        f'<rect class="ground" width="{_number(picture.width)}" height="{_number(picture.height)}" rx="12"/>',
        *map(_box, picture.boxes),
        *map(_arrow, picture.arrows),
        *map(_line, picture.labels),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@cache
def _style() -> str:
    return STYLE.read_text("utf-8")


def _box(box: Box) -> str:
    title = f"<title>{_text(box.about)}</title>" if box.about else ""
    place = f'x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" height="{_number(box.height)}"'
    rect = f'<rect class="{box.kind}" {place} rx="{RADIUS.get(box.kind, 6)}"/>'
    return f'<g class="box">{title}{rect}{"".join(map(_line, box.texts))}</g>'


def _line(text: Text) -> str:
    anchor = "" if text.anchor == "start" else ' text-anchor="middle"'
    return (
        f"<text class={quoteattr(text.style)} "
        f'x="{_number(text.x)}" y="{_number(text.y)}"{anchor}>{_text(text.content)}</text>'
    )


def _arrow(arrow: Arrow) -> str:
    path = " ".join(f"{_number(x)},{_number(y)}" for x, y in arrow.points)
    heads = [_head(arrow.points[-2], arrow.points[-1]), *([_head(*arrow.points[1::-1])] if arrow.both else [])]
    style = "arrow dashed" if arrow.dashed else "arrow"
    return f'<g><title>{_text(arrow.about)}</title><polyline class="{style}" points="{path}"/>{"".join(heads)}</g>'


def _head(before: tuple[float, float], tip: tuple[float, float]) -> str:
    """The head of an arrow that comes from `before`; every part of an arrow is upright or level."""
    (x, y), along = tip, (_sign(tip[0] - before[0]), _sign(tip[1] - before[1]))
    back, across = (x - along[0] * HEAD, y - along[1] * HEAD), (along[1] * HEAD / 2, along[0] * HEAD / 2)
    corners = [(x, y), (back[0] + across[0], back[1] + across[1]), (back[0] - across[0], back[1] - across[1])]
    return f'<polygon class="head" points="{" ".join(f"{_number(a)},{_number(b)}" for a, b in corners)}"/>'


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(plain(text))
