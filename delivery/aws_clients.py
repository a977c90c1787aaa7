"""AWS by boto3, for commands that ask dozens of things, in pages, and have to tell its refusals apart."""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import botocore.config
import botocore.session
from botocore import exceptions
from botocore.parsers import ResponseParserError

from delivery.aws import EXPIRED, AwsError
from delivery.context import Context

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 4
CONNECTIONS = 32
MOST_SAID = 500
# `AwsError.code` of what AWS itself never said.
NOBODY, UNREACHABLE = "NotLoggedIn", "Unreachable"
REACH = "look whether the region's name is right and whether this machine, or its proxy, reaches AWS; then again"
# What `aws login` keeps is signed with a key that boto3 reads with a package of its own; the CLI hands it out.
EXPORT = 'eval "$(aws configure export-credentials --format env)", then again'
LOG_IN = "log in, e.g. `aws sso login`, or name a profile: AWS_PROFILE=…"
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "OptInRequired")
ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
# Where the prefix of a service's rights is not boto3's name for it.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
# A key of a log-in, or its token.
KEY = re.compile(r"[!-~]+")
# botocore's word for keys that were handed to a session, which those of the environment are.
EXPLICIT = "explicit"
NOBODY_ERRORS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.LoginError,
    exceptions.ConfigParseError,
    exceptions.InvalidConfigError,
)
# What a session of botocore's takes from the environment besides keys: its own name for it, and the variable's.
VARIABLES = {
    "ca_bundle": "AWS_CA_BUNDLE",
    "config_file": "AWS_CONFIG_FILE",
    "credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
}


class RefusedError(AwsError):
    """AWS refused a call. `code` is its error's name; `action` the right that the call needs, e.g. ec2:DescribeVpcs."""

    def __init__(self, message: str, code: str, action: str) -> None:
        super().__init__(message, code)
        self.action = action

    @property
    def denied(self) -> bool:
        """Whether it is the right that is missing."""
        return self.code in DENIED

    @property
    def absent(self) -> bool:
        """Whether there is no such thing."""
        return "NotFound" in self.code or self.code.startswith("NoSuch")


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
                explained("session", lambda: _require_whole(self._session))
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
    return Clients(explained("session", lambda: _session(context.environ)), region, config)


def _session(environ: Mapping[str, str]) -> botocore.session.Session:
    session = botocore.session.Session()
    for name, variable in VARIABLES.items():
        if environ.get(variable):
            session.set_config_variable(name, environ[variable])
    key = environ.get("AWS_ACCESS_KEY_ID")
    profile = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    if key:
        session.set_credentials(key, environ.get("AWS_SECRET_ACCESS_KEY", ""), environ.get("AWS_SESSION_TOKEN"))
        return session
    if profile:
        session.set_config_variable("profile", profile)
    # Keys of this process that are not in the context's environment are somebody else's.
    session.get_component("credential_provider").remove("env")
    return session


def _require_whole(session: botocore.session.Session) -> None:
    """Raise botocore's own error if a log-in cannot sign: what is behind a profile may be any program of the machine's.

    Keys are left by botocore to whoever signs, which may be C, and to HTTP's headers.
    """
    try:
        found = session.get_credentials()
        keys = found.get_frozen_credentials() if found else None
    except (exceptions.BotoCoreError, exceptions.ClientError):
        raise
    except Exception as error:
        # botocore takes for granted that a program answers in the form that it has to.
        said = f"{type(error).__name__}: {_sentence(error)}"
        raise exceptions.CredentialRetrievalError(provider="the profile", error_msg=said) from None
    parts = (keys.access_key, keys.secret_key, keys.token or "none") if keys else ()
    if not all(isinstance(each, str) and KEY.fullmatch(each) for each in parts):
        whose = "the environment" if found.method == EXPLICIT else found.method
        wrong = "a key or the token is empty, or has a space or a line break in it"
        raise exceptions.CredentialRetrievalError(provider=whose, error_msg=wrong)


def explained(service: str, ask: Callable[[], Any]) -> Any:
    """What `ask` gives.

    Args:
        service: that is asked, as boto3 names it.
        ask: raises what botocore raises.

    Raises:
        AwsError: in place of botocore's, with the cure where one is known.
    """
    try:
        return ask()
    except exceptions.ClientError as error:
        raise refused(service, error) from None
    except NOBODY_ERRORS as error:
        raise AwsError(f"nobody is logged in to AWS here: {_sentence(error)}\n  cure: {LOG_IN}", NOBODY) from None
    except exceptions.MissingDependencyException:
        raise AwsError(f"boto3 lacks what this log-in needs (awscrt).\n  cure: {EXPORT}", NOBODY) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise AwsError(f"{service}: AWS does not answer: {_sentence(error)}\n  cure: {REACH}", UNREACHABLE) from None
    except ResponseParserError:
        raise AwsError(
            f"{service}: what answers does not speak as AWS does; is a proxy between?\n  cure: {REACH}", UNREACHABLE
        ) from None
    except exceptions.BotoCoreError as error:
        raise AwsError(f"{service}: {_sentence(error)}") from None


def refused(service: str, error: exceptions.ClientError) -> RefusedError:
    """AWS's refusal as people read it."""
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    said = " ".join(str(told.get("Message", "")).split())[:MOST_SAID]
    if code in EXPIRED:
        return RefusedError(f"nobody is logged in to AWS here: {said or code}\n  cure: {LOG_IN}", code, "")
    named = ACTION.search(said)
    action = named[1] if named else f"{PREFIXES.get(service, service)}:{error.operation_name}"
    cure = f"\n  cure: let whoever asks call {action}" if code in DENIED else ""
    return RefusedError(f"{action} failed: {code}: {said}{cure}", code, action)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:MOST_SAID]
