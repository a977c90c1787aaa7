"""The only reader of the environment."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyAddress, ValidationError

_SHOWN_VALUE_LENGTH = 80

LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(Exception):
    """One or more environment variables are not usable; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseModel):
    """What can be set from outside. Each description completes the sentence "set it to …"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: IPvAnyAddress = Field(
        default=IPv4Address("0.0.0.0"),  # noqa: S104 - a container is reached through its own address
        description="the IP address to listen on, such as 0.0.0.0 or 127.0.0.1",
    )
    port: int = Field(default=8080, ge=1, le=65535, description="a whole number from 1 to 65535")
    message: str = Field(
        default="Hello, world!", min_length=1, max_length=280, description="a text of 1 to 280 characters"
    )
    environment: str | None = Field(
        default=None, min_length=1, max_length=63, description="a name of 1 to 63 characters, such as dev"
    )
    git_commit: str = Field(
        default="unknown",
        pattern=r"^[0-9A-Za-z._-]{1,64}$",
        description="a commit id: 1 to 64 letters, digits, dots, underscores or hyphens",
    )
    shutdown_delay_seconds: float = Field(
        default=20,
        ge=0,
        le=600,
        allow_inf_nan=False,
        description="a number of seconds from 0 to 600, longer than the balancer takes to stop sending requests",
    )
    shutdown_timeout_seconds: float = Field(
        default=10,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="a number of seconds above 0 and up to 600, longer than the slowest request",
    )
    log_level: Annotated[LogLevel, BeforeValidator(str.lower)] = Field(
        default="info", description="one of debug, info, warning or error"
    )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables named like the fields, in capitals.

    A variable that is empty counts as not set. Variables of other names are left alone.

    Raises:
        SettingsError: with every problem at once, each with its key, value, reason and cure.
    """
    given = {name: value for name in Settings.model_fields if (value := environ.get(name.upper(), ""))}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(
            [_explain(str(problem["loc"][0]), given, problem["msg"]) for problem in error.errors(include_url=False)]
        ) from None


def _explain(name: str, given: Mapping[str, str], reason: str) -> str:
    # ascii(): a value can hold anything, and a terminal is not the place to find out.
    value = ascii(given[name][:_SHOWN_VALUE_LENGTH])
    field = Settings.model_fields[name]
    cure = f"Set it to {field.description}; the default is {field.default}."
    return f"{name.upper()}={value} is not usable ({reason}). {cure}"
