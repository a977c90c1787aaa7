"""A stack's own file: its settings, and a copy of it with one-off values."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from delivery import stack_edits
from delivery.context import Context
from delivery.problems import DeliveryError, UsageError
from infra import settings
from infra.problems import Problem, SettingsError, shown
from infra.settings import Settings
from offline import stackfile, yamlfile
from offline.projectfile import NoProjectError


def require_stack_name(stack: str) -> None:
    """Refuse what cannot be a stack's name, before anything is done with it.

    Raises:
        UsageError: it cannot.
    """
    if not settings.STACK_NAME.fullmatch(stack):
        raise UsageError(f"--stack = {shown(stack)}: it is no stack's name\n  cure: {settings.STACK_CURE}")


def settings_of(context: Context, stack: str, overrides: Mapping[str, str] | None = None) -> Settings:
    """The settings of a stack, from its file, the defaults of `Pulumi.yaml` and `overrides` (`namespace:key` to text).

    Raises:
        UsageError: there is no such stack, or no project.
        DeliveryError: its file has problems; all of them are in the message.
    """
    try:
        config, problems = stackfile.load(context.project, stack).config, []
    except (stackfile.UnknownStackError, NoProjectError) as error:
        raise UsageError(str(error)) from None
    except stackfile.StackFileError as error:
        config = error.partial.config if error.partial else {}
        problems = [Problem(each.key, each.value, each.reason, each.cure) for each in error.problems]
    named = settings.STACK_NAME.fullmatch(stack) is not None
    if not named:
        problems.append(Problem("stack", shown(stack), settings.STACK_REASON, settings.STACK_CURE))
    try:
        parsed = settings.parse({**config, **(overrides or {})}, stack=stack if named else None)
    except SettingsError as error:
        told = {problem.key for problem in problems}
        problems += [problem for problem in error.problems if problem.key not in told]
    if problems:
        raise DeliveryError(f"stack {shown(stack)}: {SettingsError(problems)}")
    return parsed


def secrets_provider(project: Path, stack: str) -> str | None:
    """Who encrypts the stack's secrets, as its file says (`secretsprovider`); None if it does not.

    Raises:
        UsageError: the stack has no file.
        DeliveryError: it is no text.
    """
    # What is wrong with it otherwise is for `settings_of` to say.
    document, _ = yamlfile.read(_read(project, stack).encode())
    found = document.get("secretsprovider") if isinstance(document, dict) else None
    return str(found) if found else None


@contextlib.contextmanager
def overridden_file(project: Path, stack: str, overrides: Mapping[str, str] | None) -> Iterator[str | None]:
    """The path of a copy of the stack's file with `overrides` in it, which goes at the end; None if there are none.

    One-off values must not get into the file that is committed.

    Raises:
        UsageError: the stack has no file.
        DeliveryError: it is no text.
    """
    if not overrides:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="helloworld-") as folder:
        copy = Path(folder) / f"Pulumi.{stack}.yaml"
        copy.write_text(overridden(_read(project, stack), overrides), "utf-8")
        yield str(copy)


def overridden(text: str, overrides: Mapping[str, str]) -> str:
    """A stack's file with these values (`namespace:key` to a string) in its `config`, and everything else as it was.

    Works on nodes, not on values: what `yes`, `1.10` or `0o7` mean is for the engine's parser to say, not for Python's.
    """
    document = yamlfile.compose(text) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    config = next((value for key, value in document.value if key.value == "config"), None)
    if not isinstance(config, yaml.MappingNode):
        # Missing, or there and empty.
        document.value = [(key, value) for key, value in document.value if key.value != "config"]
        config = yaml.MappingNode("tag:yaml.org,2002:map", [])
        document.value.append((_text("config"), config))
    replaced = {spelling for key in overrides for spelling in stack_edits.spellings(key)}
    config.value = [(key, value) for key, value in config.value if key.value not in replaced]
    config.value += [(_text(key), _text(value, style='"')) for key, value in overrides.items()]
    config.flow_style = False
    return str(yaml.serialize(document, Dumper=yaml.SafeDumper, width=10_000, allow_unicode=True))


def _text(value: str, style: str | None = None) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)


def _read(project: Path, stack: str) -> str:
    try:
        return stackfile.file_of(project, stack).read_text("utf-8")
    except (stackfile.UnknownStackError, NoProjectError) as error:
        raise UsageError(str(error)) from None
    except (OSError, UnicodeError):
        raise DeliveryError(f"Pulumi.{stack}.yaml cannot be read as a file of text") from None
