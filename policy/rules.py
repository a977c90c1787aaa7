"""The rules, pure: a resource's type, name and inputs in, findings out.

A rule is a function in `RULES`. To add one: write it, add it there with its level, and a test that breaks it. Values
that are not known yet (`${…}`, `[unknown]`, `[secret]`) break no rule.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

Level = Literal["advisory", "mandatory"]
PRODUCTION = "prod"
PUBLIC = ("0.0.0.0/0", "::/0")


class Planned(Protocol):
    """What a rule looks at. `inputs` are plain JSON in the provider's spelling."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Allowed:
    """A wildcard that a policy may have: on `action` (a pattern), in resources whose logical name matches, and why."""

    name: str
    action: str
    reason: str


# Reads that AWS gives no resource to name, for the one role that needs them.
ALLOWED: tuple[Allowed, ...] = tuple(
    Allowed("*-load-balancer-policy", action, "AWS offers no resource-level permission for these reads")
    for action in ("ec2:Describe*", "elasticloadbalancing:Describe*", "acm:ListCertificates")
)


@dataclass(frozen=True)
class Context:
    """What a rule depends on besides the resource: whether the stack is production, and the wildcards allowed."""

    production: bool
    allowed: Sequence[Allowed] = ALLOWED


@dataclass(frozen=True)
class Finding:
    """A rule that a resource breaks."""

    rule: str
    level: Level
    urn: str
    reason: str
    cure: str

    def to_json(self) -> dict[str, str]:
        """The finding as the JSON output has it."""
        return {"rule": self.rule, "level": self.level, "urn": self.urn, "reason": self.reason, "cure": self.cure}


Check = Callable[[Planned, Context], Iterable[str]]


@dataclass(frozen=True)
class Rule:
    """A check by name, its cure, and its level outside and in production; None means not asked there."""

    name: str
    check: Check
    cure: str
    level: Level | None = "mandatory"
    in_production: Level = "mandatory"


def check(
    resources: Iterable[Planned],
    stack: str,
    *,
    allowed: Sequence[Allowed] = ALLOWED,
    rules: Sequence[Rule] | None = None,
) -> list[Finding]:
    """Every finding about the resources of a stack.

    Args:
        resources: the plan's.
        stack: the stack's name; `prod` is production.
        allowed: wildcards that IAM policies may have.
        rules: those to ask; None asks all.
    """
    context = Context(stack == PRODUCTION, allowed)
    findings = []
    for resource in resources:
        for rule in RULES if rules is None else rules:
            level = rule.in_production if context.production else rule.level
            if level is None:
                continue
            findings += [
                Finding(rule.name, level, resource.urn, reason, rule.cure) for reason in rule.check(resource, context)
            ]
    return findings


def _iam_wildcards(resource: Planned, context: Context) -> Iterator[str]:
    for statement in _granted(resource):
        if statement.get("Effect") != "Allow":
            continue
        actions, targets = _texts(statement.get("Action")), _texts(statement.get("Resource"))
        for action in actions:
            if not _is_allowed(resource, action, context):
                if "*" in action or "?" in action:
                    yield f"it allows the actions {action}"
                # A condition limits what a star in the resource stands for.
                elif "*" in targets and not statement.get("Condition"):
                    yield f"it allows {action} on every resource"
        for key in ("NotAction", "NotResource"):
            if statement.get(key):
                yield f"it allows everything but what {key} names"


def _granted(resource: Planned) -> list[Mapping[str, Any]]:
    """The statements by which a resource gives rights to a principal."""
    if resource.type in ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"):
        return _statements(resource.inputs.get("policy"))
    if resource.type == "aws:iam/role:Role":
        inline = resource.inputs.get("inlinePolicies") or []
        return [statement for each in inline for statement in _statements(_map(each).get("policy"))]
    return []


