"""How one value differs from another, field by field."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = "(none)"
# What tells the items of a list apart when they move.
IDENTITIES = ("name", "key", "Sid", "domainName", "containerPort", "topologyKey")


@dataclass(frozen=True)
class FieldChange:
    """One input that differs: its dotted path, both values (see `is_absent`), and whether it replaces the resource.

    `note` stands for the values where both are placeholders that look the same.
    """

    path: str
    before: Any
    after: Any
    replaces: bool = False
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The change as the JSON output has it; a value that is absent is left out."""
        values = {"before": self.before, "after": self.after}
        present = {key: value for key, value in values.items() if value is not MISSING}
        optional = {"replaces": self.replaces, "note": self.note}
        return {"path": self.path, **present, **{key: value for key, value in optional.items() if value}}


class _Missing:
    def __repr__(self) -> str:
        return ABSENT


MISSING = _Missing()


def is_absent(value: object) -> bool:
    """Whether a side of a change has no value there."""
    return value is MISSING


def differences(before: Any, after: Any, path: str) -> Iterator[FieldChange]:
    """The fields in which two values differ; JSON in a text is compared as what it stands for.

    Args:
        before: the earlier value, `MISSING` where there was none.
        after: the later one.
        path: where both stand; empty for the whole.
    """
    if _same(before, after):
        return
    documents = _document(before), _document(after)
    if isinstance(before, str) and isinstance(after, str) and None not in documents:
        before, after = documents
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from differences(before.get(key, MISSING), after.get(key, MISSING), inner)
    elif isinstance(before, list) and isinstance(after, list):
        identity = _identity(before, after)
        if identity is None and (len(before) != len(after) or not all(map(_is_nested, [*before, *after]))):
            yield FieldChange(path, before, after)
            return
        pairs = _by_identity(before, after, identity) if identity else _by_index(before, after)
        for label, old, new in pairs:
            yield from differences(old, new, f"{path}[{label}]")
    else:
        yield FieldChange(path, before, after)


def _same(before: Any, after: Any) -> bool:
    # To Python 1 and True are equal; to a provider they are not.
    return before == after and json.dumps(before, sort_keys=True, default=repr) == json.dumps(
        after, sort_keys=True, default=repr
    )


def _document(value: Any) -> Any:
    """The value of a text that is a JSON map or list."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return None


def _is_nested(item: Any) -> bool:
    return isinstance(item, dict | list)


def _identity(before: list[Any], after: list[Any]) -> str | None:
    items = [*before, *after]
    for key in IDENTITIES:
        if items and all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
            sides = ([item[key] for item in side] for side in (before, after))
            if all(len(set(names)) == len(names) for names in sides):
                return key
    return None


def _by_identity(before: list[Any], after: list[Any], key: str) -> Iterator[tuple[str, Any, Any]]:
    old, new = {item[key]: item for item in before}, {item[key]: item for item in after}
    for name in [*old, *(name for name in new if name not in old)]:
        yield str(name), old.get(name, MISSING), new.get(name, MISSING)


def _by_index(before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        yield str(index), old, new
