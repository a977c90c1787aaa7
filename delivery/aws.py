"""The AWS CLI, a prerequisite anyway: the plugins ask it for the cluster's token."""

import json
import re
import subprocess
from typing import Any

from delivery.context import Context
from delivery.problems import DeliveryError

SECONDS = 60
CODE = re.compile(r"An error occurred \(([A-Za-z0-9.]+)\)")
NOT_LOGGED_IN = re.compile(
    r"Unable to locate credentials|Error loading SSO Token|Token has expired|session .* has expired|The config profile"
)
EXPIRED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "RequestExpired",
)


class AwsError(DeliveryError):
    """AWS refused. `code` is its error's name, e.g. AccessDenied; empty if the command never got there."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def call(context: Context, region: str, *arguments: str) -> Any:
    """The answer to one call, decoded.

    Args:
        context: whose environment says who asks.
        region: where to ask.
        arguments: of the `aws` command; never a secret, since other users of a machine can read them.

    Raises:
        AwsError: there is no CLI, nobody is logged in, or AWS refuses; which one, and the cure.
    """
    what = " ".join(arguments[:2])
    environment = {**context.environ, "AWS_PAGER": "", "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    try:
        done = subprocess.run(
            ["aws", *arguments, "--output", "json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode == 0:
            return json.loads(done.stdout or "null")
    except FileNotFoundError:
        raise AwsError(
            "the AWS CLI is not installed, or not on PATH.\n"
            "  cure: install 2.7 or newer, so that `aws --version` says so: "
            "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        ) from None
    except subprocess.TimeoutExpired:
        raise AwsError(f"aws {what}: no answer after {SECONDS} seconds; is {region} reachable from here?") from None
    except (ValueError, RecursionError):
        raise AwsError(f"aws {what}: the answer is no JSON; is `aws` on PATH the AWS CLI?") from None
    said = " ".join(done.stderr.split())[-500:]
    found = CODE.search(said)
    code = found[1] if found else ""
    if code in EXPIRED or (not code and NOT_LOGGED_IN.search(said)):
        raise AwsError(f"nobody is logged in to AWS here: {said}\n  cure: log in, e.g. `aws sso login`", code)
    raise AwsError(f"aws {what} failed: {said or f'exit code {done.returncode}'}", code)
