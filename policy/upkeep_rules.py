"""What is kept, for how long, and who hears when something is wrong.

The balancer has no deletion protection: its controller could not take it away with the Ingress any more, and a lost one
is made anew, under the same host name, by the next `up`.
"""

from collections.abc import Iterator

from policy.data_rules import CACHES, KEPT, is_replica
from policy.model import Context, Planned, Rule
from policy.values import as_number, is_missing, is_off, is_on, is_unknown

LOG_GROUP, ALARM = "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/metricAlarm:MetricAlarm"
CLUSTER, REGISTRY = "aws:eks/cluster:Cluster", "aws:ecr/repository:Repository"


def logs_expire(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == LOG_GROUP and is_missing(resource.inputs.get("retentionInDays")):
        yield "its logs are kept, and paid for, forever"


def alarm_told(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == ALARM:
        silent = is_off(resource.inputs.get("actionsEnabled", True))
        if silent or is_missing(resource.inputs.get("alarmActions")):
            yield "it goes off, and nobody hears it"


def kept(resource: Planned, _: Context) -> Iterator[str]:
    inputs, unprotected = resource.inputs, is_off(resource.inputs.get("deletionProtection"))
    if resource.type == CLUSTER and unprotected:
        yield "anyone who may delete clusters may delete it (deletionProtection)"
    keeps = resource.type in KEPT and not is_replica(resource)
    if keeps and unprotected:
        yield "anyone who may delete databases may delete it, with all that is in it (deletionProtection)"
    if keeps and is_on(inputs.get("skipFinalSnapshot")):
        yield "nothing is left of it when it is deleted (skipFinalSnapshot)"
    if resource.type == REGISTRY and is_on(inputs.get("forceDelete")):
        yield "it is deleted with all its images (forceDelete)"
    snapshots = inputs.get("snapshotRetentionLimit")
    if resource.type in CACHES and not is_unknown(snapshots) and not as_number(snapshots):
        yield "nothing is left of it when it is deleted (snapshotRetentionLimit)"


RULES = (
    Rule(
        name="logs-expire",
        check=logs_expire,
        asks="logs are deleted some day",
        why="CloudWatch keeps them forever if nothing is said",
        cure="set retentionInDays",
        level="advisory",
    ),
    Rule(
        name="alarm-told",
        check=alarm_told,
        asks="alarms tell somebody",
        why="a red light in an empty room",
        cure="name the topic in alarmActions, and leave actionsEnabled on",
    ),
    Rule(
        name="kept",
        check=kept,
        asks="production's cluster, database, cache and images are not deleted by one command",
        why="a typing mistake should cost a question, not the data",
        cure="set helloworld:protect: true",
        level=None,
    ),
)
