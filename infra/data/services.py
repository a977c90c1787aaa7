"""Database and cache of a stack: which there are, and who may log in to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.data.cache import Cache, CacheArgs
from infra.data.database import Database, DatabaseArgs
from infra.data.logins import cache_login, database_login, review_login
from infra.data.names import review_role_name
from infra.data.network import DataNetwork, DataNetworkArgs
from infra.data.server import DatabaseServer
from infra.data.state import State, Store, cache_store, database_store, state
from infra.fenced_access import REVIEW_NAMESPACES
from infra.ordering import after
from infra.pod_role import PodRole, PodRoleArgs, Statement
from infra.release import NAME as SERVICE_ACCOUNT
from infra.service_identity import ServiceIdentity, ServiceIdentityArgs
from infra.settings import PROJECT, Settings
from infra.subnets import ZoneSubnets


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where they are made: `name` is their name in AWS; members of the security group `client_group_id` reach them."""

    name: str
    vpc_id: pulumi.Output[str]
    subnets: Sequence[ZoneSubnets]
    client_group_id: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    aws_provider: aws.Provider


@dataclass(frozen=True, kw_only=True)
class DataServices:
    """What there is: `state` for the release, the `server` to make databases on, the names in AWS, and the route tables
    of their subnets by name. Empty if neither is asked for.
    """

    state: State | None = None
    server: DatabaseServer | None = None
    database_identifier: pulumi.Output[str] | None = None
    cache_name: pulumi.Output[str] | None = None
    route_table_ids: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


def create(settings: Settings, place: Place) -> DataServices:
    """Make what the settings ask for, and let the release's pods log in to it.

    Args:
        settings: the stack's.
        place: where.
    """
    if not settings.database and not settings.cache:
        return DataServices()
    opts = pulumi.ResourceOptions(providers=[place.aws_provider])
    network = DataNetwork(
        f"{PROJECT}-data-network",
        DataNetworkArgs(region=settings.region, name_tag=place.name, vpc_id=place.vpc_id, subnets=place.subnets),
        opts,
    )
    networks = [str(cut.data) for cut in place.subnets]
    stores: list[Store] = []
    logins: list[Statement] = []
    database = _database(settings, place, network, opts) if settings.database else None
    server = None
    if database is not None:
        users = _users(database, settings.region, place.aws_provider)
        stores.append(database_store(database.host, PROJECT, seed=settings.database_seed))
        logins.append(database_login(users, PROJECT))
        server = DatabaseServer(
            host=database.host,
            secret_arn=database.master_secret_arn,
            users_arn=users,
            networks=networks,
            region=settings.region,
            cluster_name=place.cluster_name,
            review_role_arn=_review_role(users, place, opts) if settings.review_role is not None else None,
            aws_provider=place.aws_provider,
        )
    cache = _cache(settings, place, network, opts) if settings.cache else None
    if cache is not None:
        stores.append(cache_store(cache.host, cache.name, cache.user))
        logins.append(cache_login(cache.arn, cache.user_arn))
    role = PodRole(f"{PROJECT}-service", PodRoleArgs(statements=logins), opts)
    identity = ServiceIdentity(
        f"{PROJECT}-service-identity",
        ServiceIdentityArgs(
            cluster_name=place.cluster_name,
            namespace=PROJECT,
            service_account=SERVICE_ACCOUNT,
            role_arn=role.arn,
        ),
        opts,
    )
    return DataServices(
        state=state(stores, settings.region, networks, after(identity.service_account, role.granted), identity.settled),
        server=server,
        database_identifier=database.identifier if database else None,
        cache_name=cache.name if cache else None,
        route_table_ids={"data": network.route_table_id},
    )


def _database(settings: Settings, place: Place, network: DataNetwork, opts: pulumi.ResourceOptions) -> Database:
    args = DatabaseArgs(
        identifier=place.name,
        vpc_id=place.vpc_id,
        subnet_ids=network.subnet_ids,
        client_group_id=place.client_group_id,
        instance_type=settings.database_instance_type,
        storage_gib=settings.database_storage_gib,
        backup_days=settings.database_backup_days,
        multi_zone=settings.database_multi_zone,
        protect=settings.protect,
        log_retention_days=settings.log_retention_days,
    )
    return Database(f"{PROJECT}-database", args, opts)


def _cache(settings: Settings, place: Place, network: DataNetwork, opts: pulumi.ResourceOptions) -> Cache:
    args = CacheArgs(
        name=place.name,
        vpc_id=place.vpc_id,
        subnet_ids=network.subnet_ids,
        client_group_id=place.client_group_id,
        max_gib=settings.cache_max_gib,
        max_ecpu=settings.cache_max_ecpu,
        snapshots=1 if settings.protect else 0,
    )
    return Cache(f"{PROJECT}-cache", args, opts)


def _users(database: Database, region: str, aws_provider: aws.Provider) -> pulumi.Output[str]:
    """The ARN of the server's users, without a user."""
    account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=aws_provider)).account_id
    return pulumi.Output.format("arn:aws:rds-db:{0}:{1}:dbuser:{2}", region, account, database.resource_id)


def _review_role(users: pulumi.Output[str], place: Place, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """One role for the pods of all review environments, each of which logs in as its own user only."""
    args = PodRoleArgs(
        statements=[review_login(users, place.cluster_name, REVIEW_NAMESPACES)],
        name=review_role_name(place.name),
    )
    return PodRole(f"{PROJECT}-review-database", args, opts).granted
