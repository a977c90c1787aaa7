"""Preflight: the zone's delegation, who may issue certificates, whose the host name is. A real name server answers."""

from typing import Any

import pytest
from dns import query, rcode
from dns.exception import Timeout
from hypothesis import given
from hypothesis import strategies as st

from delivery.aws_tags import BALANCER_GROUP
from delivery.checks.dns_zone import delegation
from delivery.checks.lookup import Lookup, LookupFailedError
from delivery.hosted_zones import plain
from tests.preflight.stage import NameServer, Stage, boto

ZONE, HOST = "example.com", "hello.example.com"
OURS = ("ns-1.awsdns-1.org", "ns-2.awsdns-2.co.uk", "ns-3.awsdns-3.com", "ns-4.awsdns-4.net")


def hosted(stage: Stage, name: str = ZONE, *, reference: str = "1", private: bool = False) -> str:
    """A zone in Route 53, whose name servers are `OURS`."""
    more: Any = {"VPC": {"VPCRegion": "us-west-2", "VPCId": "vpc-1"}} if private else {}
    config = {"PrivateZone": private, "Comment": ""}
    made = boto("route53").create_hosted_zone(Name=name, CallerReference=reference, HostedZoneConfig=config, **more)
    told = {"HostedZone": made["HostedZone"], "DelegationSet": {"NameServers": [f"{each}." for each in OURS]}}
    stage.aws.answers["route53", "GetHostedZone"] = told
    return str(made["HostedZone"]["Id"])


