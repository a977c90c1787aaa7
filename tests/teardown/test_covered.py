"""Everything that a stack makes in AWS is looked for once it is destroyed, or is named here with the reason why not."""

from delivery.teardown.ec2_kinds import KINDS
from delivery.teardown.questions import QUESTIONS
from offline import stackfile
from offline.plan import Plan
from offline.references import evaluate_with_references
from tests.conftest import PROJECT
from tests.policy_stacks import EVERYTHING, planned
from tests.sight import WHOLE

# Type to the kind in EC2's tags, the service and the kind in an ARN, or the look that finds it.
LOOKED_FOR: dict[str, str | tuple[str, str]] = {
    "aws:acm/certificate:Certificate": ("acm", "certificate"),
    "aws:budgets/budget:Budget": ("budgets", "budget"),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": ("chatbot", "chat-configuration"),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch", "dashboard"),
    "aws:cloudwatch/logGroup:LogGroup": "look_at_log_groups",
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "alarm"),
    "aws:ec2/eip:Eip": "elastic-ip",
    "aws:ec2/flowLog:FlowLog": "vpc-flow-log",
    "aws:ec2/internetGateway:InternetGateway": "internet-gateway",
    "aws:ec2/launchTemplate:LaunchTemplate": "launch-template",
    "aws:ec2/natGateway:NatGateway": "natgateway",
    "aws:ec2/routeTable:RouteTable": "route-table",
    "aws:ec2/securityGroup:SecurityGroup": "security-group",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpc-endpoint",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "vpc-peering-connection",
    "aws:ecr/repository:Repository": ("ecr", "repository"),
    "aws:eks/cluster:Cluster": ("eks", "cluster"),
    "aws:elasticache/serverlessCache:ServerlessCache": ("elasticache", "serverlesscache"),
    "aws:elasticache/user:User": ("elasticache", "user"),
    "aws:elasticache/userGroup:UserGroup": ("elasticache", "usergroup"),
    "aws:iam/role:Role": "look_at_roles",
    "aws:kms/key:Key": ("kms", "key"),
    "aws:rds/instance:Instance": ("rds", "db"),
    "aws:rds/parameterGroup:ParameterGroup": ("rds", "pg"),
    "aws:rds/subnetGroup:SubnetGroup": ("rds", "subgrp"),
    "aws:route53/healthCheck:HealthCheck": ("route53", "healthcheck"),
    "aws:route53/record:Record": "look_at_records",
    "aws:sns/topic:Topic": ("sns", ""),
}
# What goes with what it belongs to.
PARTS = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:eks/addon:Addon",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
# Told in docs/operations.md, too.
NOT_LOOKED_FOR = {"aws:ec2/route:Route": "route tables of a peer"}


def whole() -> Plan:
    """prod with everything that settings turn on."""
    peer = {"peerVpc": "vpc-0123456789abcdef0", "peerCidr": "10.99.0.0/16"}
    more = {**EVERYTHING, **WHOLE, **peer, "routing": "primary", "peerRouteTables": '["rtb-0123456789abcdef0"]'}
    config = {**stackfile.load(PROJECT, "prod").config, **{f"helloworld:{key}": value for key, value in more.items()}}
    return evaluate_with_references(PROJECT, "prod", config)


def test_every_type_of_thing_in_aws_is_looked_for_or_named_as_not() -> None:
    made = {each.type for plan in (whole(), planned("pr-7"), planned("dev")) for each in plan.resources}
    known = {*LOOKED_FOR, *PARTS, *NOT_LOOKED_FOR}
    assert {each for each in made if each.startswith("aws:")} - known == set()
    assert known - made <= {"aws:eks/accessPolicyAssociation:AccessPolicyAssociation"}
    for how in LOOKED_FOR.values():
        assert how in QUESTIONS or how in KINDS or str(how).startswith("look_at_")
    told = " ".join((PROJECT / "docs/operations.md").read_text("utf-8").split())
    assert [each for each in NOT_LOOKED_FOR.values() if each not in told.partition("Not looked for: ")[2][:300]] == []
