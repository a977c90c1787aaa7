"""The data file of creation times, checked, and which row is a resource's."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from offline.plan import Resource

FILE = Path(__file__).parent / "creation_times.yaml"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Then(_Row):
    """What goes on by itself after the engine is done with a resource, for `seconds`, and who says so."""

    what: str
    seconds: PositiveFloat
    source: str = Field(min_length=10)


class Time(_Row):
    """How long a resource of a type, with these inputs, takes, and who says so."""

    type: str
    where: Mapping[str, Any] = Field(default_factory=dict)
    seconds: PositiveFloat
    source: str = Field(min_length=10)
    then: Then | None = None

    def fits(self, resource: Resource) -> bool:
        """Whether the row is about a resource."""
        return resource.type == self.type and all(resource.inputs.get(key) == of for key, of in self.where.items())


class _File(_Row):
    dated: datetime.date
    other: PositiveFloat
    times: list[Time]


@dataclass(frozen=True)
class CreationTimes:
    """The rows, when they were looked up, and the seconds of what has no row."""

    dated: datetime.date
    rows: tuple[Time, ...]
    other: float

    def row(self, resource: Resource) -> Time | None:
        """The last row that fits a resource; None if there is none."""
        return next((row for row in reversed(self.rows) if row.fits(resource)), None)

    def seconds(self, resource: Resource) -> float:
        """How long a resource takes. Components and providers are nothing in a cloud, and take no time."""
        if not resource.custom or resource.type.startswith("pulumi:"):
            return 0.0
        row = self.row(resource)
        return row.seconds if row else self.other


def load(file: Path = FILE) -> CreationTimes:
    """Read the data file.

    Raises:
        pydantic.ValidationError: it is not of its form.
    """
    read = _File.model_validate(yaml.safe_load(file.read_text("utf-8")))
    return CreationTimes(read.dated, tuple(read.times), read.other)
