"""Which pods a plan leads to, and what they ask for."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from cost.prices import assumed
from offline.inputs import at, map_at, maps
from offline.plan import Plan, Resource

DEPLOYMENT, CHART = "kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release"
SCALER, SCALED = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:keda.sh/v1alpha1:ScaledObject"
ADDON = "aws:eks/addon:Addon"
UNITS = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024}


@dataclass(frozen=True)
class Pods:
    """`count` equal pods, on each node or anywhere, with what one asks for: thousandths of a CPU, and MiB. A roll-out
    adds `surge` more for a while.
    """

    name: str
    count: int
    cpu_milli: float
    memory_mib: float
    each_node: bool = False
    surge: int = 0


@dataclass(frozen=True)
class _Scaler:
    target: str
    least: int
    most: int
    cpu_percent: float | None
    requests_per_second: float | None = None


def pods_of(plan: Plan, requests_per_second: float = 0) -> list[Pods]:
    """All pods of a plan, of its add-ons, its charts and its Deployments: as many as the load takes, by its CPU and,
    where that is a trigger, by its requests.

    What a chart's values do not say of its pods counts as nothing.
    """
    scalers = {each.target: each for each in _scalers(plan)}
    found: list[Pods] = []
    for resource in plan.resources:
        if resource.type == ADDON:
            found += _of_addon(resource)
        elif resource.type == CHART:
            found += _of_chart(resource.name, map_at(resource.inputs, "values"))
        elif resource.type == DEPLOYMENT:
            scaler = scalers.get(str(at(resource.inputs, "metadata.name")))
            found.append(_of_deployment(resource, scaler, requests_per_second))
    return found


def _of_addon(addon: Resource) -> Iterator[Pods]:
    name = str(addon.inputs.get("addonName"))
    try:
        configuration = json.loads(str(addon.inputs.get("configurationValues")))
    except (ValueError, RecursionError):
        configuration = None
    for kind in assumed("pods").get(name, ()):
        count = kind["count"] if kind["each_node"] else _number(at(configuration, "replicaCount"), kind["count"])
        yield Pods(name, count, kind["cpu_milli"], kind["memory_mib"], kind["each_node"])


def _of_chart(name: str, values: Mapping[str, Any]) -> Iterator[Pods]:
    """One kind of pod for each `replicaCount`, with the resources beside it or the largest at the top."""
    top = _largest(map_at(values, "resources"))
    if "replicaCount" in values:
        yield Pods(name, _number(values["replicaCount"], 1), *top)
    for each in values.values():
        if isinstance(each, Mapping) and "replicaCount" in each:
            own = map_at(each, "resources")
            yield Pods(name, _number(each["replicaCount"], 1), *(_requests(own) if own else top))


def _of_deployment(deployment: Resource, scaler: _Scaler | None, requests_per_second: float) -> Pods:
    containers = maps(at(deployment.inputs, "spec.template.spec.containers"))
    asked = [_requests(each.get("resources")) for each in containers]
    cpu, memory = sum(each[0] for each in asked), sum(each[1] for each in asked)
    if scaler is None:
        return Pods(deployment.name, _number(at(deployment.inputs, "spec.replicas"), 1), cpu, memory)
    wanted = 0
    if scaler.cpu_percent and cpu:
        wanted = ceil(requests_per_second * assumed("cpu_milli_per_rps") / (cpu * scaler.cpu_percent / 100))
    if scaler.requests_per_second:
        wanted = max(wanted, ceil(requests_per_second / scaler.requests_per_second))
    return Pods(deployment.name, max(scaler.least, min(wanted, scaler.most)), cpu, memory, surge=1)


def _scalers(plan: Plan) -> Iterator[_Scaler]:
    for resource in plan.of(SCALER):
        spec = map_at(resource.inputs, "spec")
        measured = [map_at(metric, "resource") for metric in maps(spec.get("metrics"))]
        percents = [at(each, "target.averageUtilization") for each in measured if each.get("name") == "cpu"]
        yield _scaler(spec, "minReplicas", "maxReplicas", percents)
    for resource in plan.of(SCALED):
        spec = map_at(resource.inputs, "spec")
        triggers = maps(spec.get("triggers"))
        percents = [at(each, "metadata.value") for each in triggers if each.get("type") == "cpu"]
        yield replace(
            _scaler(spec, "minReplicaCount", "maxReplicaCount", percents), requests_per_second=_of_requests(triggers)
        )


def _of_requests(triggers: Iterable[Mapping[str, Any]]) -> float | None:
    """Requests a second that a trigger wants of each pod: the balancer's count, which is of a period."""
    asked = [map_at(each, "metadata") for each in triggers if each.get("type") == "aws-cloudwatch"]
    for each in asked:
        period = _number(each.get("metricStatPeriod"), 0)
        if each.get("metricName") == "RequestCount" and period > 0:
            return _number(each.get("targetMetricValue"), 0) / period
    return None


def _scaler(spec: Mapping[str, Any], least: str, most: str, percents: list[Any]) -> _Scaler:
    target = str(at(spec, "scaleTargetRef.name"))
    percent = float(_number(percents[0], 0)) if percents else None
    return _Scaler(target, _number(spec.get(least), 1), _number(spec.get(most), 1), percent)


def _largest(resources: Mapping[str, Any]) -> tuple[float, float]:
    """What `resources` ask for; where they are a map of several, the most that one of them asks for."""
    if "requests" in resources or not resources:
        return _requests(resources)
    return max(_requests(each) for each in resources.values())


def _requests(resources: Any) -> tuple[float, float]:
    asked = map_at(resources, "requests")
    return _cpu(str(asked.get("cpu", 0))), _memory(str(asked.get("memory", 0)))


def _cpu(text: str) -> float:
    try:
        return float(text[:-1]) if text.endswith("m") else 1000 * float(text)
    except ValueError:
        return 0.0


def _memory(text: str) -> float:
    try:
        return float(text[:-2]) * UNITS[text[-2:]] if text[-2:] in UNITS else float(text) / 1024**2
    except ValueError:
        return 0.0


def _number(value: Any, otherwise: int) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return otherwise
