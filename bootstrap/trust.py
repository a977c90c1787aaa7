"""Who may take a role: trust policy documents. Pure.

A workflow's token says in `sub` where it runs. Every subject is written out and compared for equality: a pattern would
let in a branch, a repository or an environment that somebody else can name.
https://docs.github.com/en/actions/reference/security/oidc
"""

from collections.abc import Sequence

from bootstrap import names
from bootstrap.policy_document import Statement, document

AUDIENCE = "sts.amazonaws.com"


def provider_arn(account: str) -> str:
    """The ARN of the account's OIDC provider of GitHub; an account can have one."""
    return f"arn:aws:iam::{account}:oidc-provider/{names.GITHUB_ISSUER}"


def preview_trust(account: str, provider: str, repository: str, branch: str, operators: Sequence[str]) -> str:
    """The trust of the preview role, as JSON: pull requests of the repository's own branches, the default branch, and
    the operators.

    Args:
        account: the AWS account's number, twelve digits.
        provider: the ARN of the OIDC provider.
        repository: as GitHub's tokens name it.
        branch: the default branch, where drift is looked for.
        operators: ARNs of the roles and users that may take it from a laptop.
    """
    subjects = [f"repo:{repository}:pull_request", f"repo:{repository}:ref:refs/heads/{branch}"]
    return document(_workflows(provider, subjects), _itself(account, names.PREVIEW_ROLE), *_people(operators))


def review_trust(account: str, provider: str, repository: str, operators: Sequence[str]) -> str:
    """The trust of the review role, as JSON; arguments as for `preview_trust`."""
    subjects = [f"repo:{repository}:environment:{names.REVIEW_ENVIRONMENT}"]
    return document(_workflows(provider, subjects), _itself(account, names.REVIEW_ROLE), *_people(operators))


def deploy_trust(account: str, provider: str, repository: str, environment: str, operators: Sequence[str]) -> str:
    """The trust of an environment's deploy role, as JSON: the jobs of that GitHub environment, and the operators.

    Args:
        account: as for `preview_trust`, like `provider` and `repository`.
        provider: see there.
        repository: see there.
        environment: whose.
        operators: as for `preview_trust`.
    """
    return document(
        _workflows(provider, [f"repo:{repository}:environment:{environment}"]),
        _itself(account, names.deploy_role(environment)),
        *_people(operators),
    )


def _people(operators: Sequence[str]) -> list[Statement]:
    if not operators:
        return []
    principal = {"AWS": sorted(operators)}
    return [{"Sid": "Operators", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]


def _workflows(provider: str, subjects: Sequence[str]) -> Statement:
    issuer = names.GITHUB_ISSUER
    return {
        "Sid": "Workflows",
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": list(subjects)}},
    }


def _itself(account: str, role: str) -> Statement:
    """The kubeconfig takes the role that the caller is already. A trust policy can name a role only once there is
    one; the account, narrowed to the role's name, can be named before.
    """
    return {
        "Sid": "Itself",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/{role}"}},
    }
