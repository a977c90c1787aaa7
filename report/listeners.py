"""How requests come in: what the Ingress asks the balancer for, and the names that lead to it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from offline.inputs import at, map_at, maps, object_name, objects
from offline.plan import Plan
from report.network import ANYWHERE

PREFIX = "alb.ingress.kubernetes.io/"


@dataclass(frozen=True)
class Listener:
    """A balancer that an Ingress asks for. `ports` in words; `open_to` the networks that may come in."""

    name: str
    public: bool
    ports: str
    open_to: Sequence[str]
    hosts: Sequence[str]


def read(plan: Plan) -> Listener | None:
    """The balancer of the plan's Ingress, if there is one.

    Defaults are the controller's:
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
    """
    ingresses = objects(plan, "Ingress")
    if not ingresses:
        return None
    ingress = ingresses[0]
    annotations = map_at(ingress.inputs, "metadata.annotations")
    certificate = f"{PREFIX}certificate-arn" in annotations
    networks = str(annotations.get(f"{PREFIX}inbound-cidrs", ANYWHERE[0])).split(",")
    return Listener(
        name="/".join(filter(None, object_name(ingress))),
        public=annotations.get(f"{PREFIX}scheme") == "internet-facing",
        ports=_ports(annotations.get(f"{PREFIX}listen-ports"), annotations.get(f"{PREFIX}ssl-redirect"), certificate),
        open_to=[each.strip() for each in networks],
        hosts=[str(rule["host"]) for rule in maps(at(ingress.inputs, "spec.rules")) if rule.get("host")],
    )


def _ports(listed: object, redirect: object, certificate: bool) -> str:
    try:
        pairs = [pair for each in json.loads(str(listed)) for pair in each.items()]
    except (ValueError, AttributeError, TypeError, RecursionError):
        pairs = [("HTTPS", 443)] if certificate else [("HTTP", 80)]
    told = [f"{name} {port}" for name, port in pairs if not redirect or str(port) == str(redirect)]
    also = [f"{name} {port}" for name, port in pairs if redirect and str(port) != str(redirect)]
    return ", ".join([*told, *(f"{each} redirected" for each in also)])
