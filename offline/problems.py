"""What is wrong with a file that a person wrote, and its values as a message may show them."""

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offline import yamlfile

SHOWN_CHARACTERS = 80


# The program has a class like it. This is not shared: the program that is evaluated may be another revision's.
@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file: the key, the value as far as it can be shown, the reason and the cure."""

    key: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"  {self.key} = {self.value}\n    reason: {self.reason}\n    cure:   {self.cure}"


def shown(value: object) -> str:
    """`value` on one line, printable and short, as a message may show it."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    text = ascii(text[: SHOWN_CHARACTERS + 1])[1:-1].replace("\\'", "'")
    return f'"{text}"' if len(text) <= SHOWN_CHARACTERS else f'"{text[:SHOWN_CHARACTERS]}…"'


def printable(text: str) -> str:
    """`text` as `shown` shows it, without the quotes; of an empty text, these alone."""
    return shown(text)[1:-1] or '""'


def kind_of(value: Any) -> str:
    """What a value that stands in the wrong place is, in words: "a list"."""
    return {dict: "a map", list: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")


def read(path: Path, problems: list[Problem]) -> bytes | None:
    """The content of a YAML file; None if it cannot be had, and why is added to `problems`."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            reason, cure = "it is not a file", "put a YAML file there"
        elif status.st_size > yamlfile.MOST_BYTES:
            reason, cure = f"it has {status.st_size} bytes", f"keep it below {yamlfile.MOST_BYTES}"
        else:
            return path.read_bytes()
    except OSError as error:
        reason, cure = f"it cannot be read: {error.strerror}", "make it readable"
    problems.append(Problem(path.name, '""', reason, cure))
    return None


def of_flaw(flaw: yamlfile.Flaw, file: str, project: str | None) -> Problem:
    """What is wrong with a YAML file, told by the setting: those of a stack's file are a `project`'s."""
    path = [printable(str(part)) for part in flaw.path]
    if project is not None and path[:1] == ["config"] and len(path) > 1:
        key, *inner = path[1:]
        key = key if ":" in key else f"{project}:{key}"
        reason = f"at {''.join(f'[{part}]' for part in inner)}: {flaw.reason}" if inner else flaw.reason
        return Problem(key, shown(flaw.text), reason, flaw.cure)
    where = ".".join(path)
    return Problem(f"{file}: {where}" if where else file, shown(flaw.text), flaw.reason, flaw.cure)
