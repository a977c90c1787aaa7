"""Text that others wrote, in Markdown that GitHub shows under our name.

A report comes from a pull request, and may come from a fork: whoever wrote it must not be able to mention people, link
anywhere, hide or forge our markers, or leave the place that the text is put into. All of that is prevented in one way:
a space of no width, put where GitHub would begin to read something into the text. What a preview needs stays: headings,
tables, lists, fences at the beginning of a line, and <details>.
"""

import re
from collections.abc import Sequence

NOTHING = "\u200b"
# The only tags that stay, each exactly so.
TAGS = r"<(?:/?details|details open|/?summary|/?sub|br)>"
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/?")
FENCE = re.compile(r"(`{3,})([^`]*)")
# Others, mermaid for instance, are drawn rather than shown.
LANGUAGES = frozenset(("diff", "text", "json", "yaml"))
HTML = re.compile(r" {0,3}<")
# Characters that cannot be seen, or turn the direction of what is read.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
# What is found is split by NOTHING after its first group.
SPLIT = tuple(
    re.compile(pattern)
    for pattern in (
        # A mention. Inside an address, as in repository@sha256:…, GitHub sees none.
        r"((?<![A-Za-z0-9])@)(?=[A-Za-z0-9])",
        # An issue or pull request, which would be told of it: #1, GH-1.
        r"(#)(?=\d)",
        r"((?<![A-Za-z0-9])(?i:gh)-)(?=\d)",
        # Links, pictures and their definitions.
        r"(\])(?=[(\[:])",
        r"(:)(?=//)",
        r"((?<![A-Za-z0-9])(?i:www))(?=\.)",
        # HTML, but for the tags.
        rf"(<)(?!{TAGS[1:]})(?=[A-Za-z/!?])",
        # A character by its number or name would be read after all of this.
        r"(&)(?!(?:amp|lt|gt|quot);)(?=#|[A-Za-z][A-Za-z0-9]*;)",
    )
)


def neutral(text: str) -> str:
    """`text` with its Markdown's look, and without what it could do; safe to be done twice."""
    plain = UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for pattern in SPLIT:
        plain = pattern.sub(rf"\1{NOTHING}", plain)
    lines: list[str] = []
    fence = ""
    for line in plain.split("\n"):
        if fence:
            fence = "" if _closes(line, fence) else fence
            lines.append(_without_tags(line) if fence else line)
        elif opening := FENCE.fullmatch(line):
            _end_html(lines)
            fence, language = opening[1], opening[2].strip()
            lines.append(fence + (language if language in LANGUAGES else ""))
        else:
            if line.strip():
                _end_html(lines)
            lines.append(_without_fences(line))
    return "\n".join(lines)


def code(text: str, language: str = "") -> str:
    """`text` in a fence that it cannot close."""
    plain = UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain}\n{fence}"


def address(text: str) -> str:
    """`text` as it is if it is the address of a host, which GitHub links; else neutral, on one line."""
    return text if ADDRESS.fullmatch(text) else neutral(" ".join(text.split()))


def fit(text: str, most: int, note: str) -> str:
    """`text`, cut after a line if it has more than `most` characters; fences and folds that are open are closed.

    Args:
        text: neutral Markdown.
        most: of what is handed back, the note with it.
        note: stands at the end of what was cut.
    """
    if size(text) <= most and not _open(text.split("\n")):
        return text
    lines, end = text.split("\n"), f"\n\n{note}"
    cut = size(text) > most
    room = most - (size(end) if cut else 0)
    kept = _longest(lines, room)
    whole = "\n".join([*lines[:kept], *_open(lines[:kept])])
    return f"{whole}{end}" if cut else whole


def size(text: str) -> int:
    """The length as the strictest way of counting has it, in which an emoji is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _end_html(lines: list[str]) -> None:
    # A block of HTML lasts until an empty line, and hides a fence from GitHub.
    if lines and HTML.match(lines[-1]):
        lines.append("")


def _longest(lines: Sequence[str], room: int) -> int:
    """How many of the lines fit, with what closes them."""
    used, fits = 0, 0
    fence, folds = "", 0
    for number, line in enumerate(lines, 1):
        used += size(line) + 1
        if used > room:
            break
        fence, folds = _after(line, fence, folds)
        if used + sum(size(closing) + 1 for closing in _closings(fence, folds)) <= room:
            fits = number
    return fits


def _open(lines: Sequence[str]) -> list[str]:
    fence, folds = "", 0
    for line in lines:
        fence, folds = _after(line, fence, folds)
    return _closings(fence, folds)


def _closings(fence: str, folds: int) -> list[str]:
    return [*([fence] if fence else []), *(["", "</details>"] * folds)]


def _after(line: str, fence: str, folds: int) -> tuple[str, int]:
    """The open fence and the number of open folds after a line."""
    if fence:
        return ("" if _closes(line, fence) else fence), folds
    if opening := FENCE.fullmatch(line):
        return opening[1], folds
    for tag in re.findall(r"</?details(?: open)?>", line):
        folds = max(0, folds - 1) if tag.startswith("</") else folds + 1
    return "", folds


def _closes(line: str, fence: str) -> bool:
    return re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}[ \t]*", line) is not None


def _without_fences(line: str) -> str:
    """A fence that does not begin its line belongs to a list or a quotation, whose end nobody here can tell."""
    return re.sub(r"(``|~~)(?=[`~])", rf"\1{NOTHING}", line)


def _without_tags(line: str) -> str:
    return re.sub(rf"<(?={TAGS[1:]})", f"<{NOTHING}", line)
