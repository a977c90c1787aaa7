"""An AWS account for the tests of a tear-down: moto's, and what moto does not play; calls are recorded, or refused.

moto plays no chats, no serverless caches, no retained backups, no deletion protection of clusters and no network
interfaces that come and go; those are answered here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from delivery.aws_clients import Clients, clients
from delivery.teardown.cloud import Cloud
from delivery.teardown.leftovers import Patience
from delivery.teardown.scope import Scope
from tests.delivery_context import told

ACCOUNT, REGION = "123456789012", "us-west-2"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
DEV = Scope(stack="dev", region=REGION, account=ACCOUNT, cluster="helloworld-dev", creates=True)
OWN = {"project": "helloworld", "stack": "dev"}
THROTTLED, DENIED, UNREACHABLE = "ThrottlingException", "AccessDeniedException", "unreachable"
CHANGING = ("Delete", "Modify", "Update", "Schedule", "Release", "Terminate", "Revoke", "Create", "Put", "Stop")


@cache
def shared_clients(region: str = REGION) -> Clients:
    """Made once: the descriptions of a dozen services take a second to read."""
    return clients(told(Path(), KEYS).context, region, attempts=1)


def refusal(operation: str, code: str, message: str = "no") -> BaseException:
    """What boto3 raises for it."""
    if code == "stop":
        return KeyboardInterrupt()
    if code == UNREACHABLE:
        unreachable: BaseException = EndpointConnectionError(endpoint_url="https://aws.test")
        return unreachable
    refused: BaseException = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return refused


@dataclass
class Account:
    """The account: `calls` that were made, in order, and what they answer other than moto would.

    `faults`: operation to the codes of its next answers. `answers`: operation to what it answers instead.
    Both begin with `record`: what a test sets up before is neither recorded nor refused.
    """

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    seconds: float = 0.0
    recording: bool = False

    def __post_init__(self) -> None:
        missing = {
            "DescribeServerlessCaches": "ServerlessCacheNotFoundFault",
            "DescribeUserGroups": "UserGroupNotFound",
            "DescribeUsers": "UserNotFound",
            "DescribeDBInstanceAutomatedBackups": "DBInstanceAutomatedBackupNotFound",
        }
        for operation, code in missing.items():
            self.refuse(operation, code)
        self.answers["DescribeSlackChannelConfigurations"] = lambda _: {"SlackChannelConfigurations": []}

    def record(self) -> "Account":
        """From now on."""
        self.recording = True
        return self

    def refuse(self, operation: str, code: str) -> None:
        """Let an operation always be refused."""

        def answer(_: dict[str, Any]) -> Any:
            raise refusal(operation, code)

        self.answers[operation] = answer

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls that change something."""
        return [call for call in self.calls if call[0].startswith(CHANGING)]

    def cloud(self, scope: Scope = DEV) -> Cloud:
        return Cloud(clients=shared_clients(scope.region), scope=scope, patience=self.patience)

    @property
    def patience(self) -> Patience:
        """Time passes only by waiting."""

        def sleep(seconds: float) -> None:
            self.seconds += seconds

        return Patience(most=60.0, every=10.0, now=lambda: self.seconds, sleep=sleep)

    def boto(self, service: str, region: str = REGION) -> Any:
        """The test's own way in."""
        return shared_clients(region).client(service)


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account with nothing in it."""
    account, real = Account(), BaseClient._make_api_call

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        asking = account.recording
        if asking:
            account.calls.append((operation, arguments))
            if account.faults.get(operation):
                raise refusal(operation, account.faults[operation].pop(0))
        if operation in account.answers:
            return account.answers[operation](arguments)
        told = real(client, operation, arguments)
        if operation == "DescribeTags":
            for each in told.get("Tags", ()):
                # moto's name for it; AWS's is the other: see TagSpecification in EC2's API reference.
                each["ResourceType"] = each["ResourceType"].replace("vpc-elastic-ip", "elastic-ip")
        return told

    with mock_aws(), monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", call)
        yield account


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specified(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    """Tags as EC2 takes them with what it makes."""
    return [{"ResourceType": kind, "Tags": pairs(tags)}]
