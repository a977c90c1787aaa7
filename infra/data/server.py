"""The server that a stack makes databases on: the release's own, and those of review environments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from infra.data import state
from infra.data.database import MASTER
from infra.data.logins import database_login, read_secret
from infra.data.provisioner import NAME, Provisioner, ProvisionerArgs
from infra.data.state import State
from infra.fenced_access import REVIEW_NAMESPACES
from infra.ordering import after
from infra.pod_role import PodRole, PodRoleArgs
from infra.release import NAME as SERVICE_ACCOUNT
from infra.release import Release
from infra.service_identity import ServiceIdentity, ServiceIdentityArgs
from infra.settings import PROJECT, Settings
from infra.stack_outputs import StackOutputs


@dataclass(frozen=True, kw_only=True)
class DatabaseServer:
    """A server of this stack: `host`, in `networks` (IPv4); `secret_arn` has its master's password; `users_arn` is the
    ARN of its users, without a user; `cluster_name` is where their pods run. `review_role_arn` is what pods of review
    environments log in with, None without any.
    """

    host: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    users_arn: pulumi.Output[str]
    networks: Sequence[str]
    region: str
    cluster_name: pulumi.Output[str]
    review_role_arn: pulumi.Output[str] | None
    aws_provider: aws.Provider


def offer(server: DatabaseServer | None) -> dict[str, Any] | None:
    """What a review environment needs to know of the server, as this stack's output; None if it may have none."""
    if server is None or server.review_role_arn is None:
        return None
    return {"host": server.host, "networks": list(server.networks), "reviewRole": server.review_role_arn}


def accept(
    settings: Settings, other: StackOutputs, cluster_name: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> State:
    """The state of a release in a namespace of its own, in a database of that name on another stack's server.

    Nothing of it is made here but the right of this namespace's pods to log in: the other stack's provisioner sees the
    namespace.

    Args:
        settings: the stack's.
        other: the stack that offers the server.
        cluster_name: the cluster of both.
        opts: resource options, with the AWS provider.
    """
    cure = f"set {PROJECT}:database and {PROJECT}:reviewRole there and deploy it, or {PROJECT}:database = false here"
    offered = other.require("database", cure)
    name = f"{PROJECT}-{pulumi.get_stack()}"
    identity = ServiceIdentity(
        f"{PROJECT}-service-identity",
        ServiceIdentityArgs(
            cluster_name=cluster_name,
            namespace=name,
            service_account=SERVICE_ACCOUNT,
            role_arn=offered["reviewRole"],
        ),
        opts,
    )
    store = state.database_store(offered["host"], name, seed=settings.database_seed)
    return state.state([store], settings.region, offered["networks"], identity.service_account, identity.settled)


def provision(server: DatabaseServer | None, release: Release, kubernetes: k8s.Provider) -> None:
    """Make databases and users, where there is a server to make them on.

    Args:
        server: the platform's.
        release: it has the program for it in its image, and a database of its namespace's name.
        kubernetes: makes what is on the cluster.
    """
    if server is None:
        return
    in_aws = pulumi.ResourceOptions(providers=[server.aws_provider])
    # A server that has made a user who logs in by IAM may take its maker for one, and no password of his:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    logins = [read_secret(server.secret_arn), database_login(server.users_arn, MASTER)]
    role = PodRole(f"{PROJECT}-provisioner", PodRoleArgs(statements=logins), in_aws)
    identity = ServiceIdentity(
        f"{PROJECT}-provisioner-identity",
        ServiceIdentityArgs(
            cluster_name=server.cluster_name, namespace=PROJECT, service_account=NAME, role_arn=role.arn
        ),
        in_aws,
    )
    Provisioner(
        f"{PROJECT}-provisioner",
        ProvisionerArgs(
            # Only one that has got healthy.
            image=release.image,
            namespace=release.namespace,
            service_account=after(identity.service_account, role.granted),
            before_rollout=identity.settled,
            region=server.region,
            host=server.host,
            secret_arn=server.secret_arn,
            networks=server.networks,
            databases=[PROJECT],
            review_prefix=REVIEW_NAMESPACES if server.review_role_arn is not None else None,
        ),
        pulumi.ResourceOptions(providers={"kubernetes": kubernetes}),
    )
