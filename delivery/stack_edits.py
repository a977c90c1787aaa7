"""Small edits of a stack's file that leave every other character of it alone. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import yaml

from offline import yamlfile

# Keys of the file itself that say who encrypts the stack's secrets, and with what.
SECRETS_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A file's new text, the keys that were written, and those that say something else already: key to value."""

    text: str
    written: tuple[str, ...]
    other: Mapping[str, str]


def edit(text: str, top: Mapping[str, str], config: Mapping[str, str]) -> Edited:
    """Let a stack's file have these values where it has none.

    Args:
        text: the file's.
        top: keys of the file itself, e.g. `secretsprovider`.
        config: keys of its `config`, e.g. `helloworld:deployRole`.

    A key without a value, or with an empty one, has none. What has another value keeps it.
    """
    written: list[str] = []
    other: dict[str, str] = {}
    for values, inside in ((config, True), (top, False)):
        # The last goes in first: each is put at the beginning.
        for key, value in reversed(list(values.items())):
            changed = _set(text, key, value, inside=inside, other=other)
            if changed != text:
                written.insert(0, key)
            text = changed
    return Edited(text=text, written=tuple(written), other=other)


def spellings(key: str) -> tuple[str, str, str]:
    """How a stack's file may write a `namespace:key` of its own project. Of two in one file the engine takes either."""
    namespace, _, name = key.partition(":")
    return key, f"{namespace}:config:{name}", name


def _set(text: str, key: str, value: str, *, inside: bool, other: dict[str, str]) -> str:
    document = _mapping(yamlfile.compose(text))
    config = next((node for name, node in document if name.value == "config"), None)
    places, written = (_mapping(config), spellings(key)) if inside else (document, (key,))
    for name, node in places:
        if name.value in written:
            if isinstance(node, yaml.ScalarNode) and node.value == "":
                gap = "" if text[node.start_mark.index - 1 :][:1] == " " else " "
                return f"{text[: node.start_mark.index]}{gap}{value}{text[node.end_mark.index :]}"
            if node.value != value:
                other[key] = text[node.start_mark.index : node.end_mark.index].strip()
            return text
    if not inside:
        start = document[0][0].start_mark.index if document else len(text)
        return f"{_ended(text[:start])}{key}: {value}\n{text[start:]}"
    if config is None:
        return f"{_ended(text)}config:\n  {key}: {value}\n"
    # Nothing at all, and not an empty text, which is no list of lines.
    empty = isinstance(config, yaml.ScalarNode) and config.value == "" and not config.style
    if not empty and (not isinstance(config, yaml.MappingNode) or config.flow_style):
        other[key] = "a `config` that is not written as a list of lines"
        return text
    # Above the comment of what is first now.
    (line,) = [name.start_mark.line for name, _ in document if name.value == "config"]
    lines = _ended(text).splitlines(keepends=True)
    indent = "  " if empty else " " * config.start_mark.column
    return "".join([*lines[: line + 1], f"{indent}{key}: {value}\n", *lines[line + 1 :]])


def _mapping(node: yaml.Node | None) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [(key, value) for key, value in pairs if isinstance(key, yaml.ScalarNode)]


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def without(text: str, keys: Collection[str]) -> str:
    """The file without these keys of its own, each on a line."""
    document = _mapping(yamlfile.compose(text))
    gone = {name.start_mark.line for name, _ in document if name.value in keys}
    return "".join(line for number, line in enumerate(text.splitlines(keepends=True)) if number not in gone)


def top(text: str) -> dict[str, str]:
    """The plain values of a stack's file itself, besides its `config`."""
    document = _mapping(yamlfile.compose(text))
    return {name.value: node.value for name, node in document if isinstance(node, yaml.ScalarNode)}
