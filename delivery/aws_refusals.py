"""What boto3 raises, as the error that commands know: who refused what, and the cure."""

import re
from collections.abc import Callable
from typing import Any

from botocore import exceptions
from botocore.parsers import ResponseParserError

from delivery.aws import EXPIRED, AwsError

MOST_SAID = 500
# `AwsError.code` of what AWS itself never said.
NOBODY, UNREACHABLE = "NotLoggedIn", "Unreachable"
REACH = "look whether the region's name is right and whether this machine, or its proxy, reaches AWS; then again"
# What `aws login` keeps is signed with a key that boto3 reads with a package of its own; the CLI hands it out.
EXPORT = 'eval "$(aws configure export-credentials --format env)", then again'
LOG_IN = "log in, e.g. `aws sso login`, or name a profile: AWS_PROFILE=…"
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "OptInRequired")
ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
# Where the prefix of a service's rights is not boto3's name for it.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
NOBODY_ERRORS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.LoginError,
    exceptions.ConfigParseError,
    exceptions.InvalidConfigError,
)


class RefusedError(AwsError):
    """AWS refused a call. `code` is its error's name; `action` the right that the call needs, e.g. ec2:DescribeVpcs."""

    def __init__(self, message: str, code: str, action: str) -> None:
        super().__init__(message, code)
        self.action = action

    @property
    def denied(self) -> bool:
        """Whether it is the right that is missing."""
        return self.code in DENIED

    @property
    def absent(self) -> bool:
        """Whether there is no such thing."""
        return "NotFound" in self.code or self.code.startswith("NoSuch")


def explained(service: str, ask: Callable[[], Any]) -> Any:
    """What `ask` gives.

    Args:
        service: that is asked, as boto3 names it.
        ask: raises what botocore raises.

    Raises:
        AwsError: in place of botocore's, with the cure where one is known.
    """
    try:
        return ask()
    except exceptions.ClientError as error:
        raise refused(service, error) from None
    except NOBODY_ERRORS as error:
        raise AwsError(f"nobody is logged in to AWS here: {sentence(error)}\n  cure: {LOG_IN}", NOBODY) from None
    except exceptions.MissingDependencyException:
        raise AwsError(f"boto3 lacks what this log-in needs (awscrt).\n  cure: {EXPORT}", NOBODY) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise AwsError(f"{service}: AWS does not answer: {sentence(error)}\n  cure: {REACH}", UNREACHABLE) from None
    except ResponseParserError:
        raise AwsError(
            f"{service}: what answers does not speak as AWS does; is a proxy between?\n  cure: {REACH}", UNREACHABLE
        ) from None
    except exceptions.BotoCoreError as error:
        raise AwsError(f"{service}: {sentence(error)}") from None


def refused(service: str, error: exceptions.ClientError) -> RefusedError:
    """AWS's refusal as people read it."""
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    said = " ".join(str(told.get("Message", "")).split())[:MOST_SAID]
    if code in EXPIRED:
        return RefusedError(f"nobody is logged in to AWS here: {said or code}\n  cure: {LOG_IN}", code, "")
    named = ACTION.search(said)
    action = named[1] if named else f"{PREFIXES.get(service, service)}:{error.operation_name}"
    cure = f"\n  cure: let whoever asks call {action}" if code in DENIED else ""
    return RefusedError(f"{action} failed: {code}: {said}{cure}", code, action)


def sentence(error: Exception) -> str:
    """What an error says, on one line, of a length that can be read."""
    return " ".join(str(error).split())[:MOST_SAID]
