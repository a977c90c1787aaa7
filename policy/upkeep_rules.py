"""What is kept, for how long, and who hears when something is wrong.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

from collections.abc import Iterator

from policy.model import Context, Planned, is_unknown


def logs_expire(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:cloudwatch/logGroup:LogGroup" and not resource.inputs.get("retentionInDays"):
        yield "its logs are kept, and paid for, forever"


def alarm_told(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != "aws:cloudwatch/metricAlarm:MetricAlarm":
        return
    enabled, actions = resource.inputs.get("actionsEnabled", True), resource.inputs.get("alarmActions")
    if not is_unknown(actions) and not (actions and enabled):
        yield "it goes off, and nobody hears it"


def kept(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:eks/cluster:Cluster" and resource.inputs.get("deletionProtection") is not True:
        yield "anyone who may delete clusters may delete it (deletionProtection)"
    if resource.type == "aws:rds/instance:Instance" and resource.inputs.get("deletionProtection") is not True:
        yield "anyone who may delete databases may delete it, with all that is in it (deletionProtection)"
    if resource.type == "aws:ecr/repository:Repository" and resource.inputs.get("forceDelete"):
        yield "it is deleted with all its images (forceDelete)"
