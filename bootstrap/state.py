"""Where the state of every stack lives, and the key of the secrets in it."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap import names
from infra.ordering import after

OLD_VERSION_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class StateStoreArgs:
    """What the store takes: the account's number and the region, which the bucket is named after."""

    account: pulumi.Input[str]
    region: str


class StateStore(pulumi.ComponentResource):
    """The state bucket (versioned, encrypted, private, TLS only) and the KMS key of Pulumi's secrets.

    The bucket encrypts with S3's own key: whoever loses the KMS key loses the secrets in the states and not the states,
    this program's among them. Outputs: `bucket` (its name, once it is closed to the world),
    `backend_url` (as Pulumi names it) and `key_arn`.
    """

    bucket: pulumi.Output[str]
    backend_url: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StateStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:bootstrap:StateStore", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        account = pulumi.Output.from_input(args.account)
        bucket_name = account.apply(lambda number: names.state_bucket(number, args.region))
        # The name is a contract: every run finds the state by it.
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=bucket_name, opts=kept)
        key = aws.kms.Key(
            f"{name}-key",
            description="Encrypts the secrets in Pulumi's states and stack files",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=kept,
        )
        # The name is a contract: stack files name the key by it.
        aws.kms.Alias(f"{name}-key-alias", name=names.KEY_ALIAS, target_key_id=key.key_id, opts=kept)
        closed = self._close(bucket)
        self.bucket = after(bucket.bucket, *closed)
        self.backend_url = account.apply(lambda number: names.backend_url(number, args.region))
        self.key_arn = key.arn
        self.register_outputs({"bucket": self.bucket, "backend_url": self.backend_url, "key_arn": self.key_arn})

    def _close(self, bucket: aws.s3.Bucket) -> list[pulumi.Output[str]]:
        s3, name, opts = aws.s3, self._name, self._child
        ownership = s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced")
        encryption = s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=(
                s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256"
                )
            )
        )
        versions = s3.BucketVersioningVersioningConfigurationArgs(status="Enabled")
        access = s3.BucketPublicAccessBlock(
            f"{name}-bucket-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=opts,
        )
        versioning = s3.BucketVersioning(
            f"{name}-bucket-versioning", bucket=bucket.id, versioning_configuration=versions, opts=opts
        )
        return [
            access.id,
            versioning.id,
            s3.BucketOwnershipControls(f"{name}-bucket-ownership", bucket=bucket.id, rule=ownership, opts=opts).id,
            s3.BucketServerSideEncryptionConfiguration(
                f"{name}-bucket-encryption", bucket=bucket.id, rules=[encryption], opts=opts
            ).id,
            s3.BucketLifecycleConfiguration(
                f"{name}-bucket-lifecycle",
                # Rules on old versions count from where there are versions.
                bucket=versioning.bucket,
                rules=_lifecycle(),
                opts=opts,
            ).id,
            # S3 takes one change of a bucket's policy and access at a time.
            s3.BucketPolicy(
                f"{name}-bucket-policy", bucket=access.bucket, policy=bucket.arn.apply(tls_only), opts=opts
            ).id,
        ]


def tls_only(bucket_arn: str) -> str:
    """The bucket policy that refuses whatever comes unencrypted, as JSON."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _lifecycle() -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    s3, everything = aws.s3, aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    return [
        s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions",
            status="Enabled",
            filter=everything,
            noncurrent_version_expiration=(
                s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=OLD_VERSION_DAYS)
            ),
            # A deleted object whose versions are all gone; locks leave one for each run.
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        ),
        s3.BucketLifecycleConfigurationRuleArgs(
            id="uploads-that-stopped",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=(
                s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7)
            ),
        ),
    ]
