"""What the engine's AWS plugin asks of what the program makes. Pure data: no secret's value, no object's content."""

# AWS offers no resource-level permission for these: each may name every resource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/
UNSCOPED = (
    "chatbot:DescribeSlackChannelConfigurations",
    "chatbot:ListTagsForResource",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAddressesAttribute",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "eks:DescribeAddonVersions",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "logs:DescribeLogGroups",
    "route53:ListHostedZones",
    "route53:ListHostedZonesByName",
    "sns:GetSubscriptionAttributes",
)
VPC = ("ec2:DescribeVpcAttribute",)
CLUSTER = (
    "eks:DescribeAccessEntry",
    "eks:DescribeAddon",
    "eks:DescribeCluster",
    "eks:DescribeNodegroup",
    "eks:DescribePodIdentityAssociation",
    "eks:DescribeUpdate",
    "eks:ListAssociatedAccessPolicies",
    "eks:ListPodIdentityAssociations",
    "eks:ListTagsForResource",
)
LOGS = ("logs:ListTagsForResource",)
KEYS = ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags")
REGISTRY = (
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:ListTagsForResource",
)
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
ROLES = (
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
)
CERTIFICATES = ("acm:DescribeCertificate", "acm:ListTagsForCertificate")
ZONES = ("route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource")
HEALTH_CHECKS = ("route53:GetHealthCheck", "route53:ListTagsForResource")
# An RDS instance is found by its resource id, which AWS takes for a question about every one.
DATABASES = (
    "rds:DescribeDBInstances",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBParameters",
    "rds:DescribeDBSubnetGroups",
    "rds:ListTagsForResource",
)
DATABASE_KINDS = ("db", "pg", "subgrp")
CACHES = (
    "elasticache:DescribeServerlessCaches",
    "elasticache:DescribeUserGroups",
    "elasticache:DescribeUsers",
    "elasticache:ListTagsForResource",
)
CACHE_KINDS = ("serverlesscache", "user", "usergroup")
TOPICS = ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource")
ALARMS = ("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource")
DASHBOARDS = ("cloudwatch:GetDashboard",)
BUDGETS = ("budgets:ListTagsForResource", "budgets:ViewBudget")
CHANGES = ("route53:GetChange",)
