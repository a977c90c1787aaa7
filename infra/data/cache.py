"""The cache: ElastiCache Serverless for Valkey."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.data.security_group import data_security_group

# A newer one is taken in place and without a pause, and there is no way back:
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.html
ENGINE, ENGINE_VERSION = "valkey", "8"
# Writes, and reads from the nearest replica: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/set-up.html
PORT, READER_PORT = 6379, 6380
SNAPSHOT_TIME = "03:00"
# No more than the service does, whose tests run with the same: it counts in keys of its own, and its client asks for
# the slots of the cluster and the keys of commands.
ACCESS = "on ~helloworld:* resetchannels -@all +get +set +incrby +asking +cluster|slots +command"


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """What a cache takes.

    `name` is its name in AWS, its user's and its user group's, of at most 40 characters; `client_group_id` the security
    group whose members reach it; `max_gib` and `max_ecpu` (ElastiCache processing units per second) bound what it
    costs; `snapshots` is how many daily ones are kept.
    """

    name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_group_id: pulumi.Input[str]
    max_gib: int
    max_ecpu: int
    snapshots: int


class Cache(pulumi.ComponentResource):
    """A cache that is reached from the cluster's nodes alone, over TLS, by one user that logs in by IAM.

    Serverless caches are encrypted in transit and at rest, and spread over the zones of their subnets:
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.corecomponents.html

    Outputs: `host` (once it lets clients in); `name`; `user` (the user's name); `arn`; `user_arn`.
    """

    host: pulumi.Output[str]
    name: pulumi.Output[str]
    user: pulumi.Output[str]
    arn: pulumi.Output[str]
    user_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:cache:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = data_security_group(
            name,
            "The cache, for the nodes of the cluster",
            vpc_id=args.vpc_id,
            client_group_id=args.client_group_id,
            ports=[PORT, READER_PORT],
            opts=child,
        )
        user = aws.elasticache.User(
            f"{name}-user",
            # Id and name of a user that logs in by IAM must be the same:
            # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
            user_id=args.name,
            user_name=args.name,
            engine=ENGINE,
            access_string=ACCESS,
            authentication_mode=aws.elasticache.UserAuthenticationModeArgs(type="iam"),
            opts=child,
        )
        # No user `default`: a group for Valkey takes none that logs in without proof, and needs none.
        users = aws.elasticache.UserGroup(
            f"{name}-users", user_group_id=args.name, engine=ENGINE, user_ids=[user.user_id], opts=child
        )
        cache = aws.elasticache.ServerlessCache(
            f"{name}-cache",
            # Tokens are signed for this name, and alarms know it by it.
            name=args.name,
            description="What the service would otherwise ask its database for",
            engine=ENGINE,
            major_engine_version=ENGINE_VERSION,
            cache_usage_limits=aws.elasticache.ServerlessCacheCacheUsageLimitsArgs(
                data_storage=aws.elasticache.ServerlessCacheCacheUsageLimitsDataStorageArgs(
                    maximum=args.max_gib, unit="GB"
                ),
                ecpu_per_seconds=[
                    aws.elasticache.ServerlessCacheCacheUsageLimitsEcpuPerSecondArgs(maximum=args.max_ecpu)
                ],
            ),
            snapshot_retention_limit=args.snapshots,
            daily_snapshot_time=SNAPSHOT_TIME if args.snapshots else None,
            subnet_ids=list(args.subnet_ids),
            security_group_ids=[group.id],
            user_group_id=users.user_group_id,
            # Another zone makes another cache, which cannot have the name while this one has it.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.host = group.once_open(cache.endpoints.apply(lambda known: str(known[0].address) if known else ""))
        self.name, self.arn = cache.name, cache.arn
        self.user, self.user_arn = user.user_name, user.arn
        self.register_outputs({"host": self.host})
