"""Reads what may be anything: JSON in the provider's spelling, with words where something is not known yet."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "[unknown]"
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}")


def is_unknown(value: Any) -> bool:
    """Whether a value is known only after the deployment, or hidden: it breaks no rule."""
    return isinstance(value, str) and (value in (UNKNOWN, "[secret]") or _PLACEHOLDER.fullmatch(value) is not None)


def is_partly_unknown(value: Any) -> bool:
    """Whether a list, or something in it, is not known yet: what it lacks may still come."""
    return is_unknown(value) or any(is_unknown(each) for each in as_list(value))


def at(value: Any, *path: str) -> Any:
    """What is at a path of keys: None if nothing is, and `UNKNOWN` if something on the way is not known."""
    for key in path:
        if is_unknown(value):
            return UNKNOWN
        value = as_map(value).get(key)
    return UNKNOWN if is_unknown(value) else value


def as_map(value: Any) -> Mapping[str, Any]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


def as_maps(value: Any) -> list[Mapping[str, Any]]:
    """The maps in a list of them; what is not known yet is left out."""
    return [each for each in as_list(value) if isinstance(each, Mapping)]


def as_texts(value: Any) -> list[str]:
    """The texts of what is a text or a list of them."""
    return [value] if isinstance(value, str) else [each for each in as_list(value) if isinstance(each, str)]


def as_number(value: Any) -> float | None:
    """A number, also of a text; None if it is none."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def is_on(value: Any) -> bool:
    """Whether a switch is on for certain. Some providers spell it as a text."""
    return str(value).lower() == "true"


def is_off(value: Any) -> bool:
    """Whether a switch is off for certain, or not there."""
    return not is_unknown(value) and not is_on(value)


def is_missing(value: Any) -> bool:
    """Whether a value is not there, or empty."""
    return not is_unknown(value) and not value
