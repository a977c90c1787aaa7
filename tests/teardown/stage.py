"""Dev and prod deployed by a fake engine into the account, and `make destroy` called on them."""

from typing import Any

from delivery.teardown.ec2_kinds import GROUP, INTERFACE
from tests.delivery_stage import OLD, Done, Stage, runs
from tests.fake_pulumi import update
from tests.teardown.account import OWN, Account, pairs, specified

ON_DEV = {"helloworld:platform": "reference", "helloworld:platformStack": "dev"}
URN = "urn:pulumi:dev::helloworld::"
CLUSTER = {"urn": f"{URN}aws:eks/cluster:Cluster::cluster", "type": "aws:eks/cluster:Cluster", "inputs": {}}
INGRESS = {
    "urn": f"{URN}kubernetes:x:Ingress::ingress",
    "type": "kubernetes:networking.k8s.io/v1:Ingress",
    "inputs": {},
}
RECORD = {"urn": f"{URN}aws:route53/record:Record::record", "type": "aws:route53/record:Record", "inputs": {}}
REPOSITORY = {
    "urn": f"{URN}aws:ecr/repository:Repository::images",
    "type": "aws:ecr/repository:Repository",
    "inputs": {"forceDelete": False},
    "outputs": {"forceDelete": False},
}
DATABASE = {
    "urn": f"{URN}aws:rds/instance:Instance::database",
    "type": "aws:rds/instance:Instance",
    "inputs": {
        "identifier": "helloworld-prod",
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "helloworld-prod-final",
    },
}


def state(stage: Stage, stack: str, *resources: dict[str, Any]) -> None:
    stacks = stage.pulumi.state["stacks"]
    stacks[stack]["deployment"] = {"resources": list(resources)}
    stage.pulumi.change(stacks=stacks)


def review(stage: Stage, number: int) -> None:
    stage.pulumi.stack(f"pr-{number}", {}, [update("review", ON_DEV)])


def prod(stage: Stage) -> None:
    runs(stage, "prod", OLD)
    stage.setting("prod", protect=True)
    state(stage, "prod", CLUSTER, REPOSITORY, DATABASE)


def lingering(account: Account) -> None:
    """Each kind that a tear-down deletes: the controller's, the CNI's, and the log group that EKS makes anew."""
    ec2, elb, tags = account.boto("ec2"), account.boto("elbv2"), {"elbv2.k8s.aws/cluster": "helloworld-dev", **OWN}
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    elb.create_target_group(Name="k8s-hello", Protocol="HTTP", Port=80, VpcId=vpc, Tags=pairs(tags))
    elb.create_load_balancer(Name="k8s-hello", Subnets=[subnet], Tags=pairs(tags))
    ec2.create_security_group(
        GroupName="k8s-hello", Description="k8s", VpcId=vpc, TagSpecifications=specified(GROUP, tags)
    )
    of_the_cni = {"cluster.k8s.amazonaws.com/name": "helloworld-dev"}
    ec2.create_network_interface(SubnetId=subnet, TagSpecifications=specified(INTERFACE, of_the_cni))
    account.boto("logs").create_log_group(logGroupName="/aws/eks/helloworld-dev/cluster")


def destroy(stage: Stage, stack: str = "dev", *more: str) -> Done:
    return stage.run("destroy", "--stack", stack, *more)


def emptied(stage: Stage, stack: str = "dev") -> bool:
    return not stage.pulumi.state["stacks"][stack]["resources"]


def untouched(stage: Stage, account: Account) -> bool:
    verbs = ("destroy", "import", "rm", "up", "cancel")
    words = {each for call in stage.pulumi.calls for each in call["argv"][:5] if each in verbs}
    return not words and not account.changes
