"""What the AWS Load Balancer Controller may do in the account. Pure data, no resources.

The published policy of controller v3.5.0 is the measure of which actions it calls. Here every action that can be is
tied to this cluster's tag, to this VPC or to this account and region. Not granted are the rights for what this
program never asks the controller for: Cognito, WAF, Shield, IPAM, customer-owned addresses, server certificates in
IAM, network balancers, trust stores.
https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
"""

import json
from typing import Any

CLUSTER_TAG = "elbv2.k8s.aws/cluster"

# AWS offers no resource-level permission for these reads:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
READS_WITHOUT_RESOURCE = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "acm:ListCertificates",
)


def controller_policy(region: str, account: str, vpc_id: str, cluster_name: str) -> str:
    """The controller's IAM policy document, as JSON.

    Args:
        region: the AWS region, e.g. `us-west-2`.
        account: the AWS account's number, twelve digits.
        vpc_id: the VPC in which it may make security groups.
        cluster_name: the EKS cluster whose tag its resources carry.
    """
    balancing = f"arn:aws:elasticloadbalancing:{region}:{account}"
    ec2 = f"arn:aws:ec2:{region}:{account}"
    groups, vpc = f"{ec2}:security-group/*", f"{ec2}:vpc/{vpc_id}"
    balancers, target_groups = f"{balancing}:loadbalancer/app/*/*", f"{balancing}:targetgroup/*/*"
    listeners, rules = f"{balancing}:listener/app/*/*/*", f"{balancing}:listener-rule/app/*/*/*"
    made_here = {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}": cluster_name}}
    making = {"StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": cluster_name}}
    in_vpc = {"ArnEquals": {"ec2:Vpc": vpc}}
    statements = [
        _allow("Look", list(READS_WITHOUT_RESOURCE), ["*"]),
        _allow("LookAtGroupsOfVpc", ["ec2:GetSecurityGroupsForVpc"], [vpc]),
        _allow("LookAtCertificates", ["acm:DescribeCertificate"], [f"arn:aws:acm:{region}:{account}:certificate/*"]),
        _allow(
            "ServiceLinkedRole",
            ["iam:CreateServiceLinkedRole"],
            [
                f"arn:aws:iam::{account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/"
                "AWSServiceRoleForElasticLoadBalancing"
            ],
            {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        ),
        _allow("MakeGroups", ["ec2:CreateSecurityGroup"], [vpc]),
        _allow("MakeTaggedGroups", ["ec2:CreateSecurityGroup"], [groups], making),
        _allow(
            "TagNewGroups",
            ["ec2:CreateTags"],
            [groups],
            {"StringEquals": {**making["StringEquals"], "ec2:CreateAction": "CreateSecurityGroup"}},
        ),
        _allow(
            "RetagGroups",
            ["ec2:CreateTags", "ec2:DeleteTags"],
            [groups],
            {**made_here, "Null": {f"aws:RequestTag/{CLUSTER_TAG}": "true"}},
        ),
        _allow("DeleteGroups", ["ec2:DeleteSecurityGroup"], [groups], made_here),
        # The nodes' group, which EKS makes, is not tagged by the controller: its rules are tied to the VPC instead.
        _allow(
            "OpenAndCloseGroups",
            ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            [groups],
            in_vpc,
        ),
        _allow(
            "Make",
            ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"],
            [balancers, target_groups],
            making,
        ),
        _allow(
            "TagNew",
            ["elasticloadbalancing:AddTags"],
            [balancers, target_groups],
            {
                "StringEquals": {
                    **making["StringEquals"],
                    "elasticloadbalancing:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"],
                }
            },
        ),
        _allow(
            "Retag",
            ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            [balancers, target_groups],
            {**made_here, "Null": {f"aws:RequestTag/{CLUSTER_TAG}": "true"}},
        ),
        _allow(
            "Change",
            [
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:SetIpAddressType",
                "elasticloadbalancing:SetSecurityGroups",
                "elasticloadbalancing:SetSubnets",
            ],
            [balancers, target_groups],
            made_here,
        ),
        _allow(
            "Targets",
            ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
            [target_groups],
            made_here,
        ),
        _allow(
            "MakeListeners",
            ["elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateRule"],
            [balancers, listeners],
        ),
        _allow(
            "ChangeListeners",
            [
                "elasticloadbalancing:AddListenerCertificates",
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:DeleteRule",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyListenerAttributes",
                "elasticloadbalancing:ModifyRule",
                "elasticloadbalancing:RemoveListenerCertificates",
                "elasticloadbalancing:RemoveTags",
                "elasticloadbalancing:SetRulePriorities",
            ],
            [listeners, rules],
        ),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(
    sid: str, actions: list[str], resources: list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement
