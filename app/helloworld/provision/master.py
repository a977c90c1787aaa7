"""Connects as the server's master user."""

import asyncio
import json
import ssl
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import asyncpg

from helloworld.aws import Signer
from helloworld.provision.settings import ProvisionSettings
from helloworld.reasons import reason
from helloworld.state.address import database_address

_SECONDS = 5.0
_REASON_BYTES = 500

# Making a database copies another one; dropping one waits until its users are gone.
_COMMAND_SECONDS = 60.0

# A node that dies says no farewell; its lock must not shut out the next provisioner for as long as it takes TCP to
# notice. Between two statements there is at most a look at Kubernetes.
_SERVER_SETTINGS = {"application_name": "helloworld-provision", "idle_session_timeout": "60s"}


class Master:
    """Makes connections as the master user. The password is read anew for each, so that its rotation needs nothing."""

    def __init__(self, settings: ProvisionSettings) -> None:
        self._address = database_address(settings.database_admin_url or "")
        self._secret = settings.database_admin_secret
        self._region = settings.aws_region or ""
        self._signer = Signer(self._region)
        self._by_token = False
        self._tls = ssl.create_default_context(cafile=settings.database_ca_file) if self._secret else None

    async def connect(self) -> Any:
        """Return a new connection.

        Raises:
            ExceptionGroup: the server refused both ways to log in.
            asyncpg.PostgresError: it refused for another reason.
            OSError: it, or Secrets Manager, did not answer.
            SigningError: there are no credentials for AWS.
        """
        if not self._secret:
            return await self._connect(self._address.user, self._address.password)
        # RDS takes no password of whoever is a member of rds_iam, and PostgreSQL 16 and later make the master a member
        # of every role that it makes: the password opens until the first login role is made, a token from then on.
        ways = [self._password, self._token]
        refusals: list[Exception] = []
        for way in reversed(ways) if self._by_token else ways:
            user, proof = await way()
            try:
                connection = await self._connect(user, proof)
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                refusals.append(error)
            else:
                self._by_token = way == self._token
                return connection
        raise ExceptionGroup("the server takes neither the master's password nor a token of his", refusals)

    async def _password(self) -> tuple[str | None, str]:
        return await self._read_secret(self._secret or "")

    async def _token(self) -> tuple[str | None, str]:
        user, host, port = self._address.user, self._address.host, self._address.port
        return user, await self._signer.database_token(host, port, user or "")

    async def _connect(self, user: str | None, password: str | None) -> Any:
        try:
            return await asyncpg.connect(
                host=self._address.host,
                port=self._address.port,
                user=user,
                password=password,
                database=self._address.database,
                ssl=self._tls if self._tls is not None else "prefer",
                timeout=_SECONDS,
                command_timeout=_COMMAND_SECONDS,
                server_settings=_SERVER_SETTINGS,
            )
        except OSError as error:
            raise OSError(f"{self._address.host}:{self._address.port} cannot be reached ({reason(error)})") from error

    async def _read_secret(self, arn: str) -> tuple[str, str]:
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
        domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        host = f"secretsmanager.{self._region}.{domain}"
        body = json.dumps({"SecretId": arn}).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
        signed = await self._signer.headers("secretsmanager", host, body, headers)
        document = json.loads(await asyncio.to_thread(post_secret_request, f"https://{host}/", body, signed))
        return document["username"], document["password"]


def post_secret_request(url: str, body: bytes, headers: dict[str, str]) -> str:
    """Return the secret that Secrets Manager answers with.

    Raises:
        OSError: it refused, or did not answer.
    """
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - https
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - https
            return str(json.load(answer)["SecretString"])
    except HTTPError as error:
        with error:
            # Who asked for what, and why not: worth more than the status, and without the secret.
            text = error.read(_REASON_BYTES).decode("utf-8", "replace")
        raise OSError(f"Secrets Manager answered {error.code}: {text}") from None
    except OSError as error:
        raise OSError(f"Secrets Manager cannot be reached at {url} ({reason(error)})") from error
