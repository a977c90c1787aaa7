"""The plans that are scanned: every stack there is, one with everything turned on, and the account's own program."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import yaml

from bootstrap.names import BOOTSTRAP_PROJECT, BOOTSTRAP_STACK
from delivery.problems import DeliveryError
from delivery.review_stack import pull_request_of, review_stack, review_stack_file
from infra import settings
from infra.settings import PROJECT
from offline import stackfile
from offline.evaluate import ProgramError, evaluate
from offline.plan import Plan
from offline.references import evaluate_with_references
from scan.finding import ScanError

PULL_REQUEST = 1
EVERYTHING, BOOTSTRAP = "prod-everything", "bootstrap"
_ROLE = "arn:aws:iam::123456789012:role"
# What no stack file turns on, but somebody's may.
TURNED_ON: Mapping[str, str] = {
    "access": json.dumps([{"principal": f"{_ROLE}/on-call", "groups": ["on-call"]}]),
    "alertSlackChannel": "C0123456789",
    "alertSlackWorkspace": "T0123456789",
    "authenticationMode": "API_AND_CONFIG_MAP",
    "databaseSeed": "true",
    "deployRole": f"{_ROLE}/deploy",
    "peerCidr": "10.9.0.0/16",
    "peerRouteTables": json.dumps(["rtb-0123456789abcdef0"]),
    "peerVpc": "vpc-0123456789abcdef0",
    "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "previewRole": f"{_ROLE}/preview",
    "requestsPerPod": "100",
    "reviewRole": f"{_ROLE}/review",
    "routing": "latency",
}


@dataclass(frozen=True)
class Stack:
    """A plan by the name of its stack, and the Kubernetes version (major.minor) of its cluster."""

    name: str
    plan: Plan
    kubernetes: str


def stacks(project: Path) -> list[Stack]:
    """Every plan that is scanned.

    Args:
        project: the project's directory.

    Raises:
        ScanError: a stack cannot be evaluated; `make preview` says the same of it.
    """
    # Files of review environments lie about on machines, and are no part of the repository.
    names = [name for name in stackfile.stacks(project) if pull_request_of(name) is None]
    if missing := {"dev", "prod"} - set(names):
        raise ScanError(f"there is no Pulumi.{min(missing)}.yaml\n  cure: name another stack for it in scan/stacks.py")
    configs = {}
    for name in names:
        with _named(name):
            configs[name] = dict(stackfile.load(project, name).config)
    configs[EVERYTHING] = {**configs["prod"], **{f"{PROJECT}:{key}": value for key, value in TURNED_ON.items()}}
    with _named(review := review_stack(PULL_REQUEST)):
        configs[review] = _review(configs["dev"])
    key = f"{PROJECT}:kubernetesVersion"
    found = []
    for name, config in configs.items():
        with _named(name):
            plan = evaluate_with_references(project, name, config)
        found.append(Stack(name, plan, config.get(key, configs["dev"][key])))
    with _named(BOOTSTRAP):
        found.append(Stack(BOOTSTRAP, _bootstrap(project), ""))
    return found


@contextlib.contextmanager
def _named(stack: str) -> Iterator[None]:
    """Say of which stack an error is."""
    try:
        yield
    except (stackfile.StackFileError, pulumi.RunError, ProgramError, DeliveryError) as error:
        raise ScanError(f"{stack} cannot be evaluated: {error}") from None


def _review(dev: Mapping[str, str]) -> dict[str, str]:
    """The configuration that `make review` gives the environment of a pull request."""
    text = review_stack_file(PULL_REQUEST, "dev", settings.parse(dev), None)
    config: dict[str, object] = yaml.safe_load(text)["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def _bootstrap(project: Path) -> Plan:
    # Its file leaves the repository to its user.
    return evaluate(project / "bootstrap", BOOTSTRAP_STACK, {f"{BOOTSTRAP_PROJECT}:repository": "owner@1/name@2"})
