"""What the service's pods need to keep state outside of themselves. Pure, no resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.data import cache, database


@dataclass(frozen=True, kw_only=True)
class Store:
    """One thing that keeps state: the `variables` that lead the service there, and its TCP `ports`."""

    variables: Mapping[str, pulumi.Input[str]]
    ports: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class State:
    """What a release takes: `variables` of its pods' environment; the `networks` (IPv4) and TCP `ports` that they
    connect to; `service_account` (its name, once its pods may log in there); `before_rollout` (the hook that waits
    until they can).
    """

    variables: Mapping[str, pulumi.Input[str]]
    networks: pulumi.Input[Sequence[str]]
    ports: Sequence[int]
    service_account: pulumi.Output[str]
    before_rollout: pulumi.ResourceHook


def database_store(host: pulumi.Input[str], name: str, *, seed: bool) -> Store:
    """A database. The file with the certificates of RDS is in the image, and the image says where.

    Args:
        host: the server.
        name: of the database and of its user, who logs in with a token of IAM.
        seed: whether the service fills it when it is empty.
    """
    variables: dict[str, pulumi.Input[str]] = {
        "DATABASE_URL": pulumi.Output.format("postgresql://{0}@{1}:{2}/{0}", name, host, database.PORT),
        "DATABASE_IAM": "true",
    }
    return Store(variables={**variables, **({"DATABASE_SEED": "true"} if seed else {})}, ports=[database.PORT])


def cache_store(host: pulumi.Input[str], name: pulumi.Input[str], user: pulumi.Input[str]) -> Store:
    """A cache, which is a cluster to its clients.

    Args:
        host: its endpoint.
        name: the cache's, for which tokens of IAM are signed.
        user: who logs in.
    """
    url = pulumi.Output.format("rediss://{0}@{1}:{2}", user, host, cache.PORT)
    variables: dict[str, pulumi.Input[str]] = {"CACHE_URL": url, "CACHE_CLUSTER": "true", "CACHE_IAM_NAME": name}
    return Store(variables=variables, ports=[cache.PORT, cache.READER_PORT])


def state(
    stores: Sequence[Store],
    region: str,
    networks: pulumi.Input[Sequence[str]],
    service_account: pulumi.Output[str],
    before_rollout: pulumi.ResourceHook,
) -> State:
    """All stores of a release together.

    Args:
        stores: at least one.
        region: their AWS region, which tokens are signed for.
        networks: the IPv4 networks that they are in.
        service_account: the pods', once they may log in.
        before_rollout: waits until they can.
    """
    variables = {key: value for store in stores for key, value in store.variables.items()}
    return State(
        variables={**variables, "AWS_REGION": region},
        networks=networks,
        ports=[port for store in stores for port in store.ports],
        service_account=service_account,
        before_rollout=before_rollout,
    )