def _open_trust(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:iam/role:Role":
        for statement in _statements(resource.inputs.get("assumeRolePolicy")):
            principal = statement.get("Principal")
            named = principal.values() if isinstance(principal, Mapping) else [principal]
            if statement.get("Effect") == "Allow" and any("*" in _texts(each) for each in named):
                yield "everybody may assume it"


def _open_ports(resource: Planned, _: Context) -> Iterator[str]:
    inputs = resource.inputs
    if resource.type == "aws:ec2/securityGroup:SecurityGroup":
        rules = [_map(each) for each in inputs.get("ingress") or []]
    elif resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" or (
        resource.type == "aws:ec2/securityGroupRule:SecurityGroupRule" and inputs.get("type") == "ingress"
    ):
        rules = [inputs]
    else:
        return
    for rule in rules:
        sources = [_texts(rule.get(key)) for key in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")]
        yield from (f"it lets {source} in" for texts in sources for source in texts if source in PUBLIC)


def _is_allowed(resource: Planned, action: str, context: Context) -> bool:
    return any(fnmatchcase(resource.name, each.name) and fnmatchcase(action, each.action) for each in context.allowed)


def _statements(policy: Any) -> list[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return []
    statements = policy.get("Statement", []) if isinstance(policy, Mapping) else []
    return (
        [statements] if isinstance(statements, Mapping) else [each for each in statements if isinstance(each, Mapping)]
    )


def _pod_specs(resource: Planned) -> list[Mapping[str, Any]]:
    if not resource.type.startswith(("kubernetes:apps/", "kubernetes:batch/", "kubernetes:core/v1:Pod")):
        return []
    spec = _map(resource.inputs.get("spec"))
    if resource.type == "kubernetes:core/v1:Pod":
        return [spec]
    template = _map(_map(_map(spec.get("jobTemplate")).get("spec") or spec).get("template"))
    return [_map(template.get("spec"))] if template.get("spec") else []


def _containers(resource: Planned) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Name, container and its pod's spec, of every container."""
    for spec in _pod_specs(resource):
        for kind in ("initContainers", "containers"):
            for container in spec.get(kind) or []:
                yield str(container.get("name", kind)), _map(container), spec


def _images_by_digest(resource: Planned, _: Context) -> Iterator[str]:
    for name, container, _spec in _containers(resource):
        image = container.get("image")
        if container.get("imagePullPolicy") == "Never":
            continue
        if not _unknown(image) and not re.search(r"@sha256:([0-9a-f]{64}|\$\{.*\})$", str(image)):
            yield f"container {name} runs {image}, which another image may be tomorrow"


def _restricted(resource: Planned, _: Context) -> Iterator[str]:
    for spec in _pod_specs(resource):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key):
                yield f"its pods have {key}"
    for name, container, spec in _containers(resource):
        own, pod = _map(container.get("securityContext")), _map(spec.get("securityContext"))
        for holds, what in _demands(own, {**pod, **own}):
            if not holds:
                yield f"container {name} {what}"


def _demands(own: Mapping[str, Any], both: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """What a container's security context must say, alone or with its pod's."""
    yield not own.get("privileged"), "is privileged"
    yield both.get("runAsNonRoot") is True, "may run as root (runAsNonRoot)"
    yield both.get("runAsUser") != 0, "runs as user 0"
    yield own.get("allowPrivilegeEscalation") is False, "may gain rights (allowPrivilegeEscalation)"
    yield "ALL" in (_map(own.get("capabilities")).get("drop") or []), "keeps capabilities (capabilities.drop)"
    profile = _map(both.get("seccompProfile")).get("type")
    yield profile in ("RuntimeDefault", "Localhost"), "has no seccomp profile"
    yield own.get("readOnlyRootFilesystem") is True, "may write to its root file system"


def _bounded(resource: Planned, _: Context) -> Iterator[str]:
    for name, container, _spec in _containers(resource):
        resources = _map(container.get("resources"))
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        missing = [f"{part}.{what}" for part, what in wanted if not _map(resources.get(part)).get(what)]
        if missing:
            yield f"container {name} has no {', '.join(missing)}"


def _probed(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type.startswith("kubernetes:batch/"):
        return
    for spec in _pod_specs(resource):
        for container in spec.get("containers") or []:
            missing = [kind for kind in ("readinessProbe", "livenessProbe") if not container.get(kind)]
            if missing:
                yield f"container {container.get('name')} has no {' and no '.join(missing)}"


def _api_open(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != "aws:eks/cluster:Cluster":
        return
    vpc = _map(resource.inputs.get("vpcConfig"))
    if vpc.get("endpointPublicAccess", True) is False:
        return
    cidrs = vpc.get("publicAccessCidrs")
    # Without a list, EKS lets everyone in.
    open_to = [cidr for cidr in PUBLIC if cidrs is None or (isinstance(cidrs, Sequence) and cidr in cidrs)]
    if open_to:
        yield f"its Kubernetes API is reachable from {open_to[0]}"


def _encrypted(resource: Planned, _: Context) -> Iterator[str]:
    inputs = resource.inputs
    if resource.type == "aws:eks/cluster:Cluster" and not inputs.get("encryptionConfig"):
        yield "its Kubernetes secrets are not encrypted with a key of ours"
    if resource.type == "aws:ecr/repository:Repository":
        # ECR always encrypts; what is left to say is that it is said.
        if not inputs.get("encryptionConfigurations"):
            yield "it does not say how its images are encrypted"
        if inputs.get("imageTagMutability") != "IMMUTABLE":
            yield "its tags can be moved to other images"
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        for mapping in inputs.get("blockDeviceMappings") or []:
            if str(_map(_map(mapping).get("ebs")).get("encrypted")).lower() != "true":
                yield f"its disk {_map(mapping).get('deviceName')} is not encrypted"
        tokens = _map(inputs.get("metadataOptions")).get("httpTokens")
        if tokens != "required" and not _unknown(tokens):
            yield "its nodes answer metadata requests without a token (IMDSv1)"
    if resource.type == "aws:kms/key:Key" and not inputs.get("enableKeyRotation"):
        yield "its key is never rotated"


def _logs_expire(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:cloudwatch/logGroup:LogGroup" and not resource.inputs.get("retentionInDays"):
        yield "its logs are kept, and paid for, forever"


# --- address and deletion ------------------------------------------------------------------------------------------

LISTENERS = "alb.ingress.kubernetes.io/listen-ports"


def _https(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != "kubernetes:networking.k8s.io/v1:Ingress":
        return
    annotations = _map(_map(resource.inputs.get("metadata")).get("annotations"))
    if '"HTTPS"' not in str(annotations.get(LISTENERS, "")):
        yield "it has no HTTPS listener"
    elif '"HTTP"' in str(annotations[LISTENERS]) and not annotations.get("alb.ingress.kubernetes.io/ssl-redirect"):
        yield "its HTTP listener does not redirect to HTTPS"


def _kept(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:eks/cluster:Cluster" and resource.inputs.get("deletionProtection") is not True:
        yield "anyone who may delete clusters may delete it (deletionProtection)"
    if resource.type == "aws:ecr/repository:Repository" and resource.inputs.get("forceDelete"):
        yield "it is deleted with all its images (forceDelete)"


RULES: tuple[Rule, ...] = (
    Rule(
        "iam-no-wildcards",
        _iam_wildcards,
        "name actions and resources, limit the statement by a condition, or add a row with its reason to ALLOWED",
    ),
    Rule("trust-closed", _open_trust, "name who may assume the role"),
    Rule("ports-closed", _open_ports, "name the networks or the security group that may come in"),
    Rule("image-by-digest", _images_by_digest, "refer to the image as <repository>@sha256:<digest>"),
    Rule("pod-restricted", _restricted, "give the security context of Kubernetes's `restricted` standard"),
    Rule("pod-bounded", _bounded, "set requests for CPU and memory, and a limit for memory"),
    Rule("pod-probed", _probed, "add the probes: without them a roll-out cannot tell good from bad"),
    Rule(
        "api-not-open",
        _api_open,
        "name your own networks in helloworld:publicAccessCidrs, or give [] to turn the public endpoint off",
        level="advisory",
    ),
    Rule("encrypted", _encrypted, "turn it on"),
    Rule("logs-expire", _logs_expire, "set retentionInDays", level="advisory"),
    Rule("https", _https, "set helloworld:hostname and helloworld:zone", level=None),
    Rule("kept", _kept, "set helloworld:protect: true", level=None),
)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _unknown(value: Any) -> bool:
    return isinstance(value, str) and (
        value in ("[unknown]", "[secret]") or re.fullmatch(r"\$\{.*\}", value) is not None
    )
