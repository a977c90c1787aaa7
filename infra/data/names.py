"""What a stack has to be called to have a database or a cache, besides what every stack has to be. Pure.

A rule gets the settings by key, with the `stack` and its `name` in AWS, and answers what is wrong, or nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateServerlessCache.html
LONGEST_CACHE_NAME = 40
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_ROLE_NAME = 64
# The namespaces of these, and no others, get a database on another stack's server, and may log in to it.
REVIEW_STACK = re.compile("pr-[1-9][0-9]{0,8}")


def review_role_name(name: str) -> str:
    """The role of the pods of review environments that live on the stack of this `name`, which is a contract: the role
    behind review environments may lend this one to pods, by name (bootstrap/review_policy.py).
    """
    return f"{name}-review-database"


def cache(valid: Mapping[str, Any]) -> str | None:
    """ElastiCache would refuse the name, minutes into an `up`."""
    return _too_long(valid["name"], LONGEST_CACHE_NAME) if valid["cache"] else None


def review_role(valid: Mapping[str, Any]) -> str | None:
    """IAM would refuse the name of the role of the pods."""
    wanted = valid["reviewRole"] and valid["database"]
    return _too_long(review_role_name(valid["name"]), LONGEST_ROLE_NAME) if wanted else None


def database(valid: Mapping[str, Any]) -> str | None:
    """Nobody would make a database for it on the other stack's server."""
    if valid["platform"] != "reference" or not valid["database"] or REVIEW_STACK.fullmatch(valid["stack"]):
        return None
    return f"the stack is {valid['stack']}, and only review environments, pr-<number>, get one on another's server"


def _too_long(name: str, most: int) -> str | None:
    over = len(name) - most
    return (
        f"AWS takes no name as {name}, {over} characters too long: the stack needs a shorter one" if over > 0 else None
    )
