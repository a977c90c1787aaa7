"""Signs with the credentials that the pod has from AWS. Only this file knows AWS's client, and loads it when used."""

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

# The most that AWS allows, for both kinds. A token has to live only until the connection is made.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
_TOKEN_SECONDS = 900

# Shorter than whoever asks waits for a connection, so that the log says which of the two did not answer.
_SIGNING_SECONDS = 1.5

# https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
_CURE = "Give the pod's service account an EKS Pod Identity association, then restart the pod"


class SigningError(Exception):
    """Nothing could be signed, most likely because the pod has no credentials."""


class Signer:
    """Makes tokens and signed headers for one region.

    Credentials come from the SDK's default chain: in a pod, from EKS Pod Identity's agent, which rotates them. They are
    fetched and kept by the client's own threads, so nothing blocks the event loop.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._provider: Any = None

    async def database_token(self, host: str, port: int, user: str) -> str:
        """Return the password with which `user` may log in to an RDS database within the next 15 minutes.

        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html

        Raises:
            SigningError: there are no credentials, or the agent does not answer.
        """
        return await self.presign("rds-db", f"{host}:{port}", {"Action": "connect", "DBUser": user})

    async def cache_token(self, cache: str, user: str) -> str:
        """Return the password with which `user` may log in to a serverless cache within the next 15 minutes.

        https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html

        Raises:
            SigningError: there are no credentials, or the agent does not answer.
        """
        query = {"Action": "connect", "User": user, "ResourceType": "ServerlessCache"}
        return await self.presign("elasticache", cache.lower(), query)

    async def presign(self, service: str, host: str, query: dict[str, str], now: datetime | None = None) -> str:
        """Sign a GET request in its query and return it without the scheme: what AWS takes as a password."""
        path = f"/?{urlencode(query)}"
        request = await self._sign(service, "GET", path, {"host": host}, b"", now or datetime.now(UTC))
        return f"{host}{request.path}"

    async def headers(self, service: str, host: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        """Return the headers of a signed POST to `/` of a service: those given, and what the signature adds."""
        request = await self._sign(service, "POST", "/", {"host": host, **headers}, body, datetime.now(UTC))
        return dict(request.headers)

    async def _sign(
        self, service: str, method: str, path: str, headers: dict[str, str], body: bytes, now: datetime
    ) -> Any:
        # On a thread, because the first time it loads a library.
        request, signing = await asyncio.to_thread(self._begin, service, method, path, headers, body, now)
        try:
            async with asyncio.timeout(_SIGNING_SECONDS):
                await asyncio.wrap_future(signing)
        except TimeoutError:
            raise SigningError(f"no AWS credentials within {_SIGNING_SECONDS} seconds. {_CURE}") from None
        except Exception as error:
            raise SigningError(f"cannot sign for AWS ({error}). {_CURE}") from error
        return request

    def _begin(
        self, service: str, method: str, path: str, headers: dict[str, str], body: bytes, now: datetime
    ) -> tuple[Any, Any]:
        from awscrt.auth import (
            AwsCredentialsProvider,
            AwsSignatureType,
            AwsSigningAlgorithm,
            AwsSigningConfig,
            aws_sign_request,
        )
        from awscrt.http import HttpHeaders, HttpRequest

        if self._provider is None:
            self._provider = AwsCredentialsProvider.new_default_chain()
        kinds = {"GET": AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS, "POST": AwsSignatureType.HTTP_REQUEST_HEADERS}
        config = AwsSigningConfig(
            algorithm=AwsSigningAlgorithm.V4,
            signature_type=kinds[method],
            credentials_provider=self._provider,
            region=self._region,
            service=service,
            date=now,
            expiration_in_seconds=_TOKEN_SECONDS if method == "GET" else None,
        )
        request = HttpRequest(method, path, HttpHeaders(list(headers.items())), BytesIO(body))
        return request, aws_sign_request(request, config)
