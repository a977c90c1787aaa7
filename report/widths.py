"""How wide text is, before a browser knows: pure arithmetic.

The widths are DejaVu Sans's, in thousandths of the font's size, measured with Chromium's `measureText`. It is among the
widest fonts that a browser takes for `system-ui`, so what fits with it fits with the others.
"""

from offline.plain import plain

_FIRST = 32
_REGULAR = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
)  # fmt: skip
_BOLD = (
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696, 696,
    696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 372, 775, 637, 995,
    837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716,
    678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712,
    365, 712, 838,
)  # fmt: skip
# What the pictures use besides ASCII. Any other character may come from any font.
_OTHERS = {"·": 380, "\N{MULTIPLICATION SIGN}": 838, "…": 1000}
_UNKNOWN = 1250
ELLIPSIS = "…"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide `text` is at most, in the unit of `size` (the font's)."""
    table = _BOLD if bold else _REGULAR
    total = 0
    for character in text:
        index = ord(character) - _FIRST
        total += table[index] if 0 <= index < len(table) else _OTHERS.get(character, _UNKNOWN)
    return total * size / 1000


def fitted(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """`text` on one line, or as much of its beginning as fits into `room` with an ellipsis behind it.

    What cannot be seen is written out here, since that takes room too.
    """
    text = plain(" ".join(text.split()))
    if width(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and width(kept + ELLIPSIS, size, bold=bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def wrapped(words: str, room: float, size: float, most: int) -> list[str]:
    """`words` in at most `most` lines, each of which fits into `room`."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (width(longer, size) <= room or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(word)
    return [fitted(line, room, size) for line in lines]
