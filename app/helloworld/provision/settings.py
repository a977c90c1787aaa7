"""What the provisioner is told."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from helloworld.certificates import check_authorities
from helloworld.environment import EnvironmentModel, read
from helloworld.provision.names import OWNER_SUFFIX
from helloworld.settings import LogLevel
from helloworld.state.address import database_address

# A namespace's name, shorter by what is added for the owner's: PostgreSQL cuts names at 63 bytes.
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,54}[a-z0-9])?")
_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,44}-")
_RESERVED = frozenset({"postgres", "template0", "template1", "rdsadmin"})


def _admin_url(url: str) -> str:
    database_address(url)
    return url


def _names(text: str) -> str:
    for name in split_names(text):
        if not _NAME.fullmatch(name) or name in _RESERVED or name.endswith(OWNER_SUFFIX):
            raise ValueError(f"{name[:80]!r} cannot be the name of a database")
    return text


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError("it is not the beginning of a name")
    return text


def split_names(text: str) -> list[str]:
    """The names in a comma-separated list, in its order, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


class ProvisionSettings(EnvironmentModel):
    """The settings of the provisioner."""

    database_admin_url: Annotated[str, AfterValidator(_admin_url)] | None = Field(
        default=None,
        repr=False,
        description="the master's address, such as postgresql://master@localhost:5432/postgres",
    )
    database_admin_secret: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[0-9A-Za-z/_+=.@!-]+$",
        description="the ARN of the secret with the master's password, or leave it out if the address has it",
    )
    database_ca_file: Annotated[Path, AfterValidator(check_authorities)] | None = Field(
        default=None,
        description="a file that exists, with the PEM certificates that RDS's certificate is verified with",
    )
    provision_databases: Annotated[str, AfterValidator(_names)] = Field(
        default="", description="names of databases that always exist, separated by commas: letters, digits, hyphens"
    )
    provision_reviews: Annotated[str, AfterValidator(_prefix)] | None = Field(
        default=None,
        description="what the namespaces of reviews begin with, such as helloworld-pr-, or leave it out for none",
    )
    aws_region: str | None = Field(
        default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$", description="an AWS region, such as eu-central-1"
    )
    port: int = Field(default=8080, ge=1, le=65535, description="a whole number from 1 to 65535")
    log_level: Annotated[LogLevel, BeforeValidator(str.lower)] = Field(
        default="info", description="one of debug, info, warning or error"
    )

    def conflicts(self, given: frozenset[str]) -> list[str]:
        """Say what does not go together, a line each."""
        problems = self.need(given, "The provisioner", "database_admin_url")
        if self.database_admin_secret:
            problems += self.need(given, "DATABASE_ADMIN_SECRET", "database_ca_file", "aws_region")
        return problems


def read_provision_settings(environ: Mapping[str, str]) -> ProvisionSettings:
    """Read the settings from environment variables named like the fields, in capitals.

    Raises:
        SettingsError: with every problem at once, each with its key, value, reason and cure.
    """
    return read(ProvisionSettings, environ)
