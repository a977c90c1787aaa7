"""JSON as Go writes it, which is how the engine hands on a setting that is no text."""

import json
from decimal import Decimal
from typing import Any


def text(value: Any) -> str:
    """A setting's value as the program gets it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else written(value)


def written(value: Any) -> str:
    """A value (maps, lists, text, finite numbers, booleans, None) as JSON.

    Its keys are sorted, it has no spaces, `<`, `>` and `&` are escaped, and numbers are in Go's form.
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{written(str(key))}:{written(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, float):
        return _go_float(value)
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _go_float(value: float) -> str:
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        mantissa, _, exponent = f"{value:.17e}".partition("e")
    mantissa = mantissa.removesuffix(".0")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}e{sign}{exponent.lstrip('+-').lstrip('0') or '0'}"
