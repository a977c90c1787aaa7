"""The names that the account, the stacks' files and the workflows agree on. Pure."""

PROJECT = "helloworld"
BOOTSTRAP_PROJECT = "helloworld-bootstrap"
BOOTSTRAP_STACK = "account"
KEY_ALIAS = f"alias/{PROJECT}-pulumi"
PREVIEW_ROLE = f"{PROJECT}-preview"
REVIEW_ROLE = f"{PROJECT}-review"
# The GitHub environment of the jobs that make review environments.
REVIEW_ENVIRONMENT = "review"
REVIEW_PREFIX = "pr-"
REVIEW_STACKS = f"{REVIEW_PREFIX}*"
# The stack on whose cluster review environments stand.
REVIEW_PLATFORM = "dev"
# What its stack makes for their pods: infra/service_identity.py.
REVIEW_DATABASE_ROLE = f"{PROJECT}-{REVIEW_PLATFORM}-review-database"
GITHUB_ISSUER = "token.actions.githubusercontent.com"


def deploy_role(environment: str) -> str:
    """The name of the role that deploys an environment."""
    return f"{PROJECT}-deploy-{environment}"


def boundary(role: str) -> str:
    """The name of the permissions boundary of a role of ours, and of every role that it makes."""
    return f"{role}-boundary"


def state_bucket(account: str, region: str) -> str:
    """The name of the bucket with the state of every stack; no other account can have one of that name by chance."""
    return f"{PROJECT}-state-{account}-{region}"


def backend_url(account: str, region: str) -> str:
    """The state bucket as Pulumi's backend."""
    return f"s3://{state_bucket(account, region)}?region={region}"


def secrets_provider(region: str) -> str:
    """The key that encrypts secrets in state and stack files, as Pulumi names it."""
    return f"awskms://{KEY_ALIAS}?region={region}"
