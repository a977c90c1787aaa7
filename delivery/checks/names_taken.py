"""Whether names that the stack needs are somebody else's."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from delivery.aws_tags import tags_of
from delivery.checks.result import Result, fail, ok
from delivery.checks.site import Site

# The tags of what has that name; None if nothing has.
Find = Callable[[Site, str], Mapping[str, str] | None]
LOG_GROUPS = "aws:cloudwatch/logGroup:LogGroup"
MOST_NAMED = 2


def named(what: str, kind: str, key: str, find: Find, site: Site) -> Iterable[Result]:
    """Whether the names of one type of resource are free, or this stack's own.

    Args:
        what: people call it.
        kind: its type in the plan.
        key: the input that is its name.
        find: looks it up.
        site: the stack.
    """
    asked, free, own = f"names: {what}", [], []
    for name in (str(each.inputs[key]) for each in site.plan.of(kind) if each.inputs.get(key)):
        tags = find(site, name)
        if tags is None:
            free.append(name)
        elif site.is_ours(tags):
            own.append(name)
        else:
            whose = ", ".join(f"{tag}={tags[tag]}" for tag in ("project", "stack") if tag in tags) or "no tags of ours"
            cure = f"delete it, take it into the stack (pulumi import {kind} ...), or rename the stack"
            yield fail(asked, f"{name} exists and is not this stack's ({whose})", cure)
    if free or own:
        parts = ((free, "free"), (own, "this stack's own"))
        yield ok(asked, "; ".join(f"{_listed(names)}: {how}" for names, how in parts if names))


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} names"


def _cluster(site: Site, name: str) -> Mapping[str, str] | None:
    found = site.aws.find("eks", "describe_cluster", name=name)
    return None if found is None else dict(found["cluster"].get("tags", {}))


def _repository(site: Site, name: str) -> Mapping[str, str] | None:
    found = site.aws.find("ecr", "describe_repositories", repositoryNames=[name])
    if found is None:
        return None
    arn = found["repositories"][0]["repositoryArn"]
    return tags_of(site.aws.call("ecr", "list_tags_for_resource", resourceArn=arn)["tags"])


def _log_group(site: Site, name: str) -> Mapping[str, str] | None:
    rows = site.aws.items("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    arns = [str(each["arn"]).removesuffix(":*") for each in rows if each["logGroupName"] == name]
    if not arns:
        return None
    return dict(site.aws.call("logs", "list_tags_for_resource", resourceArn=arns[0])["tags"])


def _database(site: Site, name: str) -> Mapping[str, str] | None:
    found = site.aws.find("rds", "describe_db_instances", DBInstanceIdentifier=name)
    return None if found is None else tags_of(found["DBInstances"][0].get("TagList"))


def _cache(site: Site, name: str) -> Mapping[str, str] | None:
    found = site.aws.find("elasticache", "describe_serverless_caches", ServerlessCacheName=name)
    if found is None:
        return None
    arn = found["ServerlessCaches"][0]["ARN"]
    return tags_of(site.aws.call("elasticache", "list_tags_for_resource", ResourceName=arn)["TagList"])


NAMED: Mapping[str, Callable[[Site], Iterable[Result]]] = {
    what: partial(named, what, kind, key, find)
    for what, kind, key, find in (
        ("cluster", "aws:eks/cluster:Cluster", "name", _cluster),
        ("registry", "aws:ecr/repository:Repository", "name", _repository),
        ("log groups", LOG_GROUPS, "name", _log_group),
        ("database", "aws:rds/instance:Instance", "identifier", _database),
        ("cache", "aws:elasticache/serverlessCache:ServerlessCache", "name", _cache),
    )
}
