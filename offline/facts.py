"""What a reader wants to know of a resource at a glance, and of a plan as a whole."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from offline.plan import Plan, Resource
from offline.wire import UNKNOWN

PACKAGES = {
    "aws": "AWS",
    "docker": "Docker",
    "eks": "EKS components",
    "helloworld": "components",
    "kubernetes": "Kubernetes",
    "pulumi": "providers",
}
PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")

# The inputs that say most of a resource, in this order, dotted from the top.
_FACTS = (
    "cidrBlock",
    "availabilityZone",
    "destinationCidrBlock",
    "peerVpcId",
    "fromPort",
    "engine",
    "instanceClass",
    "allocatedStorage",
    "limitAmount",
    "protocol",
    "version",
    "addonVersion",
    "vpcConfig.publicAccessCidrs",
    "capacityType",
    "instanceTypes",
    "scalingConfig",
    "chart",
    "domainName",
    "principalArn",
    "policyArn",
    "retentionInDays",
    "serviceName",
    "type",
    "records",
    "region",
    "imageName",
    "spec.replicas",
    "spec.minReplicas",
    "spec.maxReplicas",
    "spec.template.spec.containers",
    "spec.rules",
    "spec.type",
    "name",
)
MOST_FACTS = 3
_LABELS = {
    "availabilityZone": "",
    "addonVersion": "",
    "cidrBlock": "",
    "destinationCidrBlock": "to ",
    "peerVpcId": "with ",
    "fromPort": "port ",
    "engine": "",
    "instanceClass": "",
    "allocatedStorage": "GiB ",
    "limitAmount": "dollars ",
    "protocol": "",
    "instanceTypes": "",
    "capacityType": "",
    "chart": "",
    "domainName": "",
    "imageName": "",
    "principalArn": "",
    "policyArn": "",
    "records": "",
    "region": "",
    "retentionInDays": "days ",
    "serviceName": "",
    "type": "",
    "spec.type": "",
    "name": "",
    "version": "",
    "vpcConfig.publicAccessCidrs": "open to ",
    "spec.minReplicas": "from ",
    "spec.maxReplicas": "to ",
    "spec.replicas": "replicas ",
}


def facts(resource: Resource) -> list[str]:
    """A few short facts, e.g. a network, a version, an image. What is known only later is left out."""
    found: list[str] = []
    for path in _FACTS:
        value = _at(resource.inputs, path)
        if value is None or value in ("", [], {}):
            continue
        text = _fact(path, value)
        if text and len(found) < MOST_FACTS:
            found.append(text)
    return found


def _fact(path: str, value: Any) -> str:
    if path == "scalingConfig" and isinstance(value, Mapping):
        return f"{value.get('minSize')} to {value.get('maxSize')} nodes"
    if path == "spec.template.spec.containers" and isinstance(value, list):
        return ", ".join(str(each.get("image", "")) for each in value if isinstance(each, Mapping))
    if path == "spec.rules" and isinstance(value, list):
        return ", ".join(str(each["host"]) for each in value if isinstance(each, Mapping) and each.get("host"))
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = str(value)
    if PLACEHOLDER.fullmatch(text) or text == UNKNOWN:
        return ""
    if path in ("principalArn", "policyArn"):
        text = text.rpartition("/")[2]
    return f"{_LABELS.get(path, path + ' ')}{text}"


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    value: Any = inputs
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def counts(plan: Plan) -> list[tuple[str, int]]:
    """How many resources of each package, by the package's readable name."""
    counter = Counter(PACKAGES.get(each.package, each.package) for each in plan.resources)
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def unknowns(plan: Plan) -> list[tuple[str, int]]:
    """What is known only after the deployment, and in how many resources it is used, the most used first."""
    counter: Counter[str] = Counter()
    for resource in plan.resources:
        counter.update(placeholders(resource.inputs))
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def placeholders(value: Any) -> set[str]:
    """What `value` holds of what is known only after the deployment, e.g. `vpc.id`."""
    if isinstance(value, str):
        return {UNKNOWN} if value == UNKNOWN else set(PLACEHOLDER.findall(value))
    if isinstance(value, Mapping):
        return set().union(*map(placeholders, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(placeholders, value)) if value else set()
    return set()


def limits(plan: Plan) -> list[str]:
    """What the preview does not know, in sentences."""
    modelled = sum(each.modelled for each in plan.resources)
    sentences = [
        "This compares programs, not the cloud: it does not see what is deployed, drift, quotas, names that are taken, "
        "or what a provider or an admission controller would refuse.",
        "`pulumi preview` against the real stack is the last word before an `up`.",
    ]
    if modelled:
        sentences.insert(
            1, f"{modelled} resources inside remote components are modelled after the component's source, marked ~."
        )
    return sentences