def record(zone: str, kind: str, **values: Any) -> None:
    change = {"Action": "CREATE", "ResourceRecordSet": {"Name": HOST, "Type": kind, **values}}
    boto("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def balancer(group: str) -> str:
    subnets = [each["SubnetId"] for each in boto("ec2").describe_subnets()["Subnets"]][:2]
    tags = [{"Key": BALANCER_GROUP, "Value": group}]
    made = boto("elbv2").create_load_balancer(Name=group, Subnets=subnets, Tags=tags)
    return str(made["LoadBalancers"][0]["DNSName"])


class TestZone:
    def test_a_zone_that_the_account_does_not_have_is_a_failure(self, stage: Stage) -> None:
        hosted(stage, "another-example.com")
        (found,) = stage.ask(stage.site(), "zone")
        assert (found.mark, found.found) == ("fail", "this account has no public zone example.com")

    def test_a_private_zone_of_that_name_is_none(self, stage: Stage) -> None:
        hosted(stage, private=True)
        assert [each.mark for each in stage.ask(stage.site(), "zone")] == ["fail"]

    def test_two_public_zones_of_that_name_are_a_failure(self, stage: Stage) -> None:
        hosted(stage)
        hosted(stage, reference="2")
        (found,) = stage.ask(stage.site(), "zone")
        assert "there are 2 public zones" in found.found

    def test_a_stack_without_a_host_name_is_not_asked_about_one(self, stage: Stage) -> None:
        assert stage.ask(stage.site("dev"), "zone", "CAA", "host name") == []


class TestDelegation:
    def ask(self, stage: Stage) -> Any:
        hosted(stage)
        return stage.ask(stage.site(), "zone")[1]

    def test_a_parent_that_names_the_zones_servers_is_well_in_any_order_and_case(
        self, stage: Stage, dns: NameServer
    ) -> None:
        dns.delegate(ZONE, [each.upper() for each in reversed(OURS)])
        found = self.ask(stage)
        assert (found.mark, found.found) == ("ok", "1 servers of the parent name the zone's 4")

    @pytest.mark.parametrize("servers", [("ns1.registrar.test",), OURS[:3], (*OURS, "ns1.registrar.test"), ()])
    def test_any_other_delegation_is_a_failure_whose_cure_names_the_right_servers(
        self, stage: Stage, dns: NameServer, servers: tuple[str, ...]
    ) -> None:
        dns.delegate(ZONE, servers)
        found = self.ask(stage)
        assert found.mark == "fail"
        assert "ns.parent.test says" in found.found
        assert all(each in found.cure for each in OURS)
        assert ("not delegated" in found.found) == (not servers)

    def test_a_resolver_that_remembers_others_is_warned_of(self, stage: Stage, dns: NameServer) -> None:
        dns.delegate(ZONE, OURS, seen=["old.registrar.test"])
        found = self.ask(stage)
        assert found.mark == "warn"
        assert "old.registrar.test" in found.found

    @pytest.mark.parametrize(("seen", "mark"), [(OURS, "ok"), (("ns1.registrar.test",), "fail"), ((), "unknown")])
    def test_where_the_parent_cannot_be_reached_the_resolver_is_believed(
        self, stage: Stage, dns: NameServer, monkeypatch: pytest.MonkeyPatch, seen: tuple[str, ...], mark: str
    ) -> None:
        def unanswered(*_: Any, **__: Any) -> Any:
            raise Timeout

        dns.delegate(ZONE, OURS, seen=seen)
        monkeypatch.setattr(query, "udp_with_fallback", unanswered)
        assert self.ask(stage).mark == mark

    def test_a_resolver_that_does_not_answer_is_a_line_with_a_cure(self, stage: Stage, dns: NameServer) -> None:
        dns.silent = True
        hosted(stage)
        found, *silent = stage.ask(stage.site(), "zone", "CAA")
        assert (found.asked, found.mark) == ("zone", "ok")
        assert [(each.asked, each.mark) for each in silent] == [("delegation", "unknown"), ("CAA", "unknown")]
        assert all("resolves names" in each.cure for each in silent)

    @given(st.lists(st.sampled_from((*OURS, "a.test", "b.test")), unique=True))
    def test_only_the_very_set_is_well(self, said: list[str]) -> None:
        class Said(Lookup):
            def delegations(self, zone: str) -> dict[str, frozenset[str]]:
                return {"parent": frozenset(said)}

            def name_servers(self, zone: str) -> frozenset[str]:
                return frozenset(said)

        class Site:
            lookup = Said()

        site: Any = Site()
        assert (delegation(site, ZONE, frozenset(OURS)).mark == "ok") == (set(said) == set(OURS))


class TestLookup:
    def test_a_name_that_does_not_exist_has_no_records_and_silence_is_told(self, dns: NameServer) -> None:
        assert dns.lookup.records("nowhere.test", "A") == []
        dns.silent = True
        with pytest.raises(LookupFailedError, match=r"nowhere\.test A"):
            dns.lookup.records("nowhere.test", "A")

    def test_a_server_that_refuses_to_answer_does_not_say_that_a_zone_is_not_delegated(
        self, dns: NameServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dns.known["test", "NS"] = ["ns.parent.test."]
        dns.known["ns.parent.test", "A"] = ["127.0.0.1"]
        asked = query.udp_with_fallback

        def refused(*arguments: Any, **more: Any) -> Any:
            answer, by_tcp = asked(*arguments, **more)
            answer.set_rcode(rcode.REFUSED)
            return answer, by_tcp

        monkeypatch.setattr(query, "udp_with_fallback", refused)
        with pytest.raises(LookupFailedError, match="REFUSED"):
            dns.lookup.delegations("a.test")

    def test_the_parent_of_a_zone_may_be_several_labels_above_it(self, dns: NameServer) -> None:
        dns.known["test", "NS"] = ["ns.parent.test."]
        dns.known["ns.parent.test", "A"] = ["127.0.0.1"]
        dns.own["a.b.test", "NS"] = ["ns.child.test."]
        assert dns.lookup.delegations("a.b.test") == {"ns.parent.test": frozenset({"ns.child.test"})}

    @given(st.text("aB.-1", max_size=30))
    def test_names_are_compared_without_case_and_the_dot_at_the_end(self, name: str) -> None:
        assert plain(f"{name.upper()}.") == plain(name.lower())


class TestCaa:
    def ask(self, stage: Stage, dns: NameServer, **records: list[str]) -> Any:
        for name, rows in records.items():
            dns.known[name.replace("_", "."), "CAA"] = rows
        (found,) = stage.ask(stage.site(), "CAA")
        return found

    def test_no_record_limits_nobody(self, stage: Stage, dns: NameServer) -> None:
        assert self.ask(stage, dns).mark == "ok"

    @pytest.mark.parametrize(
        "issuer", ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com", "Amazon.com; a=b"]
    )
    def test_one_that_names_amazon_is_well(self, stage: Stage, dns: NameServer, issuer: str) -> None:
        assert self.ask(stage, dns, example_com=['0 issue "letsencrypt.org"', f'0 issue "{issuer}"']).mark == "ok"

    @pytest.mark.parametrize("issuer", ["letsencrypt.org", ";", "notamazon.com"])
    def test_one_that_names_others_only_is_a_failure(self, stage: Stage, dns: NameServer, issuer: str) -> None:
        found = self.ask(stage, dns, example_com=[f'0 issue "{issuer}"'])
        assert found.mark == "fail"
        assert 'CAA 0 issue "amazon.com"' in found.cure

    def test_what_is_said_of_wildcards_and_reports_limits_nobody(self, stage: Stage, dns: NameServer) -> None:
        rows = ['0 issuewild ";"', '0 iodef "mailto:a@example.com"']
        assert self.ask(stage, dns, example_com=rows).mark == "ok"

    def test_the_nearest_set_counts(self, stage: Stage, dns: NameServer) -> None:
        found = self.ask(stage, dns, hello_example_com=['0 issue "amazon.com"'], example_com=['0 issue ";"'])
        assert (found.mark, found.found) == ("ok", "hello.example.com lets Amazon issue certificates")


ALIAS = {"HostedZoneId": "Z1H1FL5HABSF5", "EvaluateTargetHealth": True}


class TestHostname:
    def test_one_without_a_record_is_free(self, stage: Stage) -> None:
        hosted(stage)
        (found,) = stage.ask(stage.site(), "host name")
        assert (found.mark, found.found) == ("ok", "hello.example.com is free")

    def test_a_record_of_somebody_else_is_a_failure_that_says_where_it_points(self, stage: Stage) -> None:
        record(hosted(stage), "CNAME", TTL=60, ResourceRecords=[{"Value": "www.elsewhere.test"}])
        (found,) = stage.ask(stage.site(), "host name")
        assert found.mark == "fail"
        assert "CNAME to www.elsewhere.test" in found.found

    @pytest.mark.parametrize(("group", "mark"), [("helloworld-prod", "ok"), ("helloworld-dev", "fail")])
    def test_an_alias_to_the_stacks_own_balancer_is_its_own(self, stage: Stage, group: str, mark: str) -> None:
        alias = {**ALIAS, "DNSName": f"dualstack.{balancer(group)}"}
        record(hosted(stage), "A", AliasTarget=alias)
        assert [each.mark for each in stage.ask(stage.site(), "host name")] == [mark]

    def test_records_that_do_not_stand_in_the_way_do_not_count(self, stage: Stage) -> None:
        record(hosted(stage), "TXT", TTL=60, ResourceRecords=[{"Value": '"x"'}])
        assert [each.mark for each in stage.ask(stage.site(), "host name")] == ["ok"]

    @pytest.mark.parametrize(
        ("routing", "identifier", "mark"),
        [
            ("simple", "prod-eu-latency", "fail"),
            ("latency", "prod-eu-latency", "ok"),
            ("latency", "prod-latency", "fail"),
        ],
    )
    def test_regions_share_a_name_only_by_records_with_a_policy(
        self, stage: Stage, routing: str, identifier: str, mark: str
    ) -> None:
        alias = {**ALIAS, "DNSName": "k8s-other.eu-west-1.elb.amazonaws.com"}
        record(hosted(stage), "A", AliasTarget=alias, SetIdentifier=identifier, Region="eu-west-1")
        assert [each.mark for each in stage.ask(stage.site(late={"routing": routing}), "host name")] == [mark]
