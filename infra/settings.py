"""The settings of a stack: the only reader of the Pulumi configuration.

Every setting is a flat key of the project's namespace, described in `Pulumi.yaml`. A stack file that is wrong is
refused as a whole, with every problem in it, before a resource is registered.
"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime import config as runtime
from pydantic import ValidationError

from infra import setting_types as types
from infra.problems import HIDDEN, REASON_CHARACTERS, SHOWN_CHARACTERS, Problem, SettingsError, shown
from infra.setting_model import Settings
from infra.setting_rules import RULES

__all__ = ["PROJECT", "Settings", "load", "parse", "setting_types"]

PROJECT = "helloworld"
STACK_NAME = re.compile(types.STACK_NAME)
STACK_REASON = "its name becomes part of names in AWS and Kubernetes, which do not take this"
STACK_CURE = (
    "small letters, digits and single hyphens between them, a letter first, at most 40: pulumi stack rename <name>"
)
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
# Namespaces that others read: the engine, and the Docker plugin, which has no provider of ours.
READ_BY_OTHERS = ("pulumi", "docker")
SHOWN_REASONS = 5
# What must not be shown, nor be in a stack file as plain text.
SECRETS = ("alertPagerDuty",)


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: the configuration has problems; all of them are in it.
    """
    stack = pulumi.get_stack()
    named = STACK_NAME.fullmatch(stack) is not None
    wrong = [] if named else [Problem("stack", shown(stack), STACK_REASON, STACK_CURE)]
    configuration = {**runtime.get_config_env(), **runtime.CONFIG.get()}
    for key in SECRETS:
        full_key = f"{PROJECT}:{key}"
        if configuration.get(full_key) and not runtime.is_config_secret(full_key):
            wrong.append(Problem(full_key, HIDDEN, "it is in plain text", f"pulumi config set --secret {key}"))
    return parse(configuration, wrong, stack=stack if named else None)


def parse(
    configuration: Mapping[str, str], known_problems: Sequence[Problem] = (), *, stack: str | None = None
) -> Settings:
    """Settings from a stack's whole configuration.

    Args:
        configuration: `namespace:key` to text, as the engine hands it over: structured values, numbers and booleans are
            JSON. An empty text stands for a setting that is not set.
        known_problems: what was found wrong before, to be refused together with what is found here.
        stack: the stack's name; without it the rules that need it are not asked.

    Raises:
        SettingsError: as `load`.
    """
    problems = list(known_problems)
    given = _own_keys(configuration, problems)
    decoded: dict[str, Any] = {}
    reasons: dict[str, list[str]] = {}
    for key, text in given.items():
        try:
            decoded[key] = _decoded(text, setting_types()[key])
        except ValueError as error:
            reasons[key] = [str(error)]
    try:
        Settings.model_validate(decoded)
    except ValidationError as error:
        for each in error.errors():
            reasons.setdefault(str(each["loc"][0]), []).append(_reason(each))
    settings = Settings.model_validate({key: value for key, value in decoded.items() if key not in reasons})
    valid = {key: getattr(settings, name) for key, name in _names().items() if key not in reasons}
    if stack is not None:
        valid |= {"stack": stack, "name": f"{PROJECT}-{stack}"}
    for rule in RULES:
        if all(key in valid for key in rule.needs) and (reason := rule.check(valid)):
            reasons.setdefault(rule.key, []).append(reason)
    problems += [
        Problem(
            f"{PROJECT}:{key}",
            HIDDEN if key in SECRETS else shown(given.get(key, str(valid.get(key)))),
            "; ".join(what[:SHOWN_REASONS] + ["and more of the kind"] * (len(what) > SHOWN_REASONS)),
            str(Settings.model_fields[_names()[key]].description),
        )
        for key, what in reasons.items()
    ]
    if problems:
        raise SettingsError(problems)
    return settings


@cache
def setting_types() -> Mapping[str, str]:
    """The type of each setting as `Pulumi.yaml` names it: string, integer, boolean, array or object."""
    properties = Settings.model_json_schema()["properties"]
    return {
        key: next(str(each["type"]) for each in (schema, *schema.get("anyOf", ())) if "type" in each)
        for key, schema in properties.items()
    }


@cache
def _names() -> Mapping[str, str]:
    return {field.alias or name: name for name, field in Settings.model_fields.items()}


UNREADABLE = {
    "integer": "it is not a whole number",
    "boolean": "it is neither true nor false",
    "array": "it is not a list",
    "object": "it is not a map",
}


def _decoded(text: str, kind: str) -> Any:
    """What the engine's text for a setting stands for: itself, or the JSON in it."""
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(UNREADABLE[kind]) from None


def _own_keys(configuration: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    """This project's settings that are set; `problems` gets the keys that nothing reads."""
    given: dict[str, str] = {}
    for full_key, text in configuration.items():
        namespace, _, key = full_key.partition(":")
        key_shown = full_key if PLAIN_KEY.fullmatch(full_key) else shown(full_key)
        if namespace == PROJECT and key in _names():
            if text != "":
                given[key] = text
        elif namespace == PROJECT:
            problems.append(Problem(key_shown, shown(text), "there is no such setting", _nearest(key)))
        elif namespace not in READ_BY_OTHERS:
            cure = f"set {PROJECT}:region" if full_key == "aws:region" else "remove it"
            problems.append(Problem(key_shown, shown(text), "nothing in this program reads it", cure))
    return given


def _nearest(key: str) -> str:
    close = difflib.get_close_matches(key[:SHOWN_CHARACTERS], list(_names()), n=1)
    return f"did you mean {PROJECT}:{close[0]}?" if close else "remove it; Pulumi.yaml describes every setting"


COUNTS = {"too_short": "it has too few entries", "too_long": "it has too many entries"}


def _reason(error: Any) -> str:
    where = "".join(f"[{shown(str(part))[1:-1]}]" for part in error["loc"][1:] if part != "[key]")
    what = error["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    if error["type"] == "string_pattern_mismatch":
        what = "it has not the form that is needed"
    elif error["type"] in COUNTS:
        what = COUNTS[error["type"]]
    elif error["type"] == "value_error":
        # It may quote the value.
        what = shown(what, REASON_CHARACTERS)[1:-1]
    what = what[0].lower() + what[1:]
    return f"at {where}: {what}" if where else what
