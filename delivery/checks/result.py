"""What a check found. Pure."""

from dataclasses import dataclass
from typing import Literal

from delivery.aws import AwsError
from delivery.aws_refusals import NOBODY, RefusedError
from delivery.problems import DeliveryError

Mark = Literal["ok", "warn", "fail", "unknown", "skipped"]
BOOTSTRAP = "make bootstrap gives the deploy role the rights that preflight needs; or ask as somebody who has them"


@dataclass(frozen=True)
class Result:
    """One line: what was asked, what was found, and what to do if that is not as it should be.

    `warn` does not keep a deployment from succeeding, or not surely; `fail` does; `unknown` could not be asked; what is
    `skipped` was not.
    """

    mark: Mark
    asked: str
    found: str
    cure: str = ""


def ok(asked: str, found: str) -> Result:
    """It is as it should be."""
    return Result("ok", asked, found)


def warn(asked: str, found: str, cure: str) -> Result:
    """It may hurt, now or later."""
    return Result("warn", asked, found, cure)


def fail(asked: str, found: str, cure: str) -> Result:
    """An `up` would fail on it."""
    return Result("fail", asked, found, cure)


def unknown(asked: str, found: str, cure: str = "") -> Result:
    """It could not be asked."""
    return Result("unknown", asked, found, cure)


def of_error(asked: str, error: DeliveryError) -> Result:
    """An error as a line."""
    if isinstance(error, RefusedError) and error.denied:
        return unknown(asked, f"may not ask ({error.code}: {error.action})", BOOTSTRAP)
    said, _, cure = str(error).partition("\n  cure: ")
    if isinstance(error, AwsError) and error.code == NOBODY:
        return Result("skipped", asked, said, cure)
    return unknown(asked, " ".join(said.split()), " ".join(cure.split()))
