"""Reads settings from environment variables, and explains every one that is wrong, all at once."""

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_SHOWN_VALUE_LENGTH = 80


class SettingsError(Exception):
    """One or more environment variables are not usable; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class EnvironmentModel(BaseModel):
    """Settings by field; a variable has the field's name in capitals.

    Each description completes the sentence "set it to …".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def conflicts(self, given: frozenset[str]) -> list[str]:
        """Say what does not go together, a line each. Fields in `given` were set, though perhaps to nothing usable."""
        del given
        return []

    def need(self, given: frozenset[str], because: str, *names: str) -> list[str]:
        """A problem for each of the names that was not set; `because` is the setting that needs them."""
        return [
            f"{because} needs {name.upper()}. Set it to {type(self).model_fields[name].description}."
            for name in names
            if name not in given
        ]


_Model = TypeVar("_Model", bound=EnvironmentModel)


def read(model: type[_Model], environ: Mapping[str, str]) -> _Model:
    """Read a model's settings. A variable that is empty counts as not set; variables of other names are left alone.

    Raises:
        SettingsError: with every problem at once, each with its key, value, reason and cure.
    """
    given = {name: value for name in model.model_fields if (value := environ.get(name.upper(), ""))}
    problems: list[str] = []
    usable = dict(given)
    try:
        settings = model.model_validate(given)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            name = str(problem["loc"][0])
            problems.append(_explain(model, name, given[name], problem["msg"]))
            usable.pop(name, None)
        settings = model.model_validate(usable)
    problems += settings.conflicts(frozenset(given))
    if problems:
        raise SettingsError(problems)
    return settings


def _explain(model: type[_Model], name: str, value: str, reason: str) -> str:
    # ascii(): a value can hold anything, and a terminal is not the place to find out.
    shown = ascii(_without_password(name, value)[:_SHOWN_VALUE_LENGTH])
    field = model.model_fields[name]
    cure = f"Set it to {field.description}; the default is {field.default}."
    return f"{name.upper()}={shown} is not usable ({reason}). {cure}"


def _without_password(name: str, value: str) -> str:
    # What is malformed may hold its password anywhere, so only what stands before it is shown.
    return re.sub(r"(?s)^([a-z]{1,12}://)?.*", r"\1[redacted]", value) if name.endswith("_url") else value
