"""The log-in with which boto3 asks: that of the command's environment, never this process's own."""

import re
from collections.abc import Mapping

import botocore.session
from botocore import exceptions

from delivery.aws_refusals import sentence

# A key of a log-in, or its token.
KEY = re.compile(r"[!-~]+")
# botocore's word for keys that were handed to a session, which those of the environment are.
EXPLICIT = "explicit"
# What a session of botocore's takes from the environment besides keys: its own name for it, and the variable's.
VARIABLES = {
    "ca_bundle": "AWS_CA_BUNDLE",
    "config_file": "AWS_CONFIG_FILE",
    "credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
}


def session_of(environ: Mapping[str, str]) -> botocore.session.Session:
    """A session that signs with the environment's keys, else with its profile, else with what the machine has.

    What it raises is botocore's own, if the profile does not exist.
    """
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


def require_usable(session: botocore.session.Session) -> None:
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
        said = f"{type(error).__name__}: {sentence(error)}"
        raise exceptions.CredentialRetrievalError(provider="the profile", error_msg=said) from None
    parts = (keys.access_key, keys.secret_key, keys.token or "none") if keys else ()
    if not all(isinstance(each, str) and KEY.fullmatch(each) for each in parts):
        whose = "the environment" if found.method == EXPLICIT else found.method
        wrong = "a key or the token is empty, or has a space or a line break in it"
        raise exceptions.CredentialRetrievalError(provider=whose, error_msg=wrong)
