"""Balancers and target groups that the controller has made for a stack's Ingresses."""

from typing import Any

from delivery.aws_clients import Clients
from delivery.aws_tags import balancer_tags
from delivery.teardown.scope import Scope, proof
from delivery.teardown.things import Deletion, Thing

MADE = "the controller made it, and went before it could delete it"


def look_at_balancers(clients: Clients, scope: Scope) -> list[Thing]:
    """The balancers of the stack.

    Raises:
        AwsError: Elastic Load Balancing cannot be asked.
    """
    balancers = clients.items("elbv2", "describe_load_balancers", "LoadBalancers")
    return _things(clients, scope, balancers, "load balancer", "LoadBalancer", "about 16 dollars a month")


def look_at_target_groups(clients: Clients, scope: Scope) -> list[Thing]:
    """The target groups of the stack, which go once their balancer has.

    Raises:
        AwsError: Elastic Load Balancing cannot be asked.
    """
    groups = clients.items("elbv2", "describe_target_groups", "TargetGroups")
    return _things(clients, scope, groups, "target group", "TargetGroup", "")


def _things(clients: Clients, scope: Scope, listed: list[Any], shown: str, noun: str, costs: str) -> list[Thing]:
    argument = f"{noun}Arn"
    tags = balancer_tags(clients, [str(each[argument]) for each in listed])
    things = []
    for arn, its in tags.items():
        whose = proof(its, scope)
        if whose == "none":
            continue
        option = "--load-balancer-arn" if noun == "LoadBalancer" else "--target-group-arn"
        things.append(
            Thing(
                kind=shown,
                name=arn.rpartition(f"{scope.account}:")[2],
                why=MADE,
                costs=costs,
                cure=f"aws elbv2 delete-{shown.replace(' ', '-')} {option} {arn} --region {scope.region}",
                proof=whose,
                deletion=Deletion(
                    service="elbv2", operation=f"delete_{shown.replace(' ', '_')}", arguments={argument: arn}
                ),
            )
        )
    return things
