"""Text that a person can see, whatever somebody wrote."""

import json
from typing import Any

import yaml


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML asks so.
        # What stands in two places is written twice: a reader should not have to look for an anchor.
        return True


def as_yaml(value: Any) -> str:
    """A plain JSON value as YAML; characters that cannot be seen are YAML's own escapes."""
    options: dict[str, Any] = {"Dumper": _Dumper, "sort_keys": False, "width": 2**20, "default_flow_style": False}
    written: str = yaml.dump(value, allow_unicode=True, **options)
    if all(line.isprintable() for line in written.split("\n")):
        return written
    escaped: str = yaml.dump(value, allow_unicode=False, **options)
    return escaped


def opened(value: Any) -> Any:
    """`value` with the JSON documents in it, e.g. IAM policies, as what they say."""
    if isinstance(value, dict):
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            found = json.loads(value)
            # Half of a pair, and what is no number, have no form of their own in a page: they stay as written.
            json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
            return found
        except (ValueError, RecursionError):
            return value
    return value


def short(value: Any, longest: int = 200) -> str:
    """A value in one line of at most `longest` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def plural(number: int, noun: str) -> str:
    """`number` of what a noun says, which takes an s."""
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
