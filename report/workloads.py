"""What runs on the nodes: deployments and charts, how many pods of each, and in which role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offline.inputs import at, map_at, maps, object_name, objects, referred
from offline.plan import Plan, Resource

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


@dataclass(frozen=True)
class Workload:
    """Pods of one kind, with their labels. `served` are the ports of Services in front of them, e.g. `80 to 8080`."""

    name: str
    namespace: str
    pods: str
    labels: Mapping[str, Any]
    ports: Mapping[str, int]
    served: Sequence[str]
    role: str

    @property
    def full_name(self) -> str:
        """Namespace and name, which are the workload's own on a cluster."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def read(plan: Plan) -> list[Workload]:
    """The workloads of a plan in its order, those behind a Service first."""
    found = [_workload(plan, each) for kind in KINDS for each in objects(plan, kind)]
    found += [_chart(plan, each) for each in plan.of("kubernetes:helm.sh/v3:Release")]
    return sorted(found, key=lambda each: (not each.served, each.full_name))


def _workload(plan: Plan, resource: Resource) -> Workload:
    namespace, name = object_name(resource)
    template = at(resource.inputs, "spec.template") or at(resource.inputs, "spec.jobTemplate.spec.template")
    labels = map_at(template, "metadata.labels")
    ports = {
        str(port.get("name", port["containerPort"])): int(port["containerPort"])
        for container in maps(at(template, "spec.containers"))
        for port in maps(container.get("ports"))
        if isinstance(port.get("containerPort"), int)
    }
    return Workload(
        name=name,
        namespace=namespace,
        pods=_pods(plan, namespace, name, at(resource.inputs, "spec.replicas")),
        labels=labels,
        ports=ports,
        served=_served(plan, namespace, labels, ports),
        role=_role(plan, namespace, at(template, "spec.serviceAccountName")),
    )


def _chart(plan: Plan, resource: Resource) -> Workload:
    namespace, values = str(resource.inputs.get("namespace", "")), resource.inputs.get("values")
    return Workload(
        name=str(resource.inputs.get("name", resource.name)),
        namespace=namespace,
        pods=_count(at(values, "replicaCount")),
        labels={},
        ports={},
        served=(),
        role=_role(plan, namespace, at(values, "serviceAccount.name")),
    )


def _pods(plan: Plan, namespace: str, name: str, replicas: Any) -> str:
    for kind, least, most in (
        ("HorizontalPodAutoscaler", "spec.minReplicas", "spec.maxReplicas"),
        ("ScaledObject", "spec.minReplicaCount", "spec.maxReplicaCount"),
    ):
        for scaler in objects(plan, kind):
            if object_name(scaler)[0] == namespace and at(scaler.inputs, "spec.scaleTargetRef.name") == name:
                return f"{at(scaler.inputs, least)} to {at(scaler.inputs, most)} pods"
    return _count(replicas)


def _count(replicas: Any) -> str:
    return "1 pod" if replicas == 1 else f"{replicas} pods" if isinstance(replicas, int) else ""


def _served(plan: Plan, namespace: str, labels: Mapping[str, Any], ports: Mapping[str, int]) -> list[str]:
    found = []
    for service in objects(plan, "Service"):
        selector = map_at(service.inputs, "spec.selector")
        if object_name(service)[0] != namespace or not selector or not selector.items() <= labels.items():
            continue
        for port in maps(at(service.inputs, "spec.ports")):
            target = port.get("targetPort", port.get("port"))
            found.append(f"{port.get('port')} to {ports.get(str(target), target)}")
    return found


def _role(plan: Plan, namespace: str, account: Any) -> str:
    for each in plan.of("aws:eks/podIdentityAssociation:PodIdentityAssociation"):
        if account and (each.inputs.get("namespace"), each.inputs.get("serviceAccount")) == (namespace, account):
            return referred(each.inputs.get("roleArn")) or str(each.inputs.get("roleArn", ""))
    return ""
