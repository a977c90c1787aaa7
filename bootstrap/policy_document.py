"""IAM policy documents, and the ARNs in them. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap import names

Statement = dict[str, Any]
Condition = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An AWS account and region, or `*` for any; and the state's region and the ARN of the key of Pulumi's secrets."""

    number: str
    region: str
    state_region: str
    key_arn: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.number}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and in no region."""
        return f"arn:aws:{service}::{self.number}:{resource}"

    def iam(self, resource: str) -> str:
        """The ARN of something in IAM, e.g. `role/helloworld-preview`."""
        return self.global_arn("iam", resource)

    @property
    def bucket(self) -> str:
        """The ARN of the state bucket."""
        return f"arn:aws:s3:::{names.state_bucket(self.number, self.state_region)}"


def document(*statements: Statement) -> str:
    """A policy document, as JSON without spaces: IAM counts characters."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], condition: Condition | None = None) -> Statement:
    """A statement that allows `actions` on `resources`."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def deny(sid: str, actions: Sequence[str], resources: Sequence[str], condition: Condition | None = None) -> Statement:
    """A statement that forbids `actions` on `resources`, whatever else allows them."""
    return {**allow(sid, actions, resources, condition), "Effect": "Deny"}


def tagged(stack: str) -> Condition:
    """What is touched carries the tags of that stack (a pattern), which the program puts on all it makes."""
    return _tags("aws:ResourceTag", stack)


def tagging(stack: str) -> Condition:
    """What is made gets the tags of that stack (a pattern) as it is made."""
    return _tags("aws:RequestTag", stack)


def owned(
    sid: str, tag: Sequence[str], untag: Sequence[str], resources: Sequence[str], stack: str
) -> tuple[Statement, Statement]:
    """What allows that new resources get a stack's tags, and that its others change all but those that say whose."""
    own = tagged(stack)
    (operator,) = own
    new = {**tagging(stack), f"{operator}IfExists": own[operator]}
    return (
        allow(f"TagNew{sid}", tag, resources, new),
        allow(f"Retag{sid}", [*tag, *untag], resources, {**own, **KEEPS_OWNER}),
    )


# The tags that say whose something is stay as they were made.
KEEPS_OWNER: Condition = {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["project", "stack"]}}


def _tags(key: str, stack: str) -> Condition:
    operator = "StringLike" if "*" in stack else "StringEquals"
    return {operator: {f"{key}/project": names.PROJECT, f"{key}/stack": stack}}
