"""Who asks, and whether they may be the role that deploys."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from delivery.aws import AwsError
from delivery.aws_clients import Clients, clients
from delivery.aws_refusals import RefusedError
from delivery.checks.region import ALWAYS_ON, turn_on
from delivery.checks.result import Result, fail, of_error, ok, warn
from delivery.context import Context
from delivery.identity import LOG_IN, ROLE, acting, is_session_of
from infra.settings import PROJECT, Settings

READ_SECONDS, ATTEMPTS = 10.0, 3
SESSION_NAME = f"{PROJECT}-preflight"
# An `up` of a new stack takes about twenty minutes.
SOON = timedelta(minutes=30)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
UNKNOWN_THERE = ("InvalidClientTokenId", "UnrecognizedClientException")
AGAIN = "look whether this machine's clock is right and its keys are whole, or log in anew; then again"
WHO, DEPLOYER = "credentials", "deploy role"


@dataclass(frozen=True, kw_only=True)
class LogIn:
    """As whom the checks ask, and in which account. Without clients nobody is logged in."""

    results: tuple[Result, ...]
    clients: Clients | None = None
    account: str = ""


def log_in(context: Context, settings: Settings, now: datetime) -> LogIn:
    """Who is logged in; from there on the deploy role, if that can be assumed, since an `up` is its work.

    Args:
        context: whose environment says who asks.
        settings: the stack's.
        now: with a time zone.
    """
    try:
        here = _clients(context, settings.region)
        caller = here.call("sts", "get_caller_identity")
    except AwsError as error:
        # Nothing else can be asked then, so it is a failure, whatever the reason.
        told = of_error(WHO, error)
        nobody = replace(told, mark="fail", cure=told.cure or AGAIN)
        return LogIn(results=(_not_turned_on(context, settings.region, error) or nobody,))
    arn, account = str(caller["Arn"]), str(caller["Account"])
    who = _until(f"{arn} in account {account}", context.environ.get("AWS_CREDENTIAL_EXPIRATION", ""), now)
    role = settings.deploy_role
    if not role:
        cure = f"name the role in {PROJECT}:deployRole; make bootstrap makes one"
        none = warn(DEPLOYER, f"none: the cluster belongs for ever to whoever runs the first up, {arn}", cure)
        return LogIn(results=(who, none), clients=here, account=account)
    found, deployer = _deployer(context, here, arn, account, role, settings)
    return LogIn(results=(who, *found), clients=deployer or here, account=account)


def _not_turned_on(context: Context, region: str, error: AwsError) -> Result | None:
    """A region that the account has not turned on takes its credentials for nobody's."""
    if error.code not in UNKNOWN_THERE:
        return None
    try:
        _clients(context, ALWAYS_ON).call("sts", "get_caller_identity")
    except AwsError:
        return None
    return fail("region", f"the account has not turned {region} on", turn_on(region))


def _deployer(
    context: Context, here: Clients, arn: str, account: str, role: str, settings: Settings
) -> tuple[list[Result], Clients | None]:
    """What is to be said of the role, and its clients."""
    if is_session_of(arn, role):
        return [_again(here, role, f"{role}, which is who asks")], here
    named = ROLE.fullmatch(role)
    if named and named[1] == account and (missing := _missing(here, role)):
        return [missing], None
    try:
        given = here.call("sts", "assume_role", RoleArn=role, RoleSessionName=SESSION_NAME)["Credentials"]
    except RefusedError as error:
        if not error.denied:
            return [of_error(DEPLOYER, error)], None
        return [fail(DEPLOYER, f"{arn} may not assume {role}; the rest is asked as {arn}", LOG_IN)], None
    except AwsError as error:
        return [of_error(DEPLOYER, error)], None
    deployer = _clients(acting(context, given), settings.region)
    return [_again(deployer, role, f"{role} can be assumed")], deployer


def _missing(here: Clients, role: str) -> Result | None:
    try:
        there = here.find("iam", "get_role", RoleName=role.rpartition("/")[2])
    except AwsError:
        # Whether it can be assumed says more.
        return None
    if there is not None:
        return None
    return fail(DEPLOYER, f"{role} does not exist", f"make bootstrap, or correct {PROJECT}:deployRole")


def _again(deployer: Clients, role: str, found: str) -> Result:
    try:
        deployer.call("sts", "assume_role", RoleArn=role, RoleSessionName=SESSION_NAME)
    except RefusedError as error:
        if not error.denied:
            return of_error(DEPLOYER, error)
        cure = "let the role's trust policy name the role itself, and a policy of it allow sts:AssumeRole on it"
        return fail(DEPLOYER, f"{role} may not assume itself, which the kubeconfig does", cure)
    except AwsError as error:
        return of_error(DEPLOYER, error)
    return ok(DEPLOYER, found)


def _until(found: str, expiry: str, now: datetime) -> Result:
    try:
        end = datetime.fromisoformat(expiry)
    except ValueError:
        return ok(WHO, found)
    # Whoever writes no zone means UTC: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    said = f"{found}, until {end.astimezone(UTC):%H:%M} UTC"
    return ok(WHO, said) if end - now > SOON else warn(WHO, said, "log in again: a first up takes about 20 minutes")


def _clients(context: Context, region: str) -> Clients:
    return clients(context, region, read_seconds=READ_SECONDS, attempts=ATTEMPTS)
