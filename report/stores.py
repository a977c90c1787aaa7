"""Databases and caches: what they are, where they stand, behind which security groups."""

from dataclasses import dataclass

from offline.inputs import at, referred, refers
from offline.plan import Plan, Resource

INSTANCE, SERVERLESS = "aws:rds/instance:Instance", "aws:elasticache/serverlessCache:ServerlessCache"
ENGINES = {"postgres": "PostgreSQL", "valkey": "Valkey", "redis": "Redis OSS"}


@dataclass(frozen=True)
class Store:
    """A database or a cache. `subnets` and `groups` are logical names."""

    name: str
    title: str
    detail: str
    subnets: frozenset[str]
    groups: frozenset[str]


def read(plan: Plan) -> list[Store]:
    """The stores that a plan makes, databases first."""
    return [*(_database(plan, each) for each in plan.of(INSTANCE)), *map(_cache, plan.of(SERVERLESS))]


def _database(plan: Plan, resource: Resource) -> Store:
    inputs = resource.inputs
    group = referred(inputs.get("dbSubnetGroupName"))
    subnets = [
        name
        for each in plan.of("aws:rds/subnetGroup:SubnetGroup")
        if each.name == group
        for name in refers(each.inputs.get("subnetIds"))
    ]
    standby = "with a standby in another zone" if inputs.get("multiAz") else "in one zone"
    facts = [inputs.get("instanceClass"), f"{inputs.get('allocatedStorage')} GiB", standby]
    return Store(
        resource.name,
        _title(inputs.get("engine"), inputs.get("engineVersion")),
        " · ".join(str(each) for each in facts if each),
        frozenset(subnets),
        frozenset(refers(inputs.get("vpcSecurityGroupIds"))),
    )


def _cache(resource: Resource) -> Store:
    inputs = resource.inputs
    most = at(inputs, "cacheUsageLimits.dataStorage.maximum")
    return Store(
        resource.name,
        _title(inputs.get("engine"), inputs.get("majorEngineVersion")),
        f"serverless · at most {most} GB" if most else "serverless",
        frozenset(refers(inputs.get("subnetIds"))),
        frozenset(refers(inputs.get("securityGroupIds"))),
    )


def _title(engine: object, version: object) -> str:
    return f"{ENGINES.get(str(engine), engine)} {version or ''}".strip()
