"""A stack's configuration, read from its files exactly as the engine would hand it to the program.

The engine's own reading: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/loaders.go,
sdk/go/common/resource/config and pkg/workspace/config.go. Where this is stricter, the reason says so.
"""

import difflib
import json
import math
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from offline import yamlfile
from offline.wire import SECRET

PROJECT_FILE = "Pulumi.yaml"
STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
STACK_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
TYPES = ("string", "integer", "boolean", "array", "object")
SHOWN_CHARACTERS = 80
MOST_PROBLEMS = 200


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


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration: `namespace:key` to text; the keys whose value is encrypted; what to warn of."""

    project: str
    stack: str
    config: Mapping[str, str]
    secret_keys: frozenset[str]
    warnings: Sequence[str]


class StackFileError(Exception):
    """The files of a stack are refused. `problems` has every problem; `partial` is what could be read, if anything."""

    def __init__(self, problems: Iterable[Problem], partial: StackConfig | None = None) -> None:
        self.problems, self.partial = list(problems), partial
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        more = len(self.problems) - MOST_PROBLEMS
        lines = [f"the settings have {count}:", *map(str, self.problems[:MOST_PROBLEMS])]
        super().__init__("\n".join(lines + ([f"  and {more} more"] if more > 0 else [])))


class UnknownStackError(Exception):
    """There is no file for that stack. `stacks` are those that have one."""

    def __init__(self, stack: str, stacks: Sequence[str]) -> None:
        self.stacks = stacks
        there = f"the stacks are {', '.join(stacks)}" if stacks else "there is none"
        name = shown(stack)
        if not STACK_NAME.fullmatch(stack):
            super().__init__(f"{name} is no stack name: letters, digits, hyphens, underscores and periods; {there}")
        else:
            close = difflib.get_close_matches(stack, stacks, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            super().__init__(f"there is no Pulumi.{stack}.yaml, so no stack {name}; {there}.{hint}")


class NoProjectError(Exception):
    """There is no project in the directory."""


def shown(value: object) -> str:
    """`value` on one line, printable and short, as a message may show it."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    text = ascii(text[: SHOWN_CHARACTERS + 1])[1:-1].replace("\\'", "'")
    return f'"{text}"' if len(text) <= SHOWN_CHARACTERS else f'"{text[:SHOWN_CHARACTERS]}…"'


def stacks(project_dir: Path) -> list[str]:
    """The names of the stacks that have a file in `project_dir`."""
    names = (path.name[len("Pulumi.") : -len(".yaml")] for path in project_dir.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if STACK_NAME.fullmatch(name))


def project_name(project_dir: Path) -> str:
    """The project's name.

    Raises:
        NoProjectError: there is no `Pulumi.yaml`.
        StackFileError: it is damaged.
    """
    problems: list[Problem] = []
    name, _ = _project(project_dir, problems)
    if problems or name is None:
        raise StackFileError(problems)
    return name


def file_of(project_dir: Path, stack: str) -> Path:
    """The file of a stack.

    Raises:
        UnknownStackError: there is no such stack.
        NoProjectError: there is no `Pulumi.yaml`.
    """
    _project_file(project_dir)
    path = project_dir / f"Pulumi.{stack}.yaml"
    if not STACK_NAME.fullmatch(stack) or not path.exists():
        raise UnknownStackError(stack, stacks(project_dir))
    return path


def load(project_dir: Path, stack: str) -> StackConfig:
    """The configuration of one stack: its file, and the defaults of `Pulumi.yaml` for what it does not set.

    An encrypted value cannot be read here; it is the text `[secret]`.

    Raises:
        UnknownStackError: there is no such stack.
        NoProjectError: there is no `Pulumi.yaml`.
        StackFileError: a file is damaged; it has every problem.
    """
    problems: list[Problem] = []
    path = file_of(project_dir, stack)
    project, schema = _project(project_dir, problems)
    content = _read(path, problems)
    if project is None or content is None:
        raise StackFileError(problems)
    document, flaws = yamlfile.read(content)
    problems += [_flaw_problem(flaw, path.name, project) for flaw in flaws]
    reading = _Reading(project, stack, path.name, problems)
    reading.take(document)
    reading.complete(schema)
    loaded = reading.result()
    if problems:
        raise StackFileError(problems, loaded)
    return loaded


@dataclass(frozen=True)
class _Setting:
    """A row of the project's `config:`. `type` is None where the project gives a plain value."""

    type: Mapping[str, Any] | None
    default: Any
    description: str


