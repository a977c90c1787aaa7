"""Tokens are what AWS takes, made with the pod's own credentials, and made anew for each connection."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from helloworld.aws import Signer
from state_harness import PATIENCE_SECONDS

APP_DIRECTORY = Path(__file__).parent.parent
HOST = "db.example.eu-central-1.rds.amazonaws.com"


def test_a_database_token_is_the_one_that_boto_makes(signer: Signer) -> None:
    # Made by botocore 1.44.5's generate_db_auth_token with these credentials at this moment. It cannot be asked here:
    # it does not install beside the Kubernetes client, which needs a newer python-dateutil.
    made_by_boto = (
        f"{HOST}:5432/?Action=connect&DBUser=helloworld&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T121818Z"
        "&X-Amz-SignedHeaders=host&X-Amz-Expires=900&X-Amz-Security-Token=tok%2Fen%2B%3D"
        "&X-Amz-Signature=dad129aae4b18df22a011132fab97b91642eead4f0eebb4517616708871c4462"
    )
    moment = datetime(2026, 11, 21, 12, 18, 18, tzinfo=UTC)
    query = {"Action": "connect", "DBUser": "helloworld"}
    assert asyncio.run(signer.presign("rds-db", f"{HOST}:5432", query, moment)) == made_by_boto


def test_a_cache_token_names_the_serverless_cache_in_lower_case_and_lives_15_minutes(signer: Signer) -> None:
    token = asyncio.run(signer.cache_token("HelloWorld-Prod", "helloworld"))
    parts = urlsplit(f"https://{token}")
    query = {name: value for name, (value,) in parse_qs(parts.query).items()}
    assert parts.netloc == "helloworld-prod"
    assert parts.path == "/"
    assert {name: query[name] for name in ("Action", "User", "ResourceType")} == {
        "Action": "connect",
        "User": "helloworld",
        "ResourceType": "ServerlessCache",
    }
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Credential"].endswith("/eu-central-1/elasticache/aws4_request")
    assert not token.startswith("http")


def test_the_database_token_is_for_host_port_and_user(signer: Signer) -> None:
    token = asyncio.run(signer.database_token(HOST, 5432, "helloworld-pr-7"))
    assert token.startswith(f"{HOST}:5432/?Action=connect&DBUser=helloworld-pr-7&")


def test_a_signed_request_covers_its_target_and_its_body(signer: Signer) -> None:
    def authorization(body: bytes) -> str:
        given = {"x-amz-target": "secretsmanager.GetSecretValue"}
        return asyncio.run(signer.headers("secretsmanager", "example.org", body, given))["Authorization"]

    assert "x-amz-target" in authorization(b"{}")
    assert "/eu-central-1/secretsmanager/aws4_request" in authorization(b"{}")
    assert authorization(b"{}") != authorization(b"{ }")


class Agent(BaseHTTPRequestHandler):
    """EKS Pod Identity's agent: gives credentials to who shows the pod's token."""

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "the pod's token"
        document = {
            "AccessKeyId": "ASIA",
            "SecretAccessKey": "secret",
            "Token": "session",
            "Expiration": "2099-01-01T00:00:00Z",
        }
        body = json.dumps(document if allowed else {}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    (tmp_path / "token").write_text("the pod's token")
    yield {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
    }
    server.shutdown()
    server.server_close()


def run_python(program: str, environ: dict[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-B", "-c", program]
    return subprocess.run(
        command,
        cwd=APP_DIRECTORY,
        env={**kept, **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    ).stdout


def test_credentials_come_from_pod_identity(agent: dict[str, str]) -> None:
    program = (
        "import asyncio; from helloworld.aws import Signer; "
        "print(asyncio.run(Signer('eu-central-1').database_token('host', 5432, 'user')))"
    )
    assert "&X-Amz-Security-Token=session&" in run_python(program, agent)


@pytest.mark.parametrize("agent_listens", [True, False])
def test_a_pod_without_credentials_is_told_what_it_lacks(agent_listens: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        program = (
            f"import asyncio; from helloworld import aws; aws._SIGNING_SECONDS = {0.4 if agent_listens else 60}\n"
            "try: asyncio.run(aws.Signer('eu-central-1').database_token('host', 5432, 'user'))\n"
            "except Exception as error: print(f'{type(error).__name__}: {error}')"
        )
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/credentials"}
        environ = {"AWS_EC2_METADATA_DISABLED": "true", **(uri if agent_listens else {})}
        told = run_python(program, environ)
    assert told.startswith(
        "SigningError: no AWS credentials within 0.4 seconds."
        if agent_listens
        else "SigningError: cannot sign for AWS (AWS_AUTH_SIGNING_NO_CREDENTIALS"
    )
    assert "Pod Identity association" in told


def test_clients_are_loaded_only_where_they_are_set() -> None:
    program = (
        "import os, sys; from helloworld.settings import read_settings; from helloworld.state.stores import Stores; "
        "import helloworld.__main__; from prometheus_client import CollectorRegistry; "
        "Stores(read_settings(os.environ), CollectorRegistry()); "
        "print([name for name in ('asyncpg', 'redis', 'awscrt') if name in sys.modules])"
    )
    both = {"DATABASE_URL": "postgresql://a@b/c", "CACHE_URL": "redis://b"}
    assert run_python(program, {}) == "[]\n"
    assert run_python(program, both) == "['asyncpg', 'redis']\n"
