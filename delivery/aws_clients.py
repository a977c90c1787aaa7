"""AWS by boto3, for commands that ask dozens of things, in pages, and have to tell its refusals apart."""

import threading
from typing import Any

import botocore.config
import botocore.session

from delivery.aws_refusals import RefusedError, explained
from delivery.aws_session import require_usable, session_of
from delivery.context import Context

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 4
CONNECTIONS = 32


class Clients:
    """boto3's clients of one region, made on first use and shared. To be used from any thread.

    Args:
        session: whose credentials sign the calls.
        region: where to ask.
        config: time limits and retries.
    """

    def __init__(self, session: botocore.session.Session, region: str, config: botocore.config.Config) -> None:
        self.region = region
        self._session, self._config = session, config
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Any:
        """A service's client; what its methods raise is botocore's own.

        Args:
            service: as boto3 names it, e.g. ec2.
            region: another one than the clients' own; some services have their endpoint in one region only.

        Raises:
            AwsError: nobody is logged in, or the profile does not exist.
        """
        where = region or self.region
        # A session's clients may be used from any thread, but not made from any.
        with self._lock:
            if (service, where) not in self._clients:
                explained("session", lambda: require_usable(self._session))
                self._clients[service, where] = explained(
                    service, lambda: self._session.create_client(service, region_name=where, config=self._config)
                )
            return self._clients[service, where]

    def call(self, service: str, operation: str, *, where: str | None = None, **arguments: Any) -> Any:
        """The answer to one call.

        Args:
            service: as boto3 names it.
            operation: the client's method, e.g. describe_vpcs.
            where: another region than the clients' own.
            arguments: as the method takes them.

        Raises:
            AwsError: it is refused (`RefusedError`), AWS does not answer, or nobody is logged in.
        """
        client = self.client(service, where)
        return explained(service, lambda: getattr(client, operation)(**arguments))

    def find(self, service: str, operation: str, *, where: str | None = None, **arguments: Any) -> Any | None:
        """As `call`, about something that may not be there: None if AWS says that it is not."""
        try:
            return self.call(service, operation, where=where, **arguments)
        except RefusedError as error:
            if not error.absent:
                raise
            return None

    def items(self, service: str, operation: str, key: str, *, where: str | None = None, **arguments: Any) -> list[Any]:
        """All pages of a list: what the answers have under `key`, one after the other. Else as `call`."""
        client = self.client(service, where)

        def read() -> list[Any]:
            if not client.can_paginate(operation):
                return list(getattr(client, operation)(**arguments).get(key, ()))
            return [
                each for page in client.get_paginator(operation).paginate(**arguments) for each in page.get(key, ())
            ]

        found: list[Any] = explained(service, read)
        return found


def clients(context: Context, region: str, *, read_seconds: float = READ_SECONDS, attempts: int = ATTEMPTS) -> Clients:
    """Clients that ask as the context's environment says: its keys, else its profile, else what the machine has.

    Args:
        context: the command's.
        region: where to ask.
        read_seconds: how long an answer may take.
        attempts: how often a call is tried; what is not a passing fault is not tried again.

    Raises:
        AwsError: the profile does not exist.
    """
    config = botocore.config.Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
    )
    return Clients(explained("session", lambda: session_of(context.environ)), region, config)