class _Reading:
    """Collects the configuration of one stack file, and its problems."""

    def __init__(self, project: str, stack: str, file: str, problems: list[Problem]) -> None:
        self._project, self._stack, self._file, self._problems = project, stack, file, problems
        self._config: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._secret: set[str] = set()
        self._warnings: list[str] = []

    def take(self, document: Any) -> None:
        """Read the whole file."""
        if document is None:
            return
        if not isinstance(document, dict):
            self._problem(
                self._file, document, f"the file is {_kind(document)}", "a stack file is a map with `config:`"
            )
            return
        for key, value in document.items():
            if key not in STACK_KEYS:
                close = difflib.get_close_matches(key, STACK_KEYS, n=1)
                cure = f"did you mean {close[0]}?" if close else "settings go under `config:`"
                self._problem(key, value, "no such key at the top of a stack file; the engine would ignore it", cure)
            elif key not in ("config", "environment") and isinstance(value, dict | list):
                self._problem(key, value, f"it is {_kind(value)}, not text", "leave what the CLI writes there")
        if document.get("environment") is not None:
            self._warnings.append(
                "The stack's `environment:` is read by Pulumi's service only: its values are missing here."
            )
        config = document.get("config")
        if isinstance(config, dict):
            for key, value in config.items():
                self._take_setting(key, value)
        elif config is not None:
            self._problem("config", config, f"it is {_kind(config)}", "a map of <namespace>:<name> to values")

    def _take_setting(self, written: str, value: Any) -> None:
        key = self._key(written)
        if key is None:
            return
        if key in self._values:
            self._problem(key, value, f"the key is there twice, once as {shown(written)}", "keep one of the two")
            return
        self._values[key] = value
        if value is None:
            self._warnings.append(f'{key} has no value, which is read as an empty text. Set it to "" or remove it.')
            self._config[key] = ""
        elif isinstance(value, dict | list):
            hidden, secrets = _hidden(value)
            self._config[key] = hidden if isinstance(hidden, str) else _json(hidden)
            if secrets:
                self._secret.add(key)
        else:
            self._config[key] = value if isinstance(value, str) else _json(value)

    def _key(self, written: str) -> str | None:
        parts = written.split(":")
        if len(parts) == 3 and parts[1] == "config":
            parts = [parts[0], parts[2]]
        if len(parts) == 1:
            parts = [self._project, *parts]
        if len(parts) != 2 or not all(part and part.isprintable() for part in parts):
            self._problem(written, None, "the key is not <namespace>:<name>", f"e.g. {self._project}:region")
            return None
        # The engine takes any namespace, so a slip of the pen in ours would silently set nothing.
        if parts[0] != self._project and difflib.get_close_matches(parts[0], [self._project], cutoff=0.8):
            meant = f"{self._project}:{parts[1]}"
            self._problem(written, None, f"no provider is called {parts[0]}", f"did you mean {_printable(meant)}?")
            return None
        return ":".join(parts)

    def complete(self, schema: Mapping[str, _Setting]) -> None:
        """Add the project's defaults, and check values against the types that the project declares."""
        told = {problem.key for problem in self._problems}
        for key, setting in schema.items():
            if key not in self._config:
                if setting.default is not None:
                    self._config[key] = _default(setting.default)
                elif key.startswith(f"{self._project}:"):
                    self._problem(key, None, "it has no value and no default", setting.description or "set it")
            elif setting.type is not None and key not in told and key not in self._secret:
                value = self._values[key]
                text = value if isinstance(value, dict | list) else self._config[key]
                # The engine lets an empty text through nowhere but for strings; settings take it for "not set".
                if not _fits(setting.type, text):
                    wanted = _type_name(setting.type)
                    cure = (
                        f"give {wanted}; it is for: {setting.description}" if setting.description else f"give {wanted}"
                    )
                    self._problem(key, value, f"it is not {wanted}", cure)

    def result(self) -> StackConfig:
        """What was read."""
        if self._secret:
            keys = ", ".join(sorted(self._secret))
            self._warnings.append(f"Encrypted values cannot be read here and stand as {SECRET}: {keys}.")
        return StackConfig(self._project, self._stack, self._config, frozenset(self._secret), tuple(self._warnings))

    def _problem(self, key: str, value: Any, reason: str, cure: str) -> None:
        self._problems.append(Problem(_printable(key), shown(value), reason, cure))


def _project_file(project_dir: Path) -> Path:
    path = project_dir / PROJECT_FILE
    if not path.exists():
        raise NoProjectError(f"there is no {PROJECT_FILE} in {project_dir.name or 'the directory'}")
    return path


