"""Well-formed values for what a plan does not know yet: a scanner reads a manifest or policy as if it were deployed."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from offline.plan import Plan

# A plan's placeholder is `${<logical name>.<property>}`; `${aws:username}` is a variable of IAM and stays.
PLACEHOLDER = re.compile(r"\$\{([^{}:]+)\}")
LONGEST_LABEL = 63


def known(value: Any, plan: Plan) -> Any:
    """`value`, plain JSON, with a dummy for each placeholder in its texts.

    Args:
        value: inputs of a resource, or a part of them.
        plan: whose; it says what kind of resource a name belongs to.
    """
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: _dummy(found, plan), value)
    if isinstance(value, Mapping):
        return {key: known(each, plan) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [known(each, plan) for each in value]
    return value


def _dummy(found: re.Match[str], plan: Plan) -> str:
    content = found[1]
    if found.string[: found.start()].endswith("sha256:"):
        return hashlib.sha256(content.encode()).hexdigest()
    name, _, key = content.rpartition(".")
    if key == "arn":
        return _arn(name, plan)
    return re.sub(r"[^a-z0-9]+", "-", content.lower())[:LONGEST_LABEL].strip("-")


def _arn(name: str, plan: Plan) -> str:
    types = [each.type for each in plan.resources if each.name == name]
    service = types[0].split(":")[1].split("/")[0] if types else "unknown"
    # Buckets have one name for all accounts and regions.
    return f"arn:aws:s3:::{name}" if service == "s3" else f"arn:aws:{service}:us-west-2:123456789012:{name}"
