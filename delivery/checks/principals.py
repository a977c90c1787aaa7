"""Whether the roles and users that the settings name exist."""

from collections.abc import Iterable, Mapping

from delivery.aws_clients import RefusedError
from delivery.checks.result import Result, fail, ok, unknown
from delivery.checks.site import Site
from infra.settings import PROJECT

ASKED = "principals"


def principals(site: Site) -> Iterable[Result]:
    """Whether each exists, under that very ARN.

    An access entry takes an existing principal only, and a path belongs to its ARN:
    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    """
    good = []
    for arn, key in _named(site).items():
        account, kind, name = arn.split(":")[4], *_split(arn)
        if account != site.account:
            yield unknown(
                f"{key}: {name}", f"{arn} is of another account, which cannot be asked", "look whether it exists there"
            )
            continue
        there = _arn_of(site, kind, name)
        if there is None:
            yield fail(f"{key}: {name}", f"{arn} does not exist", f"make it first, or correct {PROJECT}:{key}")
        elif there != arn:
            yield fail(f"{key}: {name}", f"{arn} does not exist; {there} does", f"write that into {PROJECT}:{key}")
        else:
            good.append(name)
    if good:
        yield ok(ASKED, f"{', '.join(good)} exist" if len(good) > 1 else f"{good[0]} exists")


def _named(site: Site) -> Mapping[str, str]:
    """ARN to the setting that names it. The deploy role is looked at before."""
    settings = site.settings
    roles = {"reviewRole": settings.review_role, "previewRole": settings.preview_role}
    found = {arn: key for key, arn in roles.items() if arn}
    return {**{each.principal: "access" for each in settings.access}, **found}


def _split(arn: str) -> tuple[str, str]:
    kind, _, path = arn.split(":", 5)[5].partition("/")
    return kind, path.rpartition("/")[2]


def _arn_of(site: Site, kind: str, name: str) -> str | None:
    """The ARN of the role or user of that name, which an account has once, whatever its path."""
    try:
        if kind == "user":
            return str(site.aws.call("iam", "get_user", UserName=name)["User"]["Arn"])
        return str(site.aws.call("iam", "get_role", RoleName=name)["Role"]["Arn"])
    except RefusedError as error:
        if error.code != "NoSuchEntity":
            raise
        return None
