"""The PostgreSQL database server: an RDS instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.data.security_group import data_security_group
from infra.ordering import after

# Minor versions come by themselves, in the maintenance window. A major one is set here, with
# `allow_major_version_upgrade` for as long as that takes:
# https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
ENGINE_VERSION = "18"
PORT = 5432
# The user whose password RDS makes and rotates; the service has a user of its own, without password.
MASTER = "postgres"
# In UTC, and apart from each other, as RDS wants them.
BACKUP_WINDOW, MAINTENANCE_WINDOW = "03:00-04:00", "sun:04:30-sun:05:30"
# The largest disk of an instance, in GiB:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#Concepts.Storage.GeneralSSD
MOST_STORAGE_GIB = 65_536
# Refused logins by IAM are told in a log of their own:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
LOGS = ("postgresql", "iam-db-auth-error")
PARAMETERS: Mapping[str, str] = {
    # Nobody logs in without TLS.
    "rds.force_ssl": "1",
    # Waits for a lock are logged. Slow statements are not, as they would be with the values that they were given:
    # Performance Insights has them without.
    "log_lock_waits": "1",
}


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """What a server takes.

    `identifier` is its name in AWS; `client_group_id` the security group whose members reach it; `storage_gib` the disk
    in GiB; `backup_days` how long backups are kept; `multi_zone` adds a standby in another zone; `protect` keeps it
    from being deleted; `log_retention_days` is for its logs.
    """

    identifier: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_group_id: pulumi.Input[str]
    instance_type: str
    storage_gib: int
    backup_days: int
    multi_zone: bool
    protect: bool
    log_retention_days: int


class Database(pulumi.ComponentResource):
    """A server that is reached from the cluster's nodes alone, over TLS alone, and whose users log in by IAM.

    The master's password is made, kept and rotated by RDS in Secrets Manager, and never seen here. Its disk is
    encrypted with the account's key for RDS. A change of type or disk is made at once and in place.

    Outputs: `host` (once it lets clients in); `resource_id` (by which IAM knows it); `identifier`; `master_secret_arn`
    (empty where the engine does not know it); `security_group_id`.
    """

    host: pulumi.Output[str]
    identifier: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:database:Database", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        group = data_security_group(
            name,
            "The database, for the nodes of the cluster",
            vpc_id=args.vpc_id,
            client_group_id=args.client_group_id,
            ports=[PORT],
            opts=self._child,
        )
        instance = self._create_instance(group.id)
        self.host = group.once_open(instance.address)
        self.identifier, self.resource_id = instance.identifier, instance.resource_id
        self.master_secret_arn = instance.master_user_secrets.apply(
            lambda secrets: str(secrets[0].secret_arn) if secrets else ""
        )
        self.security_group_id = group.id
        self.register_outputs({"host": self.host})

    def _create_log_groups(self) -> list[pulumi.Output[str]]:
        # The names are a contract with RDS, which makes groups without retention if there are none:
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}-{log}-logs",
                name=f"/aws/rds/instance/{self._args.identifier}/{log}",
                retention_in_days=self._args.log_retention_days,
                opts=self._child,
            ).id
            for log in LOGS
        ]

    # In quotes: the part of the SDK is loaded only where there is a database.
    def _create_parameters(self) -> "aws.rds.ParameterGroup":
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            family=f"postgres{ENGINE_VERSION}",
            description="TLS only",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=key, value=value, apply_method="immediate")
                for key, value in PARAMETERS.items()
            ],
            opts=self._child,
        )

    def _create_instance(self, security_group_id: pulumi.Output[str]) -> "aws.rds.Instance":
        args = self._args
        subnets = aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            description="Subnets without a way out",
            subnet_ids=list(args.subnet_ids),
            opts=self._child,
        )
        return aws.rds.Instance(
            f"{self._name}-instance",
            # Alarms, logs and people know it by this name.
            identifier=after(args.identifier, *self._create_log_groups()),
            engine="postgres",
            engine_version=ENGINE_VERSION,
            auto_minor_version_upgrade=True,
            # No years of paid support for a version that nobody looks after.
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            instance_class=args.instance_type,
            allocated_storage=args.storage_gib,
            max_allocated_storage=most_storage(args.storage_gib),
            storage_type="gp3",
            storage_encrypted=True,
            username=MASTER,
            manage_master_user_password=True,
            iam_database_authentication_enabled=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            parameter_group_name=self._create_parameters().id,
            db_subnet_group_name=subnets.id,
            vpc_security_group_ids=[security_group_id],
            port=PORT,
            publicly_accessible=False,
            multi_az=args.multi_zone,
            backup_retention_period=args.backup_days,
            backup_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            deletion_protection=args.protect,
            # Whoever lifts the protection means it: then nothing stays that costs.
            skip_final_snapshot=not args.protect,
            final_snapshot_identifier=f"{args.identifier}-final" if args.protect else None,
            delete_automated_backups=True,
            enabled_cloudwatch_logs_exports=list(LOGS),
            # Seven days of it are free, on every class that runs PostgreSQL:
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
            performance_insights_enabled=True,
            performance_insights_retention_period=7,
            apply_immediately=True,
            opts=self._child,
        )


def most_storage(storage_gib: int) -> int | None:
    """How far a disk may grow by itself, in GiB; None where it cannot.

    Twice its size: a table that runs wild costs no more than as much again, and months of growth need nobody. RDS wants
    at least a tenth more than there is:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
    """
    most = min(2 * storage_gib, MOST_STORAGE_GIB)
    return most if 10 * most >= 11 * storage_gib else None
