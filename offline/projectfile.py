"""A project's file: its name, and the settings that it declares."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offline import yamlfile
from offline.plain import plain
from offline.problems import Problem, kind_of, of_flaw, printable, read, shown

PROJECT_FILE = "Pulumi.yaml"
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/tokens/project.go
PROJECT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
TYPES = ("string", "integer", "boolean", "array", "object")


class NoProjectError(Exception):
    """There is no project in the directory."""


@dataclass(frozen=True)
class Setting:
    """A row of the project's `config:`. `type` is None where the project gives a plain value."""

    type: Mapping[str, Any] | None
    default: Any
    description: str


def project_file(project_dir: Path) -> Path:
    """The project's file.

    Raises:
        NoProjectError: there is none.
    """
    path = project_dir / PROJECT_FILE
    if not path.exists():
        raise NoProjectError(f"there is no {PROJECT_FILE} in {project_dir.name or 'the directory'}")
    return path


def read_project(project_dir: Path, problems: list[Problem]) -> tuple[str | None, dict[str, Setting]]:
    """The project's name, None if that cannot be had, and its settings by key; problems are added to `problems`.

    Raises:
        NoProjectError: there is no `Pulumi.yaml`.
    """
    content = read(project_file(project_dir), problems)
    if content is None:
        return None, {}
    document, flaws = yamlfile.read(content)
    problems += [of_flaw(flaw, PROJECT_FILE, None) for flaw in flaws]
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or not name:
        problems.append(_project_problem("name", name, "the project has no name", "a map with `name:` and `runtime:`"))
        return None, {}
    if not PROJECT_NAME.fullmatch(name):
        cure = "letters, digits, hyphens, underscores and periods, at most 100"
        problems.append(_project_problem("name", name, "it is no project's name", cure))
        return None, {}
    config = document.get("config") or {}
    if not isinstance(config, dict):
        problems.append(_project_problem("config", config, f"it is {kind_of(config)}", "a map of settings"))
        return name, {}
    schema = {}
    for key, row in config.items():
        schema[key if ":" in key else f"{name}:{key}"] = _setting(name, key, row, problems)
    return name, schema


def _setting(project: str, key: str, row: Any, problems: list[Problem]) -> Setting:
    if not isinstance(row, dict):
        return Setting(None, row, "")
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
    elif kind is not None and default is not None and not fits(row, default):
        reason = f"it is not {type_name(row)}"
        problems.append(_project_problem(f"{where}.default", default, reason, "correct the default"))
    declared = row if kind is not None and len(problems) == before else None
    # It is shown as a cure, which has one line.
    return Setting(declared, default, plain(" ".join(str(row.get("description") or "").split())))


def _project_problem(key: str, value: Any, reason: str, cure: str) -> Problem:
    return Problem(f"{PROJECT_FILE}: {printable(key)}", shown(value), reason, cure)


def fits(declared: Mapping[str, Any], value: Any) -> bool:
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
    return isinstance(value, list) and isinstance(items, Mapping) and all(fits(items, item) for item in value)


def type_name(declared: Mapping[str, Any]) -> str:
    """What a setting of that type takes, in words."""
    names = {"string": "text", "integer": "a whole number", "boolean": "true or false", "object": "a map"}
    kind = str(declared.get("type"))
    items = declared.get("items")
    return names.get(kind) or f"a list with {type_name(items) if isinstance(items, Mapping) else 'items'} in each place"
