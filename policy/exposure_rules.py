"""How the service is reached from outside."""

import json
from collections.abc import Iterator
from typing import Any

from policy.model import Context, Planned, Rule
from policy.values import as_list, at, is_missing, is_off, is_unknown

BALANCERS = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:elb/loadBalancer:LoadBalancer",
)
INGRESS, SERVICE = "kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:core/v1:Service"
ALB = "alb.ingress.kubernetes.io/"
# TLS 1.2 and 1.3 with forward secrecy, and nothing older. Named by none, a listener of the controller's has
# ELBSecurityPolicy-2016-08, which takes TLS 1.0:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
MODERN = (
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-PQ-",
    "ELBSecurityPolicy-TLS13-1-2-Res-",
    "ELBSecurityPolicy-TLS13-1-3-",
)


def https(resource: Planned, _: Context) -> Iterator[str]:
    listeners = _annotation(resource, "listen-ports")
    if resource.type != INGRESS or is_unknown(listeners):
        return
    named = _listeners(listeners)
    if "HTTPS" not in named:
        yield "it has no HTTPS listener"
    elif is_missing(_annotation(resource, "certificate-arn")):
        yield "its HTTPS listener has no certificate"
    elif "HTTP" in named and is_missing(_annotation(resource, "ssl-redirect")):
        yield "its HTTP listener does not redirect to HTTPS"


def tls_modern(resource: Planned, _: Context) -> Iterator[str]:
    listeners, policy = (_annotation(resource, key) for key in ("listen-ports", "ssl-policy"))
    modern = is_unknown(policy) or str(policy).startswith(MODERN)
    if resource.type == INGRESS and "HTTPS" in _listeners(listeners) and not modern:
        yield f"it takes connections that others can read later ({policy or 'no ssl-policy'})"


def by_ingress(resource: Planned, _: Context) -> Iterator[str]:
    kind = at(resource.inputs, "spec", "type")
    if resource.type == SERVICE and kind in ("LoadBalancer", "NodePort"):
        yield f"it is reached past the Ingress, without its TLS (type {kind})"
    if resource.type in BALANCERS and is_off(resource.inputs.get("internal")):
        yield "it is a way in from the internet beside the Ingress"


def _annotation(resource: Planned, key: str) -> Any:
    return at(resource.inputs, "metadata", "annotations", f"{ALB}{key}")


def _listeners(text: Any) -> set[str]:
    """The protocols of the annotation, `[{"HTTP": 80}, {"HTTPS": 443}]`."""
    try:
        listed = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return set()
    return {protocol for each in as_list(listed) if isinstance(each, dict) for protocol in each}


RULES = (
    Rule(
        name="https",
        check=https,
        asks="production is reached by HTTPS, and plain HTTP is sent there",
        why="what goes over the internet in the clear can be read and changed on the way",
        cure="set helloworld:hostname and helloworld:zone",
        level=None,
    ),
    Rule(
        name="tls-modern",
        check=tls_modern,
        asks="HTTPS is TLS 1.2 with forward secrecy, or 1.3",
        why="the controller's default takes TLS 1.0",
        cure="set the annotation ssl-policy to ELBSecurityPolicy-TLS13-1-2-2021-06 or a stricter one",
    ),
    Rule(
        name="by-ingress",
        check=by_ingress,
        asks="nothing but the Ingress leads in from outside",
        why="a balancer of its own, or a node's port, has neither the certificate nor the redirect nor the alarms",
        cure="make the Service a ClusterIP and name it in the Ingress; set internal on a balancer of your own",
    ),
)
