"""The rules, pure: a resource's type, name and inputs in, findings out.

A rule is a function in one of the modules beside this one, with its level, its reason and its cure below it. To add
one: write it, add it to its module's `RULES`, a row to docs/policy.md, and what breaks it to tests/policy_breaks.py.
Values that are not known yet (`${…}`, `[unknown]`, `[secret]`) break no rule.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from policy import (
    cluster_rules,
    data_rules,
    exposure_rules,
    iam_rules,
    image_rules,
    network_rules,
    pod_rules,
    rbac_rules,
    storage_rules,
    tag_rules,
    upkeep_rules,
    version_rules,
)
from policy.model import Allowed, Context, DayError, Finding, Planned, Rule, the_day

__all__ = ["ALLOWED", "RULES", "Allowed", "Context", "DayError", "Finding", "Planned", "Rule", "check", "is_production"]

PRODUCTION = "prod"
NO_RESOURCE = "AWS offers no resource-level permission for these reads"

RULES: tuple[Rule, ...] = (
    *iam_rules.RULES,
    *rbac_rules.RULES,
    *network_rules.RULES,
    *exposure_rules.RULES,
    *cluster_rules.RULES,
    *pod_rules.RULES,
    *image_rules.RULES,
    *data_rules.RULES,
    *storage_rules.RULES,
    *version_rules.RULES,
    *tag_rules.RULES,
    *upkeep_rules.RULES,
)

ALLOWED: tuple[Allowed, ...] = (
    *(
        Allowed("*-load-balancer-policy", action, NO_RESOURCE)
        for action in ("ec2:Describe*", "elasticloadbalancing:Describe*", "acm:ListCertificates")
    ),
    Allowed("*-provisioner-deployment", "livenessProbe", "it serves nobody; a new pod reaches the database no better"),
    Allowed(
        "*-node-autoscaler-deployment",
        "registry.k8s.io/autoscaling/cluster-autoscaler:*@sha256:*",
        "Kubernetes's own registry, by the digest that its owners promoted: infra/addons.py",
    ),
    Allowed("*-load-balancer-chart", "aws-load-balancer-controller", "AWS's own; what it may do, the program says"),
    Allowed("*-keda-chart", "keda", "KEDA's own, in a namespace that refuses what is not restricted"),
)


def is_production(stack: str) -> bool:
    """Whether a stack is production: `prod`, or `prod-…` where there are several, one for each region."""
    return stack == PRODUCTION or stack.startswith(f"{PRODUCTION}-")


def check(
    resources: Iterable[Planned],
    stack: str,
    *,
    allowed: Sequence[Allowed] = ALLOWED,
    rules: Sequence[Rule] | None = None,
    today: date | None = None,
) -> list[Finding]:
    """Every finding about the resources of a stack.

    Args:
        resources: the plan's, all of them: some rules ask what a resource has beside it.
        stack: the stack's name, which says whether it is production.
        allowed: what resources may do though a rule forbids it.
        rules: those to ask; None asks all.
        today: the day that versions are judged on; None is today, or the one that `POLICY_DATE` names.

    Raises:
        DayError: `POLICY_DATE` names no day.
    """
    planned = list(resources)
    context = Context(is_production(stack), allowed, today or the_day(), planned)
    asked = [(rule, level) for rule in (RULES if rules is None else rules) if (level := rule.level_in(context))]
    return [
        Finding(rule.name, level, resource.urn, reason, rule.cure)
        for resource in planned
        for rule, level in asked
        for reason in rule.reasons(resource, context)
    ]
