"""AWS and DNS as preflight sees them: moto, what moto lacks, and a name server of the test's own."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from delivery.aws_clients import Clients, clients
from delivery.checks.lookup import Lookup
from delivery.checks.result import Result
from delivery.checks.runner import ask_all
from delivery.checks.site import Site
from delivery.checks.table import of_account
from infra import settings as infra_settings
from infra.addons import VERSIONS
from infra.settings import Settings
from offline import stackfile
from tests.conftest import PROJECT, Planner
from tests.delivery_context import told

ACCOUNT = "123456789012"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/helloworld-deploy-prod"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY"}
NOW = datetime(2026, 11, 21, tzinfo=UTC)
BACKEND = {"PULUMI_BACKEND_URL": "s3://state-bucket?region=us-west-2"}
# In seconds: what a busy machine may need, and no test waits for.
LONG = 600
# A name, and the service and operation, as botocore has them.
Operation = tuple[str, str]


def error(code: str, said: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": said}}, "Operation")


def offered(kubernetes: str = "1.35") -> dict[Operation, Any]:
    """What moto does not play, of an account where all is well."""

    def addons(asked: Mapping[str, Any]) -> Any:
        version = VERSIONS[kubernetes][asked["addonName"]]
        row = {"addonVersion": version, "architecture": ["amd64", "arm64"]}
        return {"addons": [{"addonName": asked["addonName"], "addonVersions": [row]}]}

    def databases(asked: Mapping[str, Any]) -> Any:
        zones = [{"Name": f"us-west-2{letter}"} for letter in "abcd"]
        return {"OrderableDBInstanceOptions": [{"EngineVersion": "18.1", "AvailabilityZones": zones}]}

    end = datetime(2027, 3, 27, tzinfo=UTC)
    version = {"clusterVersion": kubernetes, "versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": end}
    return {
        ("eks", "DescribeClusterVersions"): {"clusterVersions": [version]},
        ("eks", "DescribeAddonVersions"): addons,
        ("service-quotas", "GetServiceQuota"): {"Quota": {"Value": 100.0}},
        ("service-quotas", "GetAWSDefaultServiceQuota"): {"Quota": {"Value": 100.0}},
        ("rds", "DescribeOrderableDBInstanceOptions"): databases,
        ("elasticache", "DescribeServerlessCaches"): error("ServerlessCacheNotFoundFault"),
        ("chatbot", "DescribeSlackWorkspaces"): {"SlackWorkspaces": [{"SlackTeamId": "T0123456789"}]},
    }


@dataclass
class Aws:
    """moto, with `answers` in place of what it would say, by operation: an answer, an error, or a function of what is
    asked that gives or raises one. `asked` is what was called while the checks ran.
    """

    answers: dict[Operation, Any] = field(default_factory=offered)
    asked: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    recording: bool = False

    @contextlib.contextmanager
    def playing(self) -> Iterator[None]:
        original = BaseClient._make_api_call

        def play(client: Any, operation: str, arguments: Mapping[str, Any]) -> Any:
            service = client.meta.service_model.service_name
            if not self.recording:
                return original(client, operation, arguments)
            self.asked.append((service, operation, dict(arguments)))
            if (service, operation) not in self.answers:
                return original(client, operation, arguments)
            answer = self.answers[service, operation]
            answer = answer(arguments) if callable(answer) else answer
            if isinstance(answer, ClientError):
                raise ClientError(answer.response, operation)
            if isinstance(answer, Exception):
                raise answer
            return answer

        BaseClient._make_api_call = play
        try:
            yield
        finally:
            BaseClient._make_api_call = original

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Record what is called, and play the answers."""
        self.recording = True
        try:
            yield
        finally:
            self.recording = False


class NameServer(socketserver.ThreadingUDPServer):
    """Plays the resolver and the servers of parent zones: `known` answers who wants it found out, `own` who does not.

    Both are records as text, by name and kind. A name that neither has does not exist. Nothing is answered while it is
    `silent`; a `lookup` made then does not wait long for that.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.known: dict[tuple[str, str], Sequence[str]] = {}
        self.own: dict[tuple[str, str], Sequence[str]] = {}
        self.silent = False

    @property
    def lookup(self) -> Lookup:
        return Lookup(["127.0.0.1"], int(self.server_address[1]), 0.5 if self.silent else LONG)

    def delegate(self, zone: str, servers: Sequence[str], seen: Sequence[str] | None = None) -> None:
        """The parent says these servers of a zone; the resolver says them, too, or what is `seen`."""
        parent = zone.partition(".")[2]
        self.known[parent, "NS"] = ["ns.parent.test."]
        self.known["ns.parent.test", "A"] = ["127.0.0.1"]
        self.known[zone, "NS"] = [f"{each}." for each in (servers if seen is None else seen)]
        self.own[zone, "NS"] = [f"{each}." for each in servers]


class _Answer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        server: Any = self.server
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        recursive = bool(query.flags & dns.flags.RD)
        if server.silent:
            return
        answer, records = dns.message.make_response(query), server.known if recursive else server.own
        rows = records.get((name, kind), ())
        if rows:
            found = dns.rrset.from_text_list(question.name, 60, dns.rdataclass.IN, kind, list(rows))
            (answer.answer if recursive else answer.authority).append(found)
        elif not any(known == name for known, _ in records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)


@contextlib.contextmanager
def name_server() -> Iterator[NameServer]:
    with NameServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@cache
def shared_clients(region: str) -> Clients:
    """To make them takes longer than all questions."""
    return clients(told(PROJECT, KEYS).context, region, read_seconds=LONG, attempts=1)


def boto(service: str, region: str = "us-west-2") -> Any:
    """The test's own way in."""
    return shared_clients(region).client(service)


def parsed(stack: str, changes: Mapping[str, str]) -> Settings:
    config = dict(stackfile.load(PROJECT, stack).config)
    named = {f"helloworld:{key}": value for key, value in changes.items()}
    return infra_settings.parse({**config, **named}, stack=stack)


@dataclass(frozen=True)
class Stage:
    """Runs checks over a stack: `run("prod", "quota: VPCs")`."""

    aws: Aws
    dns: NameServer
    planned: Planner

    def site(
        self,
        stack: str = "prod",
        changes: Mapping[str, str] | None = None,
        *,
        late: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        project: Path = PROJECT,
    ) -> Site:
        """The site of a stack with some settings changed; `late` are settings that its plan does not have."""
        settings = parsed(stack, {**(changes or {}), **(late or {})})
        return Site(
            context=told(project, {**KEYS, **BACKEND, **(environ or {})}).context,
            stack=stack,
            settings=settings,
            plan=self.planned(stack, changes),
            aws=shared_clients(settings.region),
            account=ACCOUNT,
            lookup=self.dns.lookup,
        )

    def ask(self, site: Site, *names: str) -> list[Result]:
        """The results of these checks, or of all."""
        checks = [each for each in of_account(site, NOW) if not names or each.name in names]
        assert len(checks) >= len(names)
        with self.aws.watched():
            return ask_all(checks, LONG)
