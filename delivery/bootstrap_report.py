"""What is left to do in the repository after `make bootstrap`, as commands and as a list. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap.names import REVIEW_ENVIRONMENT
from bootstrap.settings import Settings
from policy.rules import is_production


@dataclass(frozen=True, kw_only=True)
class Repository:
    """What the repository has to be told. `name` is owner/name; `deploy_roles` are by environment, in their order."""

    name: str
    branch: str
    variables: Mapping[str, str]
    deploy_roles: Mapping[str, str]


def repository_settings(settings: Settings, outputs: Mapping[str, Any]) -> Repository:
    """What to set, from the account's settings and the outputs of `bootstrap/`."""
    roles = outputs["deployRoles"]
    return Repository(
        name=re.sub(r"@\d+", "", settings.repository),
        branch=settings.default_branch,
        variables={
            "AWS_REGION": settings.region,
            "PULUMI_BACKEND_URL": outputs["backendUrl"],
            "PREVIEW_ROLE": outputs["previewRole"],
            "REVIEW_ROLE": outputs["reviewRole"],
        },
        deploy_roles={each: roles[each] for each in settings.environments},
    )


def report(repository: Repository) -> list[str]:
    """The lines to show."""
    environments = [*repository.deploy_roles, REVIEW_ENVIRONMENT]
    approved = [each for each in repository.deploy_roles if is_production(each)] or [*repository.deploy_roles][-1:]
    return [
        f"Left to do, once, in {repository.name} (Settings of the repository on GitHub):",
        "",
        "  variables:",
        *(f"    {name} = {value}" for name, value in repository.variables.items()),
        f"  environments: {', '.join(environments)}; each with the variable DEPLOY_ROLE, but {REVIEW_ENVIRONMENT}:",
        *(f"    {each}: DEPLOY_ROLE = {role}" for each, role in repository.deploy_roles.items()),
        f"  of each but {REVIEW_ENVIRONMENT}, limit the deployment branches to {repository.branch}: whoever may push a "
        "branch could otherwise take its role from there",
        f"  of {' and '.join(approved)}, name the required reviewers: without them every merge goes there unasked",
        "",
        "The same as commands (the reviewers are yours to name):",
        "",
        *(f"  {shlex.join(command)}" for command in commands(repository)),
        "",
        "Commit the stacks' files. From a laptop, first:",
        "",
        f"  export PULUMI_BACKEND_URL={shlex.quote(repository.variables['PULUMI_BACKEND_URL'])}",
    ]


def commands(repository: Repository) -> list[Sequence[str]]:
    """The calls of `gh` that set it."""
    where = ["--repo", repository.name]
    calls: list[Sequence[str]] = [
        ["gh", "variable", "set", name, *where, "--body", value] for name, value in repository.variables.items()
    ]
    root = f"repos/{repository.name}/environments"
    limited = [
        "-F",
        "deployment_branch_policy[protected_branches]=false",
        "-F",
        "deployment_branch_policy[custom_branch_policies]=true",
    ]
    for each, role in repository.deploy_roles.items():
        branch = ["-f", f"name={repository.branch}"]
        calls += [
            ["gh", "api", "--method", "PUT", f"{root}/{each}", *limited],
            ["gh", "api", "--method", "POST", f"{root}/{each}/deployment-branch-policies", *branch],
            ["gh", "variable", "set", "DEPLOY_ROLE", *where, "--env", each, "--body", role],
        ]
    calls.append(["gh", "api", "--method", "PUT", f"{root}/{REVIEW_ENVIRONMENT}"])
    return calls
