"""Whether RDS offers the database: its engine's version on its instance type, in enough of the zones."""

from collections.abc import Iterable

from delivery.checks.result import Result, fail, ok
from delivery.checks.site import Site
from infra.settings import PROJECT

ASKED, INSTANCE = "database type", "aws:rds/instance:Instance"


def offered(site: Site) -> Iterable[Result]:
    """A database takes one of the zones; one with a standby two."""
    for database in site.plan.of(INSTANCE):
        engine, version, kind = (str(database.inputs[each]) for each in ("engine", "engineVersion", "instanceClass"))
        # The program pins the major version; the API takes whole ones only.
        rows = site.aws.items(
            "rds",
            "describe_orderable_db_instance_options",
            "OrderableDBInstanceOptions",
            Engine=engine,
            DBInstanceClass=kind,
        )
        fitting = [each for each in rows if each["EngineVersion"].split(".")[0] == version.split(".")[0]]
        there = {zone["Name"] for each in fitting for zone in each.get("AvailabilityZones", ())} & set(site.zones)
        needed = 2 if database.inputs.get("multiAz") else 1
        found = f"{engine} {version} on {kind}"
        if len(there) >= needed:
            yield ok(ASKED, f"{found} in {', '.join(sorted(there))}")
        else:
            where = ", ".join(sorted(there)) or "none of the zones"
            cure = f"set another {PROJECT}:databaseInstanceType, or other {PROJECT}:zones"
            yield fail(ASKED, f"{found} is offered in {where}, and needs {needed}", cure)
