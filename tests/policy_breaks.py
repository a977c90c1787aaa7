"""What breaks each rule: one field of a resource that a stack really has, or a resource that no stack has."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests import policy_breaks_kubernetes
from tests.policy_changes import (
    ACCESS,
    ACCESS_ENTRY,
    ADDON,
    ATTACHMENT,
    BUCKET,
    BUCKET_ACCESS,
    CACHE,
    CACHE_USER,
    CHART,
    CLUSTER,
    DATABASE,
    DEFAULT_GROUP,
    GITHUB,
    GROUP,
    INGRESS_RULE,
    INSTANCE,
    KEY,
    NODES,
    PARAMETERS,
    PRIVATE,
    REGISTRY,
    REMOVED,
    REPLICATION_GROUP,
    ROLE_POLICY,
    ROLE_TYPE,
    SUBNET,
    TEMPLATE,
    TOPIC,
    Added,
    Break,
    Change,
    Without,
    document,
    web_identity,
)
from tests.policy_stacks import ACCOUNT, ROLE

_EVERYBODY = {"AWS": "*"}
_AWS_POLICY = "arn:aws:iam::aws:policy"
_METADATA = {"httpTokens": "required", "httpPutResponseHopLimit": 1}
_NODES_CACHE = {
    "engine": "valkey",
    "engineVersion": "8.0",
    "transitEncryptionEnabled": True,
    "snapshotRetentionLimit": 1,
}
_BY_TLS = {"Bool": {"aws:SecureTransport": "true"}}
_TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"


def _published(**more: Any) -> Change:
    """What lets everybody publish, with more."""
    return Change(_TOPIC_POLICY, ("policy",), document(Action="sns:Publish", Principal="*", **more))


def _addon(name: str, version: Any) -> Change:
    return Change(ADDON, ("addonVersion",), version, name=name)


BREAKS: Mapping[str, Sequence[Break]] = {
    **policy_breaks_kubernetes.BREAKS,
    "iam-no-wildcards": (
        Change(ROLE_POLICY, ("policy",), document(Action="s3:*", Resource="arn:aws:s3:::a")),
        Change(ROLE_POLICY, ("policy",), document(Action="s3:GetObject", Resource="*")),
        Change(ROLE_POLICY, ("policy",), document(Action="s3:GetObject", Resource="arn:aws:s3:::*/*")),
        Change(ROLE_POLICY, ("policy",), document(Action="sqs:SendMessage", Resource=["arn:aws:sqs:*:*:*"])),
        *(
            Change(ROLE_POLICY, ("policy",), document(Action="s3:GetObject", Resource=every))
            for every in ("arn:*", "arn:aws:s3:*", "arn:aws:s3*", "arn:aws:s3:::?*")
        ),
        Change(ROLE_POLICY, ("policy",), document(Action="s3:GetObject", Resource="*", Condition=_BY_TLS)),
        Change(ROLE_POLICY, ("policy",), document(NotAction="iam:*", Resource="arn:aws:s3:::a")),
        Change(ROLE_TYPE, ("inlinePolicies",), [{"name": "a", "policy": document(Action="*", Resource="*")}]),
        Change(ROLE_POLICY, ("policy",), document(Action="s3:GetObject", NotResource="arn:aws:s3:::a")),
        *(
            Added(f"aws:iam/{kind[0].lower()}{kind[1:]}:{kind}", {"policy": document(Action="*", Resource="*")})
            for kind in ("Policy", "UserPolicy", "GroupPolicy")
        ),
    ),
    "iam-no-broad-policies": (
        Change(ATTACHMENT, ("policyArn",), "arn:aws:iam::aws:policy/AdministratorAccess"),
        Change(ATTACHMENT, ("policyArn",), "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
        Change(ATTACHMENT, ("policyArn",), "arn:aws-cn:iam::aws:policy/job-function/SystemAdministrator"),
        Change(ROLE_TYPE, ("managedPolicyArns",), ["arn:aws:iam::aws:policy/PowerUserAccess"]),
        *(
            Added(f"aws:iam/{kind[0].lower()}{kind[1:]}:{kind}", {"policyArn": f"{_AWS_POLICY}/AdministratorAccess"})
            for kind in ("PolicyAttachment", "UserPolicyAttachment", "GroupPolicyAttachment")
        ),
        Added(
            "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            {"policyArns": ["arn:aws:iam::aws:policy/IAMFullAccess"]},
        ),
    ),
    "trust-closed": (
        Change(ROLE_TYPE, ("assumeRolePolicy",), document(Action="sts:AssumeRole", Principal=_EVERYBODY)),
        Change(ROLE_TYPE, ("assumeRolePolicy",), document(Action="sts:AssumeRole", Principal="*")),
        Change(ROLE_TYPE, ("assumeRolePolicy",), document(Action="sts:AssumeRole", NotPrincipal={"AWS": ROLE})),
        Change(ROLE_TYPE, ("assumeRolePolicy",), web_identity()),
        Change(
            ROLE_TYPE, ("assumeRolePolicy",), web_identity({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}})
        ),
        Change(ROLE_TYPE, ("assumeRolePolicy",), web_identity({"StringLike": {f"{GITHUB}:sub": ["*"]}})),
        *(
            Change(ROLE_TYPE, ("assumeRolePolicy",), web_identity({"StringLike": {f"{GITHUB}:sub": anybody}}))
            for anybody in (
                "repo:*/*:*",
                "repo:*:ref:refs/heads/main",
                "repo:?*",
                "*:environment:prod",
                ["repo:a/b:*", "*"],
            )
        ),
        *(
            Change(ROLE_TYPE, ("assumeRolePolicy",), web_identity(nobody))
            for nobody in (
                _BY_TLS,
                {"Null": {f"{GITHUB}:sub": "false"}},
                {"StringNotEquals": {f"{GITHUB}:sub": "repo:a/b:c"}},
                {"ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:a/b:*"}},
                {"StringEqualsIfExists": {f"{GITHUB}:sub": "repo:a/b:c"}},
                {"StringEquals": {f"{GITHUB}:AUD": "sts.amazonaws.com"}},
                {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            )
        ),
        *(
            Change(ROLE_TYPE, ("assumeRolePolicy",), document(Action=action, Principal={"Federated": GITHUB}))
            for action in ("sts:assumerolewithwebidentity", "sts:AssumeRole*", "sts:*")
        ),
    ),
    "resource-policy-closed": (
        _published(),
        *(
            _published(Condition=condition)
            for condition in (
                _BY_TLS,
                {"StringNotEquals": {"aws:SourceAccount": "123456789012"}},
                {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}},
                {"StringLike": {"aws:PrincipalOrgID": "*"}},
                {"StringEquals": {"aws:SourceAccount": ["123456789012", "*"]}},
                {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}},
                {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}},
            )
        ),
        *(
            Added(type_, {"policy": document(Action="a:b", Principal={"AWS": "*"})})
            for type_ in (
                "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
                "aws:ecr/registryPolicy:RegistryPolicy",
                "aws:efs/fileSystemPolicy:FileSystemPolicy",
            )
        ),
        Change(KEY, ("policy",), document(NotAction="kms:A", Principal={"AWS": f"{ROLE}/a"}, Resource="*")),
        Change(KEY, ("policy",), document(Action="kms:Decrypt", Principal=_EVERYBODY, Resource="*")),
        Change(KEY, ("policy",), document(Action="kms:*", Principal={"AWS": f"{ROLE}/a"}, Resource="*")),
        Change(
            "aws:s3/bucketPolicy:BucketPolicy", ("policy",), document(Action="s3:GetObject", Principal="*"), ACCOUNT
        ),
        Added("aws:kms/keyPolicy:KeyPolicy", {"policy": document(Action="kms:Decrypt", Principal="*")}),
        Added("aws:ecr/repositoryPolicy:RepositoryPolicy", {"policy": document(Action="ecr:Get", Principal="*")}),
        Added("aws:sqs/queuePolicy:QueuePolicy", {"policy": document(Action="sqs:SendMessage", Principal="*")}),
        Added("aws:sqs/queue:Queue", {"policy": document(Action="sqs:SendMessage", Principal="*")}),
        Added("aws:secretsmanager/secret:Secret", {"policy": document(Action="a:b", Principal={"AWS": "*"})}),
        Change(TOPIC, ("policy",), document(Action="sns:Publish", Principal="*")),
        Change(BUCKET, ("policy",), document(Action="s3:GetObject", Principal="*"), ACCOUNT),
        Added("aws:secretsmanager/secretPolicy:SecretPolicy", {"policy": document(Action="a:b", Principal="*")}),
    ),
    "no-long-lived-keys": (
        Added("aws:iam/accessKey:AccessKey", {"user": "a"}),
        Added("aws:iam/userLoginProfile:UserLoginProfile", {"user": "a"}),
    ),
    "ports-closed": (
        Change(GROUP, ("ingress",), [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 443, "toPort": 443}]),
        Change(GROUP, ("ingress",), [{"ipv6CidrBlocks": ["::/0"], "fromPort": 443, "toPort": 443}]),
        Change(GROUP, ("ingress",), [{"cidrBlocks": ["128.0.0.0/1"], "fromPort": 443, "toPort": 443}]),
        Change(NODES, ("remoteAccess",), {"ec2SshKey": "mine"}),
        Added("aws:ec2/managedPrefixList:ManagedPrefixList", {"entries": [{"cidr": "0.0.0.0/0"}]}),
        Added("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry", {"cidr": "::/0"}),
    ),
    "data-by-group": (
        Change(INGRESS_RULE, ("cidrIpv4",), "10.0.0.0/16"),
        Change(INGRESS_RULE, ("cidrIpv6",), "fd00::/8"),
        Change(INGRESS_RULE, ("prefixListId",), "pl-0123456789abcdef0"),
    ),
    "default-group-empty": (
        Without(DEFAULT_GROUP),
        Without(DEFAULT_GROUP, "dev"),
        Change(DEFAULT_GROUP, ("ingress",), [{"self": True, "protocol": "-1", "fromPort": 0, "toPort": 0}]),
        Change(DEFAULT_GROUP, ("egress",), [{"cidrBlocks": ["0.0.0.0/0"], "protocol": "-1"}]),
    ),
    "subnets-private": (
        Change(SUBNET, ("mapPublicIpOnLaunch",), True, name=PRIVATE),
        Change(SUBNET, ("mapPublicIpOnLaunch",), True, name="helloworld-network-public-a-subnet"),
    ),
    "flow-recorded": (Without("aws:ec2/flowLog:FlowLog"),),
    "api-not-open": (
        Change(CLUSTER, ("vpcConfig", "publicAccessCidrs"), ["0.0.0.0/0"]),
        Change(CLUSTER, ("vpcConfig", "publicAccessCidrs"), ["192.0.2.0/24", "::/0"]),
        Change(CLUSTER, ("vpcConfig", "publicAccessCidrs"), ["0.0.0.0/1", "128.0.0.0/1"]),
        Change(CLUSTER, ("vpcConfig", "publicAccessCidrs"), REMOVED),
    ),
    "cluster-admins": (
        Change(ACCESS, ("policyArn",), "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "dev"),
        Change(ACCESS_ENTRY, ("kubernetesGroups",), ["system:masters"], "dev"),
    ),
    "cluster-logged": (
        Change(CLUSTER, ("enabledClusterLogTypes",), ["api", "audit"]),
        Change(CLUSTER, ("enabledClusterLogTypes",), REMOVED),
    ),
    "secrets-encrypted": (Change(CLUSTER, ("encryptionConfig",), REMOVED),),
    "metadata-by-token": (
        Change(TEMPLATE, ("metadataOptions", "httpTokens"), "optional"),
        Change(TEMPLATE, ("metadataOptions", "httpTokens"), REMOVED),
        Added(INSTANCE, {"metadataOptions": {"httpPutResponseHopLimit": 1}, "rootBlockDevice": {"encrypted": True}}),
    ),
    "metadata-near": (
        Change(TEMPLATE, ("metadataOptions", "httpPutResponseHopLimit"), 2),
        Change(TEMPLATE, ("metadataOptions", "httpPutResponseHopLimit"), REMOVED),
        Added(INSTANCE, {"metadataOptions": {"httpTokens": "required"}, "rootBlockDevice": {"encrypted": True}}),
    ),
    "database-private": (
        Change(DATABASE, ("publiclyAccessible",), True),
        Added("aws:rds/clusterInstance:ClusterInstance", {"publiclyAccessible": True}),
        Added("aws:redshift/cluster:Cluster", {"publiclyAccessible": True}),
        Added("aws:rds/snapshot:Snapshot", {"sharedAccounts": ["all"]}),
    ),
    "database-encrypted": (
        Change(DATABASE, ("storageEncrypted",), False),
        Change(DATABASE, ("storageEncrypted",), REMOVED),
        Added("aws:docdb/cluster:Cluster", {"deletionProtection": True}),
        Added("aws:neptune/cluster:Cluster", {"deletionProtection": True}),
    ),
    "database-tls": (
        Change(DATABASE, ("parameterGroupName",), REMOVED),
        Change(PARAMETERS, ("parameters", 0, "value"), "0"),
        Change(PARAMETERS, ("parameters",), REMOVED),
    ),
    "database-password": (
        Change(DATABASE, ("password",), "[secret]"),
        Change(DATABASE, ("manageMasterUserPassword",), REMOVED),
    ),
    "database-two-zones": (Change(DATABASE, ("multiAz",), False),),
    "database-backed-up": (
        Change(DATABASE, ("backupRetentionPeriod",), 6),
        Change(DATABASE, ("backupRetentionPeriod",), REMOVED),
    ),
    "cache-encrypted": (
        Added(REPLICATION_GROUP, _NODES_CACHE),
        Added(REPLICATION_GROUP, {**_NODES_CACHE, "atRestEncryptionEnabled": True, "transitEncryptionEnabled": False}),
    ),
    "cache-login": (
        Change(CACHE_USER, ("noPasswordRequired",), True),
        Change(CACHE_USER, ("authenticationMode", "type"), "password"),
        Change(CACHE_USER, ("authenticationMode", "type"), "no-password-required"),
        Change(CACHE_USER, ("passwords",), ["[secret]"]),
    ),
    "bucket-private": (
        Without(BUCKET_ACCESS, ACCOUNT),
        Change(BUCKET, ("acl",), "public-read", ACCOUNT),
        Change(BUCKET, ("acl",), "authenticated-read", ACCOUNT),
        Added("aws:s3/bucketAcl:BucketAcl", {"acl": "public-read-write"}),
        Added("aws:s3/bucketAclV2:BucketAclV2", {"acl": "public-read"}),
        Added("aws:s3/bucketV2:BucketV2", {}),
        *(
            Change(BUCKET_ACCESS, (key,), False, ACCOUNT)
            for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        ),
    ),
    "bucket-kept": (Change(BUCKET, ("forceDestroy",), True, ACCOUNT),),
    "disks-encrypted": (
        Change(TEMPLATE, ("blockDeviceMappings", 0, "ebs", "encrypted"), "false"),
        Change(TEMPLATE, ("blockDeviceMappings", 0, "ebs", "encrypted"), REMOVED),
        Change(TEMPLATE, ("blockDeviceMappings",), REMOVED),
        Added("aws:ebs/volume:Volume", {"size": 1}),
        Added(INSTANCE, {"metadataOptions": _METADATA}),
        Added(
            INSTANCE,
            {
                "metadataOptions": _METADATA,
                "rootBlockDevice": {"encrypted": True},
                "ebsBlockDevices": [{"deviceName": "/dev/sdb"}],
            },
        ),
        Added("aws:efs/fileSystem:FileSystem", {"encrypted": False}),
    ),
    "messages-encrypted": (
        Change(TOPIC, ("kmsMasterKeyId",), REMOVED),
        Added("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}),
    ),
    "registry-encrypted": (Change(REGISTRY, ("encryptionConfigurations",), REMOVED),),
    "registry-scanned": (Change(REGISTRY, ("imageScanningConfiguration", "scanOnPush"), False),),
    "tags-immutable": (
        Change(REGISTRY, ("imageTagMutability",), "MUTABLE"),
        Change(REGISTRY, ("imageTagMutability",), REMOVED),
    ),
    "key-rotated": (
        Change(KEY, ("enableKeyRotation",), False),
        Change(KEY, ("enableKeyRotation",), REMOVED, ACCOUNT),
    ),
    "version-pinned": (
        Change(CLUSTER, ("version",), REMOVED),
        Change(NODES, ("version",), REMOVED),
        _addon("helloworld-nodes-metrics-server", REMOVED),
        _addon("helloworld-nodes-metrics-server", "v0.8.1"),
    ),
    "version-in-support": (
        Change(CLUSTER, ("version",), "1.33"),
        Change(CLUSTER, ("version",), "1.99"),
        Change(NODES, ("version",), "1.31"),
        Change(NODES, ("amiType",), "AL2_ARM_64"),
        Change(DATABASE, ("engineVersion",), "13.4"),
        Change(CACHE, ("majorEngineVersion",), "6"),
        Added(REPLICATION_GROUP, {**_NODES_CACHE, "atRestEncryptionEnabled": True, "engineVersion": "6.2"}),
        _addon("helloworld-cluster-kube-proxy", "v1.31.0-eksbuild.1"),
        _addon("helloworld-nodes-coredns", "v1.9.3-eksbuild.15"),
        _addon("helloworld-cluster-vpc-cni", "v1.12.0-eksbuild.1"),
    ),
    "version-ends-soon": (Change(CLUSTER, ("version",), "1.34"),),
    "version-standard": (
        Change(CLUSTER, ("upgradePolicy", "supportType"), "EXTENDED"),
        Change(CLUSTER, ("upgradePolicy",), REMOVED),
        Change(DATABASE, ("engineLifecycleSupport",), REMOVED),
        Change(DATABASE, ("engineLifecycleSupport",), "open-source-rds-extended-support"),
    ),
    "tagged": (
        Change("pulumi:providers:aws", ("defaultTags",), REMOVED),
        Change("pulumi:providers:aws", ("defaultTags",), '{"tags": {"project": "helloworld", "stack": "prod"}}'),
        Change("aws:ec2/vpc:Vpc", ("tags", "stack"), "dev"),
        Change("aws:ec2/vpc:Vpc", ("tagsAll",), {"project": "helloworld"}),
        Change(TEMPLATE, ("tagSpecifications", 0), {"resourceType": "instance", "tags": {}}),
        Change(TEMPLATE, ("tagSpecifications",), REMOVED),
        Change(CHART, ("values", "defaultTags", "stack"), REMOVED),
    ),
    "logs-expire": (Change("aws:cloudwatch/logGroup:LogGroup", ("retentionInDays",), REMOVED),),
    "alarm-told": (
        Change("aws:cloudwatch/metricAlarm:MetricAlarm", ("alarmActions",), []),
        Change("aws:cloudwatch/metricAlarm:MetricAlarm", ("actionsEnabled",), False),
    ),
    "kept": (
        Change(CLUSTER, ("deletionProtection",), False),
        Change(DATABASE, ("deletionProtection",), REMOVED),
        Change(DATABASE, ("skipFinalSnapshot",), True),
        Change(REGISTRY, ("forceDelete",), True),
        Change(CACHE, ("snapshotRetentionLimit",), REMOVED),
        Added(REPLICATION_GROUP, {**_NODES_CACHE, "atRestEncryptionEnabled": True, "snapshotRetentionLimit": 0}),
        Added("aws:docdb/cluster:Cluster", {"storageEncrypted": True}),
    ),
}
