"""Names of stacks that can have no database or cache, though they can have all else. Pure."""

import re

from infra.problems import Problem, SettingsError, shown
from infra.settings import PROJECT, Settings

# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateServerlessCache.html
LONGEST_CACHE_NAME = 40
# The namespaces of these, and no others, get a database on another stack's server, and may log in to it.
REVIEW_STACK = re.compile("pr-[1-9][0-9]{0,8}")


def check(settings: Settings, stack: str) -> None:
    """Refuse a stack whose name cannot be part of the names that it would need.

    Args:
        settings: the stack's.
        stack: its name; its own database and cache are called `helloworld-<stack>`.

    Raises:
        SettingsError: RDS or ElastiCache would refuse the name, minutes into an `up`; or nobody would make a database
            for it.
    """
    if settings.platform == "reference" and settings.database and not REVIEW_STACK.fullmatch(stack):
        reason = f"with {PROJECT}:database on another stack's server it has to be a review environment"
        cure = f"pr-<number of the pull request>, or {PROJECT}:database = false"
        raise SettingsError([Problem("stack", shown(stack), reason, cure)])
    if settings.platform != "create" or not (settings.database or settings.cache):
        return
    name, longest = f"{PROJECT}-{stack}", LONGEST_CACHE_NAME - len(PROJECT) - 1
    problems = []
    if settings.cache and len(name) > LONGEST_CACHE_NAME:
        problems.append(f"with {PROJECT}:cache it is part of a name of at most {LONGEST_CACHE_NAME} characters")
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
    if name.endswith("-") or "--" in name:
        problems.append(
            f"with {PROJECT}:database or {PROJECT}:cache it is part of names that take no hyphen last, nor two in a row"
        )
    if problems:
        cure = (
            f"at most {longest} characters, and single hyphens between letters and digits: pulumi stack rename <name>"
        )
        raise SettingsError([Problem("stack", shown(stack), reason, cure) for reason in problems])
