"""What can be set from outside."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyAddress

from helloworld.certificates import check_authorities
from helloworld.environment import EnvironmentModel, SettingsError, read
from helloworld.state.address import cache_address, database_address

__all__ = ["Settings", "SettingsError", "read_settings"]

LogLevel = Literal["debug", "info", "warning", "error"]


def _database_url(url: str) -> str:
    database_address(url)
    return url


def _cache_url(url: str) -> str:
    cache_address(url)
    return url


class Settings(EnvironmentModel):
    """The settings of the service."""

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
    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(
        default=None,
        repr=False,
        description="an address such as postgresql://user@localhost:5432/helloworld, or leave it out for no database",
    )
    database_iam: bool = Field(
        default=False, description="true, where the database's password is a token signed by IAM, or false"
    )
    database_ca_file: Annotated[Path, AfterValidator(check_authorities)] | None = Field(
        default=None,
        description="a file that exists, with the PEM certificates that RDS's certificate is verified with",
    )
    database_seed: bool = Field(default=False, description="true, to fill an empty database once, or false")
    cache_url: Annotated[str, AfterValidator(_cache_url)] | None = Field(
        default=None,
        repr=False,
        description="an address such as redis://localhost:6379 (rediss:// for TLS), or leave it out for no cache",
    )
    cache_cluster: bool = Field(
        default=False, description="true, where the cache speaks the cluster protocol, or false"
    )
    cache_iam_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][0-9A-Za-z-]{0,39}$",
        description="the name of the ElastiCache serverless cache to sign tokens for, or leave it out for no IAM",
    )
    state_budget_milliseconds: int = Field(
        default=250,
        ge=1,
        le=10_000,
        description="how long a request may wait for database and cache, in milliseconds from 1 to 10000",
    )
    aws_region: str | None = Field(
        default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$", description="an AWS region, such as eu-central-1"
    )

    def conflicts(self, given: frozenset[str]) -> list[str]:
        """Say what does not go together, a line each."""
        problems = []
        if self.database_iam:
            problems += self.need(given, "DATABASE_IAM", "database_url", "database_ca_file", "aws_region")
            if self.database_url and database_address(self.database_url).password:
                problems.append("DATABASE_URL has a password, and DATABASE_IAM makes one. Take it out of the address.")
        if self.cache_iam_name:
            problems += self.need(given, "CACHE_IAM_NAME", "cache_url", "aws_region")
            if self.cache_url:
                address = cache_address(self.cache_url)
                if not address.tls or not address.user or address.password:
                    problems.append("CACHE_IAM_NAME needs a CACHE_URL of the form rediss://user@host:6379.")
        return problems


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables named like the fields, in capitals.

    Raises:
        SettingsError: with every problem at once, each with its key, value, reason and cure.
    """
    return read(Settings, environ)
