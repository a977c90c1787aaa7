"""A stack's configuration, read from its files exactly as the engine would hand it to the program.

The engine's own reading: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/loaders.go,
sdk/go/common/resource/config and pkg/workspace/config.go. Where this is stricter, the reason says so.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offline import gojson, yamlfile
from offline.problems import Problem, kind_of, of_flaw, printable, read, shown
from offline.projectfile import Setting, fits, project_file, read_project, type_name
from offline.wire import SECRET

STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
STACK_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
MOST_PROBLEMS = 200


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
    name, _ = read_project(project_dir, problems)
    if problems or name is None:
        raise StackFileError(problems)
    return name


def file_of(project_dir: Path, stack: str) -> Path:
    """The file of a stack.

    Raises:
        UnknownStackError: there is no such stack.
        NoProjectError: there is no `Pulumi.yaml`.
    """
    project_file(project_dir)
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
    project, schema = read_project(project_dir, problems)
    content = read(path, problems)
    if project is None or content is None:
        raise StackFileError(problems)
    document, flaws = yamlfile.read(content)
    problems += [of_flaw(flaw, path.name, project) for flaw in flaws]
    reading = _Reading(project, stack, path.name, problems)
    reading.take(document)
    reading.complete(schema)
    loaded = reading.result()
    if problems:
        raise StackFileError(problems, loaded)
    return loaded


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
                self._file, document, f"the file is {kind_of(document)}", "a stack file is a map with `config:`"
            )
            return
        for key, value in document.items():
            if key not in STACK_KEYS:
                close = difflib.get_close_matches(key, STACK_KEYS, n=1)
                cure = f"did you mean {close[0]}?" if close else "settings go under `config:`"
                self._problem(key, value, "no such key at the top of a stack file; the engine would ignore it", cure)
            elif key not in ("config", "environment") and isinstance(value, dict | list):
                self._problem(key, value, f"it is {kind_of(value)}, not text", "leave what the CLI writes there")
        if document.get("environment") is not None:
            self._warnings.append(
                "The stack's `environment:` is read by Pulumi's service only: its values are missing here."
            )
        config = document.get("config")
        if isinstance(config, dict):
            for key, value in config.items():
                self._take_setting(key, value)
        elif config is not None:
            self._problem("config", config, f"it is {kind_of(config)}", "a map of <namespace>:<name> to values")

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
            self._config[key] = gojson.text(hidden)
            if secrets:
                self._secret.add(key)
        else:
            self._config[key] = gojson.text(value)

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
            self._problem(written, None, f"no provider is called {parts[0]}", f"did you mean {printable(meant)}?")
            return None
        return ":".join(parts)

    def complete(self, schema: Mapping[str, Setting]) -> None:
        """Add the project's defaults, and check values against the types that the project declares."""
        told = {problem.key for problem in self._problems}
        for key, setting in schema.items():
            if key not in self._config:
                if setting.default is not None:
                    self._config[key] = gojson.text(setting.default)
                elif key.startswith(f"{self._project}:"):
                    self._problem(key, None, "it has no value and no default", setting.description or "set it")
            elif setting.type is not None and key not in told and key not in self._secret:
                value = self._values[key]
                text = value if isinstance(value, dict | list) else self._config[key]
                # The engine lets an empty text through nowhere but for strings; settings take it for "not set".
                if not fits(setting.type, text):
                    wanted = type_name(setting.type)
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
        self._problems.append(Problem(printable(key), shown(value), reason, cure))


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
