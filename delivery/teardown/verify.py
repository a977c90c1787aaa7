"""Whether what an ARN names is there, asked of the service itself: the tagging API also lists what was deleted lately.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html ("or previously tagged")
"""

from typing import Any

from delivery.aws_clients import Clients
from delivery.teardown.questions import QUESTIONS
from delivery.teardown.scope import Scope
from delivery.teardown.things import UNKNOWN, Thing

# Load balancers of the controller's API; classic ones have neither in their ARN.
BALANCERS = ("app/", "net/")
KEY_GOING, SECRET_GOING = "PendingDeletion", "DeletedDate"
SNAPSHOT = ("rds", "snapshot")
# Parts of a cluster, which go with it.
CLUSTER_PARTS = ("access-entry", "addon", "nodegroup", "podidentityassociation")


def arns_by_name(scope: Scope) -> list[str]:
    """The ARNs of what has the stack's own name, whether it is there or not. Pure."""
    in_region, anywhere = f"{scope.region}:{scope.account}", f":{scope.account}"
    found = [f"arn:aws:ecr:{in_region}:repository/{scope.name}"]
    if scope.creates:
        found += [
            f"arn:aws:eks:{in_region}:cluster/{scope.name}",
            f"arn:aws:rds:{in_region}:db:{scope.name}",
            f"arn:aws:rds:{in_region}:auto-backup:{scope.name}",
            *(
                f"arn:aws:elasticache:{in_region}:{kind}:{scope.name}"
                for kind in ("serverlesscache", "user", "usergroup")
            ),
            f"arn:aws:sns:{in_region}:{scope.name}-alerts",
            f"arn:aws:cloudwatch:{anywhere}:dashboard/{scope.name}",
            f"arn:aws:budgets:{anywhere}:budget/{scope.name}",
            f"arn:aws:chatbot:{anywhere}:chat-configuration/slack-channel/{scope.name}",
        ]
    return found


def kind_of(arn: str) -> tuple[str, str, str]:
    """The service, the kind and the name in an ARN. Pure."""
    parts = arn.split(":", 5)
    service, rest = parts[2], parts[5] if len(parts) > 5 else ""
    if service == "sns":
        return service, "", rest
    cut = min((at for at in (rest.find("/"), rest.find(":")) if at >= 0), default=len(rest))
    return service, rest[:cut], rest[cut + 1 :]


def verified(clients: Clients, scope: Scope, arn: str) -> Thing | None:
    """What the ARN names, as its service tells of it now; None if it is gone, or asked for elsewhere.

    Raises:
        AwsError: the service cannot be asked.
    """
    service, kind, name = kind_of(arn)
    question = QUESTIONS.get((service, kind))
    if _is_asked_elsewhere(scope, service, kind, name):
        return None
    why = f"it is called as {scope.stack} is, or has its tags"
    if question is None:
        return Thing(
            kind=f"{service} {kind}".strip(),
            name=arn,
            why="the tagging API lists it, maybe for some minutes after it has gone",
            costs=UNKNOWN,
            cure=f"make residue STACK={scope.stack} again later; if it stays: the console of {service}",
        )
    arguments = question.arguments(arn, name)
    told = clients.find(question.service, question.operation, where=question.where, **arguments)
    if told is None or (question.listed and not told[question.listed]):
        return None
    # What is asked for by its ARN is deleted by it.
    shown = arn if arn in arguments.values() else name
    region = question.where or scope.region
    command = f"aws {question.delete} {shown} --region {region}".replace("ACCOUNT", scope.account)
    thing = Thing(kind=question.shown, name=shown, why=why, costs=question.costs, cure=command)
    return _going(thing, told, name, region)


def _is_asked_elsewhere(scope: Scope, service: str, kind: str, name: str) -> bool:
    """Whether another module of this package asks for it by itself, or for what it is a part of."""
    if service == "elasticloadbalancing":
        return kind != "loadbalancer" or name.startswith(BALANCERS)
    if service == "logs":
        return name.startswith(tuple(scope.log_groups))
    return service in ("ec2", "iam") or (service == "eks" and kind in CLUSTER_PARTS) or (service, kind) == SNAPSHOT


def _going(thing: Thing, told: Any, name: str, region: str) -> Thing:
    """The same, said otherwise where it is on its way out."""
    if thing.kind == "key" and told["KeyMetadata"]["KeyState"] == KEY_GOING:
        when = f"{told['KeyMetadata']['DeletionDate']:%Y-%m-%d}"
        undo = f"aws kms cancel-key-deletion --key-id {name} --region {region}"
        why = f"AWS waits before it deletes a key, this one until {when}; until then `{undo}` keeps it"
        return Thing(kind=thing.kind, name=thing.name, why=why, expected=True)
    if thing.kind == "secret" and told.get(SECRET_GOING):
        return Thing(kind=thing.kind, name=thing.name, why="it is scheduled for deletion", expected=True)
    states = [
        told.get("cluster", {}).get("status"),
        *(each.get("DBInstanceStatus") for each in told.get("DBInstances", ())),
    ]
    if any(str(each).lower() == "deleting" for each in states):
        return Thing(kind=thing.kind, name=thing.name, why="AWS is deleting it", costs=thing.costs, late=True)
    return thing
