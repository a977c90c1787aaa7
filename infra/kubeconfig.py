"""A kubeconfig that asks the AWS CLI for a token, and in whose name. Pure."""

import json
from typing import Any

# Both are the AWS CLI's: https://docs.aws.amazon.com/cli/latest/reference/eks/get-token.html
ROLE_OPTIONS = ("--role", "--role-arn")


def as_role(kubeconfig: str, role_arn: str | None) -> str:
    """The kubeconfig with every user asking in the name of another role.

    Args:
        kubeconfig: JSON.
        role_arn: the role that the AWS CLI assumes; None: whoever asks stays who it is.

    Returns:
        JSON.
    """
    config: dict[str, Any] = json.loads(kubeconfig)
    for user in config["users"]:
        execution = user["user"]["exec"]
        execution["args"] = [*_without_role(execution["args"]), *(["--role-arn", role_arn] if role_arn else [])]
    return json.dumps(config)


def _without_role(arguments: list[str]) -> list[str]:
    kept, left = [], iter(arguments)
    for argument in left:
        if argument in ROLE_OPTIONS:
            next(left, None)
        else:
            kept.append(argument)
    return kept
