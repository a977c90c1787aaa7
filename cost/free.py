"""What costs nothing by itself, and why that is known."""

from collections.abc import Mapping

OF_PROGRAM = "the program's own grouping"
IN_CLUSTER = "an entry in the cluster; its pods run on the nodes, which are priced"
OF_NETWORK = "part of a VPC: https://aws.amazon.com/vpc/pricing/"
OF_IAM = "IAM is free: https://aws.amazon.com/iam/faqs/"
OF_CLUSTER = "part of the cluster"
OF_DATA = "part of the database or the cache"
OF_TOPIC = "a thousand e-mails and a hundred thousand calls a month are free: https://aws.amazon.com/sns/pricing/"

# Of types with these beginnings, all.
BEGINNINGS: Mapping[str, str] = {
    "helloworld:": OF_PROGRAM,
    "eks:index:": OF_PROGRAM,
    "pulumi:": OF_PROGRAM,
    "docker:": "made where the program runs",
    "aws:iam/": OF_IAM,
    "kubernetes:rbac.authorization.k8s.io/": IN_CLUSTER,
    "kubernetes:admissionregistration.k8s.io/": IN_CLUSTER,
    "kubernetes:autoscaling/": IN_CLUSTER,
    "kubernetes:policy/": IN_CLUSTER,
    "kubernetes:apps/": IN_CLUSTER,
}
TYPES: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": "public certificates are free: https://aws.amazon.com/certificate-manager/pricing/",
    "aws:acm/certificateValidation:CertificateValidation": "a wait",
    "aws:budgets/budget:Budget": "budgets that only tell are free: https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/",
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "free: https://aws.amazon.com/chatbot/pricing/",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": OF_NETWORK,
    "aws:ec2/flowLog:FlowLog": "its log group is priced",
    "aws:ec2/internetGateway:InternetGateway": OF_NETWORK,
    "aws:ec2/launchTemplate:LaunchTemplate": "the nodes made of it are priced",
    "aws:ec2/route:Route": OF_NETWORK,
    "aws:ec2/routeTable:RouteTable": OF_NETWORK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": OF_NETWORK,
    "aws:ec2/securityGroup:SecurityGroup": OF_NETWORK,
    "aws:ec2/subnet:Subnet": OF_NETWORK,
    "aws:ec2/vpc:Vpc": OF_NETWORK,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "part of the repository",
    "aws:eks/accessEntry:AccessEntry": OF_CLUSTER,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": OF_CLUSTER,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": OF_CLUSTER,
    "aws:elasticache/user:User": OF_DATA,
    "aws:elasticache/userGroup:UserGroup": OF_DATA,
    "aws:rds/parameterGroup:ParameterGroup": OF_DATA,
    "aws:rds/subnetGroup:SubnetGroup": OF_DATA,
    # The zone is not the stack's: 0.50 a month, and 0.40 for a million queries.
    "aws:route53/record:Record": "records are part of their zone, which is yours: https://aws.amazon.com/route53/pricing/",
    "aws:sns/topic:Topic": OF_TOPIC,
    "aws:sns/topicPolicy:TopicPolicy": OF_TOPIC,
    "aws:sns/topicSubscription:TopicSubscription": OF_TOPIC,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": OF_NETWORK,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": OF_NETWORK,
    "kubernetes:core/v1:ConfigMap": IN_CLUSTER,
    "kubernetes:core/v1:ConfigMapPatch": IN_CLUSTER,
    "kubernetes:core/v1:LimitRange": IN_CLUSTER,
    "kubernetes:core/v1:Namespace": IN_CLUSTER,
    "kubernetes:core/v1:ResourceQuota": IN_CLUSTER,
    "kubernetes:core/v1:Secret": IN_CLUSTER,
    "kubernetes:core/v1:ServiceAccount": IN_CLUSTER,
    "kubernetes:helm.sh/v3:Release": IN_CLUSTER,
    "kubernetes:keda.sh/v1alpha1:TriggerAuthentication": IN_CLUSTER,
    "kubernetes:networking.k8s.io/v1:IngressClass": IN_CLUSTER,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": IN_CLUSTER,
}


def why_free(type_: str) -> str | None:
    """Why resources of that type cost nothing by themselves; None if they may."""
    beginning = next((why for beginning, why in BEGINNINGS.items() if type_.startswith(beginning)), None)
    return TYPES.get(type_, beginning)
