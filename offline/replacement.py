"""Which changes replace a resource rather than update it.

A type's row lists the inputs whose change means a new resource. The Kubernetes rows are those of pulumi-kubernetes'
provider/pkg/provider/diff.go; the AWS rows are what the AWS provider is known to replace, written by hand and not
derived from its schema. The table covers the types of this project: a change of a type without a row is told as an
update, with a mark that it may be a replacement.
"""

from collections.abc import Mapping

_NAMED = ("metadata.name", "metadata.namespace")

REPLACED_BY: Mapping[str, tuple[str, ...]] = {
    "aws:acm/certificate:Certificate": ("domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm"),
    "aws:acm/certificateValidation:CertificateValidation": ("certificateArn", "validationRecordFqdns"),
    "aws:budgets/budget:Budget": ("accountId", "name", "namePrefix"),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": ("configurationName", "slackTeamId"),
    "aws:cloudwatch/dashboard:Dashboard": ("dashboardName",),
    "aws:cloudwatch/logGroup:LogGroup": ("name", "namePrefix", "logGroupClass"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name",),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId",),
    "aws:ec2/eip:Eip": ("domain", "networkBorderGroup", "publicIpv4Pool"),
    "aws:ec2/flowLog:FlowLog": (
        "deliverCrossAccountRole",
        "destinationOptions",
        "eniId",
        "iamRoleArn",
        "logDestination",
        "logDestinationType",
        "logFormat",
        "maxAggregationInterval",
        "subnetId",
        "trafficType",
        "vpcId",
    ),
    "aws:ec2/internetGateway:InternetGateway": (),
    "aws:ec2/launchTemplate:LaunchTemplate": ("name", "namePrefix"),
    "aws:ec2/natGateway:NatGateway": ("allocationId", "connectivityType", "privateIp", "subnetId"),
    "aws:ec2/route:Route": (
        "destinationCidrBlock",
        "destinationIpv6CidrBlock",
        "destinationPrefixListId",
        "routeTableId",
    ),
    "aws:ec2/routeTable:RouteTable": ("vpcId",),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("gatewayId", "subnetId"),
    "aws:ec2/securityGroup:SecurityGroup": ("description", "name", "namePrefix", "vpcId"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": (
        "cidrBlocks",
        "fromPort",
        "ipv6CidrBlocks",
        "prefixListIds",
        "protocol",
        "securityGroupId",
        "self",
        "sourceSecurityGroupId",
        "toPort",
        "type",
    ),
    "aws:ec2/subnet:Subnet": (
        "availabilityZone",
        "availabilityZoneId",
        "cidrBlock",
        "ipv6Native",
        "outpostArn",
        "vpcId",
    ),
    "aws:ec2/vpc:Vpc": ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("serviceName", "serviceRegion", "vpcEndpointType", "vpcId"),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": ("peerOwnerId", "peerRegion", "peerVpcId", "vpcId"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("repository",),
    "aws:ecr/repository:Repository": ("encryptionConfigurations", "name"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("repository",),
    "aws:eks/accessEntry:AccessEntry": ("clusterName", "principalArn", "type"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "accessScope",
        "clusterName",
        "policyArn",
        "principalArn",
    ),
    "aws:eks/addon:Addon": ("addonName", "clusterName"),
    "aws:eks/cluster:Cluster": (
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
        "encryptionConfig.provider.keyArn",
        "encryptionConfig.resources",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "name",
        "outpostConfig",
        "roleArn",
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "amiType",
        "capacityType",
        "clusterName",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeGroupName",
        "nodeGroupNamePrefix",
        "nodeRoleArn",
        "remoteAccess",
        "subnetIds",
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
    "aws:elasticache/serverlessCache:ServerlessCache": ("kmsKeyId", "name", "snapshotArnsToRestores", "subnetIds"),
    "aws:elasticache/user:User": ("userId", "userName"),
    "aws:elasticache/userGroup:UserGroup": ("userGroupId",),
    "aws:iam/policy:Policy": ("description", "name", "namePrefix", "path"),
    "aws:iam/role:Role": ("name", "namePrefix", "path"),
    "aws:iam/rolePolicy:RolePolicy": ("name", "namePrefix", "role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("policyArn", "role"),
    "aws:kms/alias:Alias": ("name", "namePrefix"),
    "aws:kms/key:Key": ("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
    "aws:rds/instance:Instance": (
        "availabilityZone",
        "characterSetName",
        "dbName",
        "engine",
        "kmsKeyId",
        "storageEncrypted",
        "timezone",
        "username",
    ),
    "aws:rds/parameterGroup:ParameterGroup": ("description", "family", "name", "namePrefix"),
    "aws:rds/subnetGroup:SubnetGroup": ("name", "namePrefix"),
    "aws:route53/healthCheck:HealthCheck": (
        "measureLatency",
        "referenceName",
        "requestInterval",
        "routingControlArn",
        "triggers",
        "type",
    ),
    # With another type or set identifier it is deleted and created in one batch, which the provider calls an update.
    "aws:route53/record:Record": ("name", "zoneId"),
    "aws:sns/topic:Topic": ("fifoTopic", "name", "namePrefix"),
    "aws:sns/topicPolicy:TopicPolicy": ("arn",),
    "aws:sns/topicSubscription:TopicSubscription": ("endpoint", "protocol", "topic"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId",),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId",),
    "docker:index/image:Image": (),
    "eks:index:Cluster": (),
    "eks:index:ManagedNodeGroup": (),
    "kubernetes:apps/v1:Deployment": ("spec.selector",),
    "kubernetes:apps/v1:StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "kubernetes:batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "kubernetes:core/v1:ConfigMap": ("binaryData", "data"),
    "kubernetes:core/v1:Namespace": (),
    "kubernetes:core/v1:PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    "kubernetes:core/v1:Secret": ("data", "stringData", "type"),
    "kubernetes:core/v1:Service": ("spec.clusterIP",),
    "kubernetes:core/v1:ServiceAccount": (),
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": (),
    "kubernetes:helm.sh/v3:Release": ("name", "namespace"),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": (),
    "kubernetes:keda.sh/v1alpha1:TriggerAuthentication": (),
    "kubernetes:networking.k8s.io/v1:Ingress": (),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": (),
    "kubernetes:policy/v1:PodDisruptionBudget": (),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": (),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "kubernetes:rbac.authorization.k8s.io/v1:Role": (),
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "pulumi:providers:aws": (),
    "pulumi:providers:kubernetes": ("clusterIdentifier",),
}


def is_known(type_: str) -> bool:
    """Whether the table says what replaces a resource of the type."""
    return type_ in REPLACED_BY or type_.partition(":")[0] not in ("aws", "docker", "kubernetes", "pulumi")


def replaces(type_: str, path: str) -> bool:
    """Whether a change of the input at `path`, dotted with indices in brackets, replaces a resource of the type."""
    rules = REPLACED_BY.get(type_, ())
    if type_.startswith("kubernetes:") and type_ != "kubernetes:helm.sh/v3:Release":
        rules = (*rules, *_NAMED)
    bare = "".join(part.partition("]")[2] if index else part for index, part in enumerate(path.split("[")))
    return any(bare == rule or bare.startswith(f"{rule}.") for rule in rules)
