"""Preflight: quotas, instance types, names that are taken, and networks that clash."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.aws_tags import BALANCER_GROUP
from delivery.checks.quotas import QUOTAS, Quota, judged
from tests.preflight.stage import ACCOUNT, DEPLOYER, Stage, boto, error

OWN = [{"Key": "project", "Value": "helloworld"}, {"Key": "stack", "Value": "prod"}]
DEVS = [{"Key": "project", "Value": "helloworld"}, {"Key": "stack", "Value": "dev"}]


def ec2() -> Any:
    return boto("ec2")


def tag(*ids: str, tags: Any = OWN) -> None:
    ec2().create_tags(Resources=list(ids), Tags=tags)


class TestQuotas:
    def limits(self, stage: Stage, **values: float) -> None:
        by_code = {code.replace("_", "-"): value for code, value in values.items()}

        def quota(asked: Mapping[str, Any]) -> Any:
            return {"Quota": {"Value": by_code.get(asked["QuotaCode"], 100.0)}}

        stage.aws.answers["service-quotas", "GetServiceQuota"] = quota

    def test_what_others_have_and_what_the_plan_makes_must_fit(self, stage: Stage) -> None:
        for _ in range(3):
            ec2().allocate_address(Domain="vpc")
        self.limits(stage, L_0263D0A3=6)
        (fits,) = stage.ask(stage.site(), "quota: elastic addresses")
        assert (fits.mark, fits.found) == ("ok", "3 of others and 3 of this stack, of 6")
        self.limits(stage, L_0263D0A3=5)
        (full,) = stage.ask(stage.site(), "quota: elastic addresses")
        assert full.mark == "fail"
        assert "--service-code ec2 --quota-code L-0263D0A3 --desired-value 6 --region us-west-2" in full.cure

    def test_what_the_stack_has_already_is_not_counted_twice(self, stage: Stage) -> None:
        made = [ec2().allocate_address(Domain="vpc")["AllocationId"] for _ in range(3)]
        tag(*made)
        self.limits(stage, L_0263D0A3=3)
        (found,) = stage.ask(stage.site(), "quota: elastic addresses")
        assert (found.mark, found.found) == ("ok", "0 of others and 3 of this stack, of 3")
        tag(*made, tags=DEVS)
        assert stage.ask(stage.site(), "quota: elastic addresses")[0].mark == "fail"

    def test_an_account_that_never_asked_for_more_has_awss_default(self, stage: Stage) -> None:
        stage.aws.answers["service-quotas", "GetServiceQuota"] = error("NoSuchResourceException")
        stage.aws.answers["service-quotas", "GetAWSDefaultServiceQuota"] = {"Quota": {"Value": 1.0}}
        (found,) = stage.ask(stage.site(), "quota: VPCs")
        assert (found.mark, found.found) == ("fail", "1 of others and 1 of this stack, of 1")

    def test_gateways_are_counted_in_the_zone_where_least_is_left(self, stage: Stage) -> None:
        subnets = ec2().describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-west-2b"]}])["Subnets"]
        ec2().create_nat_gateway(SubnetId=subnets[0]["SubnetId"], ConnectivityType="private")
        self.limits(stage, L_FE5A380F=1)
        (found,) = stage.ask(stage.site(), "quota: NAT gateways in a zone")
        assert (found.mark, found.found) == ("fail", "1 of others and 1 of this stack, of 1 in us-west-2b")

    def test_a_gateway_that_is_being_deleted_still_counts(self, stage: Stage) -> None:
        (subnet,) = ec2().describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-west-2b"]}])["Subnets"]

        def gateways(asked: Mapping[str, Any]) -> Any:
            (states,) = asked["Filter"]
            going = {"State": "deleting", "SubnetId": subnet["SubnetId"]}
            return {"NatGateways": [going] if going["State"] in states["Values"] else []}

        stage.aws.answers["ec2", "DescribeNatGateways"] = gateways
        self.limits(stage, L_FE5A380F=1)
        (found,) = stage.ask(stage.site(), "quota: NAT gateways in a zone")
        assert (found.mark, found.found) == ("fail", "1 of others and 1 of this stack, of 1 in us-west-2b")

    def test_a_balancer_of_the_stacks_own_group_is_not_anothers(self, stage: Stage) -> None:
        subnets = [each["SubnetId"] for each in ec2().describe_subnets()["Subnets"]][:2]
        elb = boto("elbv2")
        for name, group in (("mine", "helloworld-prod"), ("other", "helloworld-dev")):
            tags = [{"Key": BALANCER_GROUP, "Value": group}]
            elb.create_load_balancer(Name=name, Subnets=subnets, Type="application", Tags=tags)
        elb.create_load_balancer(Name="network", Subnets=subnets, Type="network")
        (found,) = stage.ask(stage.site(), "quota: application load balancers")
        assert (found.mark, found.found) == ("ok", "1 of others and 1 of this stack, of 100")

    def test_every_quota_of_which_a_whole_production_stack_takes_something_is_asked(self, stage: Stage) -> None:
        found = stage.ask(stage.site(), *(f"quota: {each.quota.what}" for each in QUOTAS))
        assert [each.asked for each in found] == [f"quota: {each.quota.what}" for each in QUOTAS]
        assert {each.mark for each in found} == {"ok"}

    def test_what_the_plan_does_not_make_is_not_asked(self, stage: Stage) -> None:
        assert stage.ask(stage.site("dev"), "quota: databases") == []
        assert ("rds", "DescribeDBInstances") not in {each[:2] for each in stage.aws.asked}

    @given(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 2000))
    def test_it_fails_exactly_if_it_does_not_fit(self, used: int, wanted: int, limit: int) -> None:
        found = judged(Quota("things", "ec2", "L-1"), "us-west-2", float(limit), {"": wanted}, {"": used})
        assert (found.mark == "ok") == (used + wanted <= limit)
        assert (f"--desired-value {used + wanted}" in found.cure) == (found.mark == "fail")


class TestInstances:
    def offers(self, stage: Stage, *places: str, kind: str = "m7g.large") -> None:
        rows = [{"InstanceType": kind, "Location": f"us-west-2{each}"} for each in places]
        stage.aws.answers["ec2", "DescribeInstanceTypeOfferings"] = {"InstanceTypeOfferings": rows}

    def test_a_type_that_no_zone_offers_is_a_failure(self, stage: Stage) -> None:
        self.offers(stage)
        found = stage.ask(stage.site(), "instance types")
        assert "fail" in {each.mark for each in found}
        assert "m7g.large is offered in none of the zones" in found[0].found

    def test_a_zone_that_offers_none_of_the_types_is_a_failure(self, stage: Stage) -> None:
        self.offers(stage, "a", "b")
        (found,) = stage.ask(stage.site(), "instance types")
        assert (found.mark, found.found) == ("fail", "none of m7g.large is offered in us-west-2c")

    def test_one_of_several_types_that_a_zone_lacks_is_warned_of(self, stage: Stage) -> None:
        kinds = stage.planned("dev").of("aws:eks/nodeGroup:NodeGroup")[0].inputs["instanceTypes"]
        assert len(kinds) > 1
        rows = [{"InstanceType": kind, "Location": f"us-west-2{zone}"} for kind in kinds for zone in "ab"]
        stage.aws.answers["ec2", "DescribeInstanceTypeOfferings"] = {"InstanceTypeOfferings": rows[:-1]}
        (found,) = stage.ask(stage.site("dev"), "instance types")
        assert (found.mark, found.found) == ("warn", f"not offered: {kinds[-1]} in us-west-2b")

    def test_those_that_are_offered_everywhere_are_well(self, stage: Stage) -> None:
        (found,) = stage.ask(stage.site(), "instance types")
        assert (found.mark, found.found) == ("ok", "m7g.large (arm64) in us-west-2a, us-west-2b, us-west-2c")

    def test_a_type_of_another_architecture_is_a_failure(self, stage: Stage) -> None:
        row = {"InstanceType": "m7g.large", "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}}
        stage.aws.answers["ec2", "DescribeInstanceTypes"] = {"InstanceTypes": [row]}
        (found,) = stage.ask(stage.site(), "instance types")
        assert (found.mark, found.found) == ("fail", "m7g.large is not arm64")

    def test_the_most_nodes_must_fit_into_the_vcpus_besides_what_others_run(self, stage: Stage) -> None:
        running = {
            "InstanceType": "c5.xlarge",
            "State": {"Name": "running"},
            "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 2},
        }
        spot, own = {**running, "InstanceLifecycle": "spot"}, {**running, "Tags": OWN}
        graphics = {**running, "InstanceType": "g5.xlarge"}
        instances = [running, spot, own, graphics]
        stage.aws.answers["ec2", "DescribeInstances"] = {"Reservations": [{"Instances": instances}]}
        stage.aws.answers["service-quotas", "GetServiceQuota"] = {"Quota": {"Value": 15.0}}
        (found,) = stage.ask(stage.site(), "quota: vCPUs")
        assert found.found == "4 of others and 12 of this stack, of 15"
        assert found.mark == "fail"
        assert "L-1216C47A" in found.cure

    def test_spot_nodes_have_a_quota_of_their_own(self, stage: Stage) -> None:
        stage.aws.answers["service-quotas", "GetServiceQuota"] = {"Quota": {"Value": 0.0}}
        (found,) = stage.ask(stage.site("dev"), "quota: vCPUs")
        assert found.mark == "fail"
        assert "L-34B43A08" in found.cure


class TestDatabase:
    def ask(self, stage: Stage, version: str, letters: str, changes: Mapping[str, str] | None = None) -> Any:
        zones = [{"Name": f"us-west-2{letter}"} for letter in letters]
        rows = [{"EngineVersion": version, "AvailabilityZones": zones}]
        stage.aws.answers["rds", "DescribeOrderableDBInstanceOptions"] = {"OrderableDBInstanceOptions": rows}
        (found,) = stage.ask(stage.site(changes=changes), "database type")
        return found

    def test_a_database_with_a_standby_needs_two_of_the_stacks_zones_and_one_without_one(self, stage: Stage) -> None:
        assert self.ask(stage, "18.1", "ac").mark == "ok"
        assert self.ask(stage, "18.1", "ad").mark == "fail"
        assert self.ask(stage, "18.1", "ad", {"databaseMultiZone": "false"}).mark == "ok"

    def test_another_major_version_is_another_offer(self, stage: Stage) -> None:
        assert self.ask(stage, "17.6", "abc").mark == "fail"

    def test_a_stack_without_one_is_not_asked(self, stage: Stage) -> None:
        assert stage.ask(stage.site("dev"), "database type") == []


class TestNames:
    def test_a_free_name_is_well_and_anothers_is_a_failure(self, stage: Stage) -> None:
        (free,) = stage.ask(stage.site(), "names: registry")
        assert (free.mark, free.found) == ("ok", "helloworld-prod: free")
        boto("ecr").create_repository(repositoryName="helloworld-prod", tags=DEVS)
        (taken,) = stage.ask(stage.site(), "names: registry")
        assert taken.mark == "fail"
        assert "stack=dev" in taken.found

    def test_the_stacks_own_is_no_clash_when_it_is_asked_again(self, stage: Stage) -> None:
        boto("ecr").create_repository(repositoryName="helloworld-prod", tags=OWN)
        logs = boto("logs")
        logs.create_log_group(logGroupName="/aws/eks/helloworld-prod/cluster", tags={x["Key"]: x["Value"] for x in OWN})
        eks = boto("eks")
        subnets = [each["SubnetId"] for each in ec2().describe_subnets()["Subnets"]]
        eks.create_cluster(
            name="helloworld-prod",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
            resourcesVpcConfig={"subnetIds": subnets},
            tags={x["Key"]: x["Value"] for x in OWN},
        )
        rds = boto("rds")
        rds.create_db_instance(
            DBInstanceIdentifier="helloworld-prod", DBInstanceClass="db.t4g.micro", Engine="postgres", Tags=OWN
        )
        whole = ("registry", "log groups", "cluster", "database")
        found = stage.ask(stage.site(), *(f"names: {each}" for each in whole), "quota: clusters", "quota: databases")
        assert {each.mark for each in found} == {"ok"}
        names = [each for each in found if each.asked.startswith("names")]
        assert len(names) == len(whole)
        assert all("this stack's own" in each.found for each in names)
        assert all(each.found.startswith("0 of others") for each in found if each.asked.startswith("quota"))

    def test_a_log_group_that_was_left_behind_is_a_failure_and_a_longer_name_is_not(self, stage: Stage) -> None:
        logs = boto("logs")
        logs.create_log_group(logGroupName="/aws/eks/helloworld-dev/cluster-2")
        assert [each.mark for each in stage.ask(stage.site("dev"), "names: log groups")] == ["ok"]
        logs.create_log_group(logGroupName="/aws/eks/helloworld-dev/cluster")
        (found,) = stage.ask(stage.site("dev"), "names: log groups")
        assert found.mark == "fail"
        assert "pulumi import" in found.cure

    def test_a_cache_of_that_name_is_looked_at_by_its_tags(self, stage: Stage) -> None:
        (free,) = stage.ask(stage.site(), "names: cache")
        assert (free.mark, free.found) == ("ok", "helloworld-prod: free")
        found = {"ServerlessCaches": [{"ARN": "arn:aws:elasticache:us-west-2:1:serverlesscache:helloworld-prod"}]}
        stage.aws.answers["elasticache", "DescribeServerlessCaches"] = found
        for tags, mark in ((OWN, "ok"), (DEVS, "fail"), ([], "fail")):
            stage.aws.answers["elasticache", "ListTagsForResource"] = {"TagList": tags}
            assert [each.mark for each in stage.ask(stage.site(), "names: cache")] == [mark]


class TestNetworks:
    def vpc(self, cidr: str) -> str:
        return str(ec2().create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])

    def peering(self, stage: Stage, vpc: str) -> None:
        pair = {"Status": {"Code": "active"}, "RequesterVpcInfo": {"VpcId": vpc}, "AccepterVpcInfo": {"VpcId": "vpc-x"}}
        stage.aws.answers["ec2", "DescribeVpcPeeringConnections"] = {"VpcPeeringConnections": [pair]}

    def test_a_connected_vpc_of_the_same_addresses_is_warned_of(self, stage: Stage) -> None:
        vpc = self.vpc("10.1.0.0/20")
        (alone,) = stage.ask(stage.site(), "networks")
        assert alone.mark == "ok"
        self.peering(stage, vpc)
        (found,) = stage.ask(stage.site(), "networks")
        assert found.mark == "warn"
        assert f"{vpc} (10.1.0.0/20), which has a peering" in found.found
        tag(vpc)
        assert stage.ask(stage.site(), "networks")[0].mark == "ok"

    def test_a_transit_gateway_connects_as_well(self, stage: Stage) -> None:
        attached = {"State": "available", "VpcId": self.vpc("10.1.128.0/20")}
        stage.aws.answers["ec2", "DescribeTransitGatewayVpcAttachments"] = {"TransitGatewayVpcAttachments": [attached]}
        (found,) = stage.ask(stage.site(), "networks")
        assert (found.mark, "a transit gateway" in found.found) == ("warn", True)

    def late(self, vpc: str, cidr: str, *tables: str) -> dict[str, str]:
        return {"peerVpc": vpc, "peerCidr": cidr, "peerRouteTables": json.dumps(list(tables))}

    def test_the_peer_must_be_there_with_that_network(self, stage: Stage) -> None:
        vpc = self.vpc("10.50.0.0/16")
        table = ec2().describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        good = stage.ask(stage.site(late=self.late(vpc, "10.50.0.0/16", table["RouteTableId"])), "peer VPC")
        assert [(each.asked, each.mark) for each in good] == [("peer VPC", "ok"), ("peer route tables", "ok")]
        known = table["RouteTableId"]
        other, _ = stage.ask(stage.site(late=self.late(vpc, "10.51.0.0/16", known)), "peer VPC")
        assert other.mark == "fail"
        assert "10.50.0.0/16, not 10.51.0.0/16" in other.found
        (absent,) = stage.ask(stage.site(late=self.late(f"vpc-{'0' * 17}", "10.51.0.0/16", known)), "peer VPC")
        assert absent.mark == "fail"
        assert "does not exist" in absent.found

    def test_the_role_that_bootstrap_makes_needs_the_peers_consent(self, stage: Stage) -> None:
        vpc = self.vpc("10.50.0.0/16")
        table = ec2().create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        site = stage.site(late={**self.late(vpc, "10.50.0.0/16", table), "deployRole": DEPLOYER})
        (_, asked, _) = stage.ask(site, "peer VPC")
        assert (asked.asked, asked.mark) == ("peer's consent", "warn")
        assert f"--resources {vpc} {table} --tags Key=helloworld-peering,Value=prod --region us-west-2" in asked.cure
        ec2().create_tags(Resources=[vpc, table], Tags=[{"Key": "helloworld-peering", "Value": "prod"}])
        assert [each.mark for each in stage.ask(site, "peer VPC")] == ["ok", "ok", "ok"]

    def test_a_second_network_of_the_peer_that_overlaps_ours_is_a_failure(self, stage: Stage) -> None:
        vpc = self.vpc("10.50.0.0/16")
        ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/20")
        table = ec2().create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        found, _ = stage.ask(stage.site(late=self.late(vpc, "10.50.0.0/16", table)), "peer VPC")
        assert found.mark == "fail"
        assert f"overlaps networkCidr {IPv4Network('10.1.0.0/16')}" in found.found

    def test_a_route_table_of_another_vpc_or_with_such_a_route_already_is_a_failure(self, stage: Stage) -> None:
        vpc, other = self.vpc("10.50.0.0/16"), self.vpc("10.60.0.0/16")
        client = ec2()
        foreign = client.create_route_table(VpcId=other)["RouteTable"]["RouteTableId"]
        found = stage.ask(stage.site(late=self.late(vpc, "10.50.0.0/16", foreign, f"rtb-{'0' * 17}")), "peer VPC")
        assert [each.mark for each in found] == ["ok", "fail"]
        assert f"{foreign} is not of {vpc}" in found[1].found
        assert "does not exist" in found[1].found
        table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        client.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
        client.create_route(RouteTableId=table, DestinationCidrBlock="10.1.0.0/16", GatewayId=gateway)
        found = stage.ask(stage.site(late=self.late(vpc, "10.50.0.0/16", table)), "peer VPC")
        assert [each.mark for each in found] == ["ok", "fail"]


class TestImages:
    DIGEST = f"sha256:{'0' * 64}"
    PLACE = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/shared"

    def test_an_image_that_is_named_by_digest_must_be_there(self, stage: Stage) -> None:
        ecr = boto("ecr")
        site = stage.site(late={"imageFrom": f"{self.PLACE}@{self.DIGEST}"})
        assert [each.mark for each in stage.ask(site, "image")] == ["fail"]
        ecr.create_repository(repositoryName="shared")
        assert [each.mark for each in stage.ask(site, "image")] == ["fail"]
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {"digest": "x", "size": 1}}
        )
        made = ecr.put_image(repositoryName="shared", imageManifest=manifest, imageTag="a")
        digest = made["image"]["imageId"]["imageDigest"]
        assert [each.mark for each in stage.ask(stage.site(late={"image": f"{self.PLACE}@{digest}"}), "image")] == [
            "ok"
        ]

    def test_one_that_is_not_in_ecr_is_not_asked_for(self, stage: Stage) -> None:
        site = stage.site(late={"image": f"ghcr.io/team/hello@{self.DIGEST}"})
        assert [each.mark for each in stage.ask(site, "image")] == ["skipped"]

    def test_a_stack_without_an_image_to_promote_yet_is_warned_of(self, stage: Stage) -> None:
        (found,) = stage.ask(stage.site(), "image")
        assert (found.mark, found.found) == ("warn", "stack dev has no image to promote yet")
        assert stage.ask(stage.site("dev"), "image") == []


class TestChat:
    @pytest.mark.parametrize(("there", "mark"), [("T0123456789", "ok"), ("T1", "fail")])
    def test_aws_must_have_been_let_into_the_workspace(self, stage: Stage, there: str, mark: str) -> None:
        stage.aws.answers["chatbot", "DescribeSlackWorkspaces"] = {"SlackWorkspaces": [{"SlackTeamId": there}]}
        late = {"alertSlackWorkspace": "T0123456789", "alertSlackChannel": "C0123456789"}
        assert [each.mark for each in stage.ask(stage.site(late=late), "Slack workspace")] == [mark]


class TestReference:
    def test_a_stack_on_anothers_cluster_is_asked_what_it_makes_itself(self, stage: Stage) -> None:
        changes = {"platform": "reference", "platformStack": "dev"}
        found = {each.asked for each in stage.ask(stage.site("local", changes))}
        assert {"names: registry", "platform", "quota: application load balancers", "state", "region"} <= found
        kinds = ("VPCs", "clusters", "elastic", "NAT", "vCPUs", "zones", "add-ons", "Kubernetes", "networks")
        assert not [each for each in found if each.removeprefix("quota: ").startswith(kinds)]

    def test_the_cluster_that_a_stack_stands_on_must_be_there(self, stage: Stage) -> None:
        late = {"platform": "reference", "platformStack": "dev"}
        site = stage.site("local", late=late)
        (found,) = stage.ask(site, "platform")
        assert (found.mark, found.found) == ("fail", "stack dev has no cluster helloworld-dev in us-west-2")
        stage.aws.answers["eks", "DescribeCluster"] = {"cluster": {"status": "ACTIVE"}}
        assert [each.mark for each in stage.ask(site, "platform")] == ["ok"]