def _project(project_dir: Path, problems: list[Problem]) -> tuple[str | None, dict[str, _Setting]]:
    """The project's name and settings; problems are added to `problems`."""
    content = _read(_project_file(project_dir), problems)
    if content is None:
        return None, {}
    document, flaws = yamlfile.read(content)
    problems += [_flaw_problem(flaw, PROJECT_FILE, None) for flaw in flaws]
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or not name:
        problems.append(_project_problem("name", name, "the project has no name", "a map with `name:` and `runtime:`"))
        return None, {}
    config = document.get("config") or {}
    if not isinstance(config, dict):
        problems.append(_project_problem("config", config, f"it is {_kind(config)}", "a map of settings"))
        return name, {}
    schema = {}
    for key, row in config.items():
        schema[key if ":" in key else f"{name}:{key}"] = _setting(name, key, row, problems)
    return name, schema


def _setting(project: str, key: str, row: Any, problems: list[Problem]) -> _Setting:
    if not isinstance(row, dict):
        return _Setting(None, row, "")
    where = f"config.{key}"
    kind, default = row.get("type"), row.get("default", row.get("value"))
    before = len(problems)
    if kind is not None and kind not in TYPES:
        problems.append(_project_problem(f"{where}.type", kind, "there is no such type", f"one of {', '.join(TYPES)}"))
    elif kind == "array" and not isinstance(row.get("items"), dict):
        problems.append(_project_problem(where, row, "an array without `items:`", "add `items: {type: …}`"))
    elif ":" in key and not key.startswith(f"{project}:") and ("type" in row or "default" in row):
        reason = "the key of another namespace takes `value:` only"
        problems.append(_project_problem(where, row, reason, "remove type and default"))
    elif kind is not None and default is not None and not _fits(row, default):
        reason = f"it is not {_type_name(row)}"
        problems.append(_project_problem(f"{where}.default", default, reason, "correct the default"))
    declared = row if kind is not None and len(problems) == before else None
    return _Setting(declared, default, str(row.get("description") or ""))


def _project_problem(key: str, value: Any, reason: str, cure: str) -> Problem:
    return Problem(f"{PROJECT_FILE}: {_printable(key)}", shown(value), reason, cure)


def _read(path: Path, problems: list[Problem]) -> bytes | None:
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


def _flaw_problem(flaw: yamlfile.Flaw, file: str, project: str | None) -> Problem:
    path = [_printable(str(part)) for part in flaw.path]
    if project is not None and path[:1] == ["config"] and len(path) > 1:
        key, *inner = path[1:]
        key = key if ":" in key else f"{project}:{key}"
        reason = f"at {''.join(f'[{part}]' for part in inner)}: {flaw.reason}" if inner else flaw.reason
        return Problem(key, shown(flaw.text), reason, flaw.cure)
    where = ".".join(path)
    return Problem(f"{file}: {where}" if where else file, shown(flaw.text), flaw.reason, flaw.cure)


def _hidden(value: Any) -> tuple[Any, bool]:
    """`value` with every `{secure: …}` replaced, and whether there was one."""
    if isinstance(value, dict):
        if list(value) == ["secure"] and isinstance(value["secure"], str):
            return SECRET, True
        parts = {key: _hidden(item) for key, item in value.items()}
        return {key: part for key, (part, _) in parts.items()}, any(secret for _, secret in parts.values())
    if isinstance(value, list):
        items = [_hidden(item) for item in value]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _default(value: Any) -> str:
    """A default of the project as text: the engine prints what is simple, and writes JSON of the rest."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    """JSON as Go writes it: sorted keys, no spaces, `<`, `>` and `&` escaped, and numbers in Go's form."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(str(key))}:{_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
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


def _fits(declared: Mapping[str, Any], value: Any) -> bool:
    """Whether the engine takes `value` for a setting of that type: text stands for whole numbers and booleans too."""
    kind = declared.get("type")
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        if isinstance(value, str):
            return re.fullmatch(r"[-+]?[0-9]{1,19}", value) is not None
        return isinstance(value, int | float) and not isinstance(value, bool) and value == math.trunc(value)
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "object":
        return isinstance(value, dict)
    items = declared.get("items")
    return isinstance(value, list) and isinstance(items, Mapping) and all(_fits(items, item) for item in value)


def _type_name(declared: Mapping[str, Any]) -> str:
    names = {"string": "text", "integer": "a whole number", "boolean": "true or false", "object": "a map"}
    kind = str(declared.get("type"))
    items = declared.get("items")
    return (
        names.get(kind) or f"a list with {_type_name(items) if isinstance(items, Mapping) else 'items'} in each place"
    )


def _kind(value: Any) -> str:
    return {dict: "a map", list: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")


def _printable(text: str) -> str:
    return shown(text)[1:-1] or '""'
