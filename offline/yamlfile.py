"""YAML as the engine reads it, read with suspicion.

The engine reads with Go's yaml.v3, whose scalars differ from PyYAML's: `yes` and `1:30` are text, `0o17` is a number.
So only the parser is PyYAML's, and what its events stand for is decided here. What could mean two things is refused.
"""

import datetime
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

# The parser in C is that which Go's was made from; the one in Python refuses tabs that both take.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES = 1_000_000
MOST_DEPTH = 32
MOST_VALUES = 20_000
MOST_CHARACTERS = MOST_BYTES
MOST_NUMBER = 10**300

_INTEGER = re.compile(r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})([Tt ]+\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?\s*(Z|[-+]\d{1,2}(:?\d\d)?)?)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_NUMBERS = {".nan", ".NaN", ".NAN"} | {
    f"{sign}{word}" for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
}


@dataclass(frozen=True)
class Flaw:
    """Something in a file that is refused: where (keys and indices from the top), the text, why, and what to do."""

    path: tuple[str | int, ...]
    text: str
    reason: str
    cure: str


@dataclass
class _Frame:
    """A mapping or sequence under construction."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    # What had been counted before it: values and characters.
    start: tuple[int, int]
    key: str | None = None
    has_key: bool = False
    # The value of a key that is refused is read, so that it is well-formed, and dropped.
    dropped: bool = False


@dataclass
class _Reader:
    flaws: list[Flaw] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    # What an anchor stands for, and how many values and characters that is.
    anchors: dict[str, tuple[Any, int, int]] = field(default_factory=dict)
    values: int = 0
    characters: int = 0
    result: Any = None
    documents: int = 0

    def path(self) -> tuple[str | int, ...]:
        return tuple(
            (frame.key if frame.key is not None else "?") if isinstance(frame.value, dict) else len(frame.value)
            for frame in self.stack
        )

    def flaw(self, text: str, reason: str, cure: str, path: tuple[str | int, ...] | None = None) -> None:
        self.flaws.append(Flaw(self.path() if path is None else path, text, reason, cure))

    def wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and not self.stack[-1].has_key

    def count(self, values: int, characters: int = 0) -> None:
        self.values += values
        self.characters += characters
        for what, counted, most in (
            ("values", self.values, MOST_VALUES),
            ("characters", self.characters, MOST_CHARACTERS),
        ):
            if counted > most:
                raise _StopError(f"it has more than {most} {what}, aliases expanded", "keep configuration small")

    def add(self, value: Any) -> None:
        if not self.stack:
            self.result = value
            return
        frame = self.stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        if not frame.has_key:
            self._key(frame, value)
            return
        if not frame.dropped and frame.key is not None:
            frame.value[frame.key] = value
        frame.has_key, frame.key, frame.dropped = False, None, False

    def _key(self, frame: _Frame, value: Any) -> None:
        above = self.path()[:-1]
        frame.has_key, frame.key = True, str(value)
        if not isinstance(value, str):
            frame.dropped = True
            self.flaw(
                _text(value),
                f"a key that is {_kind(value)}, not text",
                "put the key in quotes, or remove it",
                (*above, frame.key),
            )
        elif value == "<<":
            frame.dropped = True
            self.flaw("<<", "merge keys are not read", "write the keys out", (*above, value))
        elif value in frame.value:
            frame.dropped = True
            self.flaw(value, "the key is there twice", "keep one of the two", (*above, value))


class _StopError(Exception):
    """The rest of the file is not looked at."""

    def __init__(self, reason: str, cure: str) -> None:
        self.reason, self.cure = reason, cure
        super().__init__(reason)


def read(content: bytes) -> tuple[Any, list[Flaw]]:
    """Parse one YAML document.

    Args:
        content: the file.

    Returns:
        The value (text, numbers, booleans, None, lists, and maps with text keys), and what is wrong with the file. A
        scalar that is refused is there as its text.
    """
    reader = _Reader()
    try:
        for event in _events(content):
            _take(reader, event)
    except _StopError as stop:
        reader.flaw("", stop.reason, stop.cure, reader.path())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
        reader.flaw("", f"it is not YAML{where}: {why}", "correct that place; a stack file is a small YAML map", ())
    return reader.result, reader.flaws


def compose(text: str) -> yaml.Node | None:
    """The nodes of one YAML document, for whoever edits it; None of an empty one.

    Raises:
        yaml.YAMLError: it is none, or is nested deeper than `read` takes.
    """
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            # Composed in C, it would end the process without a word.
            raise yaml.YAMLError(f"it is nested more than {MOST_DEPTH} deep")
    return yaml.compose(text, Loader=LOADER)


def _events(content: bytes) -> Iterator[Any]:
    if len(content) > MOST_BYTES:
        raise _StopError(f"it has {len(content)} bytes", f"keep it below {MOST_BYTES}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _StopError(f"it is not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    yield from yaml.parse(text, Loader=LOADER)


def _take(reader: _Reader, event: Any) -> None:
    if isinstance(event, yaml.DocumentStartEvent):
        reader.documents += 1
        if reader.documents > 1:
            raise _StopError("it has a second document, which the engine would ignore", "remove the second ---")
        if event.version not in (None, (1, 1)):
            raise _StopError("the engine reads YAML 1.1 only, whatever is written", "remove the line with %YAML")
    elif isinstance(event, yaml.AliasEvent):
        _take_alias(reader, event)
    elif isinstance(event, yaml.ScalarEvent):
        reader.count(1, len(event.value))
        value = _scalar(reader, event)
        if event.anchor:
            reader.anchors[event.anchor] = (value, 1, len(event.value))
        reader.add(value)
    elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        _open(reader, event)
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        frame = reader.stack.pop()
        if frame.anchor:
            values, characters = frame.start
            reader.anchors[frame.anchor] = (frame.value, reader.values - values, reader.characters - characters)
        reader.add(frame.value)


def _take_alias(reader: _Reader, event: Any) -> None:
    reader.count(1)
    if event.anchor not in reader.anchors:
        # yaml.v3 refuses a value that contains itself; PyYAML would build it.
        raise _StopError(f"the alias *{event.anchor} stands inside what it stands for, or for nothing", "write it out")
    value, values, characters = reader.anchors[event.anchor]
    reader.count(values, characters)
    if reader.wants_key() and not isinstance(value, str):
        raise _StopError("a key is not text", "use text as a key")
    reader.add(value)


def _open(reader: _Reader, event: Any) -> None:
    reader.count(1)
    _refuse_tag(reader, event, {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
    if len(reader.stack) >= MOST_DEPTH:
        raise _StopError(f"it is nested more than {MOST_DEPTH} deep", "keep configuration flat")
    if reader.wants_key():
        raise _StopError("a key is a map or a list", "use text as a key")
    value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
    reader.stack.append(_Frame(value, event.anchor, (reader.values, reader.characters)))


def _scalar(reader: _Reader, event: Any) -> Any:
    text: str = event.value
    _refuse_tag(reader, event, {"tag:yaml.org,2002:str"})
    if not event.implicit[0] or event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _NOT_NUMBERS:
        reader.flaw(text, "it is no finite number", "give a number, or put the text in quotes")
        return text
    if (date := _DATE.fullmatch(text)) and _is_date(*map(int, date.groups()[:3])):
        reader.flaw(text, "YAML reads it as a date, and the engine hands on another text", "put it in quotes")
        return text
    return _number(reader, text)


def _number(reader: _Reader, text: str) -> Any:
    plain = text.replace("_", "")
    if text[:1] == "_":
        return text
    if _INTEGER.fullmatch(plain):
        sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.removeprefix("+"))
        octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        # More digits take Python time and memory to read; a larger number has no place in a float.
        number = sign * (int(digits, 8) if octal else int(digits, 0)) if len(digits) < 400 else 10**400
        if abs(number) > MOST_NUMBER:
            reader.flaw(text, "it is an absurdly long number", "give a number of a few digits")
            return text
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(plain):
        try:
            # Where a point comes first, Go takes underscores between digits only, as Python does.
            value = float(text if text[:1] == "." else plain)
        except ValueError:
            return text
        if not math.isfinite(value):
            reader.flaw(text, "it is no finite number", "give a number, or put the text in quotes")
            return text
        # The engine hands on a negative zero without its sign.
        return value or 0.0
    return text


def _refuse_tag(reader: _Reader, event: Any, harmless: set[str]) -> None:
    if event.tag not in (None, *harmless):
        reader.flaw(event.tag, "it has a YAML tag", "remove the tag; quotes make text of a value")


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    return {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "something else")


def _text(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )
