"""As whom a stack is changed: as its deploy role, whoever starts it, so that the cluster's creator never varies."""

import re
from collections.abc import Mapping
from dataclasses import replace

from delivery import aws
from delivery.context import Context
from delivery.problems import DeliveryError
from infra.settings import PROJECT, Settings

SESSION = re.compile(r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/([^/]+)/.+")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)")
LOG_IN = "log in as somebody whom the role's trust policy names and who may call sts:AssumeRole on it"
# They name somebody else, and a program may ask them first.
OTHERS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE")


def as_deployer(context: Context, stack: str, settings: Settings) -> Context:
    """The context in which a stack is changed: the given one, acting as the stack's deploy role.

    As it is if the stack has no such role, is local, or if we are that role already, e.g. in a workflow. The role's
    credentials are in the environment only, and hidden from what is shown.

    Raises:
        DeliveryError: there is no AWS CLI, nobody is logged in, or the role may not be assumed.
    """
    role = settings.deploy_role
    if settings.platform == "local" or not role:
        return context
    who = str(aws.call(context, settings.region, "sts", "get-caller-identity")["Arn"])
    if is_session_of(who, role):
        return context
    session = ("--role-session-name", f"{PROJECT}-{stack}")
    try:
        answer = aws.call(context, settings.region, "sts", "assume-role", "--role-arn", role, *session)
    except aws.AwsError as error:
        if error.code != "AccessDenied":
            raise
        raise DeliveryError(
            f"{PROJECT}:deployRole = {role}: {who} may not assume it, and stack {stack} is changed by it alone.\n"
            f"  cure: {LOG_IN}"
        ) from None
    context.console.say(f"Acting as {role}.")
    return acting(context, answer["Credentials"])


def acting(context: Context, given: Mapping[str, object]) -> Context:
    """The same context with the credentials that `sts assume-role` gave, which are hidden from what is shown."""
    credentials = {
        "AWS_ACCESS_KEY_ID": str(given["AccessKeyId"]),
        "AWS_SECRET_ACCESS_KEY": str(given["SecretAccessKey"]),
        "AWS_SESSION_TOKEN": str(given["SessionToken"]),
    }
    context.console.hide(credentials.values())
    kept = {name: value for name, value in context.environ.items() if name not in OTHERS}
    return replace(context, environ={**kept, **credentials})


def reading(context: Context, settings: Settings) -> dict[str, str]:
    """The overrides with which a preview reaches the cluster as the preview role, if that is who we are.

    The program's kubeconfig asks in the name of the deploy role, which the preview role must not take. Without a role
    in it, it asks in the name of whoever asks.

    Raises:
        DeliveryError: as `as_deployer`.
    """
    if not settings.preview_role or not settings.deploy_role:
        return {}
    who = str(aws.call(context, settings.region, "sts", "get-caller-identity")["Arn"])
    return {f"{PROJECT}:deployRole": ""} if is_session_of(who, settings.preview_role) else {}


def is_session_of(principal: str, role: str) -> bool:
    """Whether `principal`, as `sts get-caller-identity` names it, is a session of that role.

    A session's ARN has the role's account and name, but not its path.
    """
    session, wanted = SESSION.fullmatch(principal), ROLE.fullmatch(role)
    return bool(session and wanted and session.groups() == wanted.groups())
