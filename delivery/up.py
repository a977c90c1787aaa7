"""`make up STACK=local`: the same release on the cluster of kubectl's current context."""

import argparse

from delivery import releases
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.local_cluster import prepared
from delivery.problems import DeliveryError
from delivery.targets import Source
from delivery.workspace import Workspace
from infra.address import FORWARDED_PORT
from infra.release import NAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery up` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="a stack whose setting platform is local")


def run(context: Context, options: argparse.Namespace) -> int:
    """Build the image, bring it into the cluster, deploy the release, and say how it is reached.

    Raises:
        DeliveryError: it was refused or failed.
    """
    stack: str = options.stack
    settings = settings_of(context, stack)
    if settings.platform != "local":
        raise DeliveryError(f"stack {stack} is not local.\n  cure: make deploy STACK={stack}, or make up STACK=local")
    with prepared(context, stack) as cluster:
        source = Source.of_checkout(context.project, settings)
        message = releases.message(f"up {stack}", source.tag, source.commit)
        outputs = Workspace.open(cluster.context, stack, create=True).up(message)
        namespace = outputs["namespace"]
        context.console.say(
            f"{outputs['url']} answers while this runs:\n"
            f"  kubectl --context {cluster.name} -n {namespace} port-forward service/{NAME} {FORWARDED_PORT}:80"
        )
    return 0
