"""Versions against the days on which their support ends."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import addons
from offline.__main__ import WRONG_USAGE, main
from offline.plan import Plan
from policy import rules, support
from policy.model import DayError, the_day
from policy.version_rules import NOTICE
from tests.policy_changes import ADDON, CLUSTER, DATABASE, NODES
from tests.policy_stacks import check, found

CLUSTER_OF = {"version": "1.35", "upgradePolicy": {"supportType": "STANDARD"}}
VERSION_RULES = [rule for rule in rules.RULES if rule.name.startswith("version-")]
END = support.KUBERNETES["1.35"]


def judged(today: date, stack: str = "dev") -> dict[str, str]:
    return found(CLUSTER, CLUSTER_OF, stack, rules=VERSION_RULES, today=today)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sampled_from(["dev", "prod"]))
def test_a_version_is_advised_against_before_its_support_ends_and_refused_from_that_day(day: date, stack: str) -> None:
    assert END is not None
    if day >= END:
        assert judged(day, stack) == {"version-in-support": "mandatory"}
    elif day >= END - NOTICE:
        assert judged(day, stack) == {"version-ends-soon": "advisory"}
    else:
        assert judged(day, stack) == {}


def test_the_days_around_the_end_are_told_apart() -> None:
    assert END is not None
    assert judged(END - timedelta(days=1)) == {"version-ends-soon": "advisory"}
    assert judged(END) == {"version-in-support": "mandatory"}
    assert judged(END - NOTICE - timedelta(days=1)) == {}


def test_production_is_refused_on_the_day_its_kubernetes_is_out_of_support(prod: Plan) -> None:
    assert END is not None
    refused = {each.urn.split("::")[-1] for each in check(prod.resources, "prod", today=END)}
    assert refused == {"helloworld-cluster-eks-eksCluster", "helloworld-nodes-group", "helloworld-cluster-kube-proxy"}


def test_each_kubernetes_version_that_can_be_asked_for_has_the_day_on_which_its_support_ends() -> None:
    assert addons.VERSIONS.keys() <= support.KUBERNETES.keys()


@pytest.mark.parametrize("kubernetes", addons.VERSIONS)
def test_the_pinned_add_ons_are_in_support_and_of_their_kubernetes_version(kubernetes: str) -> None:
    versions = addons.VERSIONS[kubernetes]
    assert versions["kube-proxy"].startswith(f"v{kubernetes}.")
    for name, version in versions.items():
        assert found(ADDON, {"addonName": name, "addonVersion": version}, rules=VERSION_RULES) == {}


def test_the_ends_are_days_in_the_order_of_the_versions() -> None:
    for ends in (support.KUBERNETES, support.POSTGRES):
        days = [end for end in ends.values() if end is not None]
        assert days
        assert days == sorted(days)


@pytest.mark.parametrize("version", ["18", "18.1", "17.4", 18.0])
def test_a_minor_version_of_the_database_is_judged_by_its_major(version: object) -> None:
    inputs = {"engine": "postgres", "engineVersion": version}
    standard = {"engineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    assert found(DATABASE, {**inputs, **standard}, rules=VERSION_RULES) == {}


def test_a_database_is_judged_by_the_end_of_rds_support_not_of_the_community() -> None:
    inputs = {"engine": "postgres", "engineVersion": "14.20"}
    standard = {"engineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    last, after = date(2027, 2, 28), date(2027, 3, 1)
    assert found(DATABASE, inputs | standard, rules=VERSION_RULES, today=last) == {"version-ends-soon": "advisory"}
    assert found(DATABASE, inputs | standard, rules=VERSION_RULES, today=after) == {"version-in-support": "mandatory"}


def test_nodes_of_a_system_that_nobody_knows_are_found() -> None:
    assert found(NODES, {"version": "1.35", "amiType": "AL2023_ARM_64_STANDARD"}, rules=VERSION_RULES) == {}
    assert set(found(NODES, {"version": "1.35", "amiType": "CUSTOM"}, rules=VERSION_RULES)) == {"version-in-support"}


def test_the_day_can_be_named_and_is_today_otherwise() -> None:
    assert the_day({"POLICY_DATE": "2027-01-31"}) == date(2027, 1, 31)
    assert the_day({}) == the_day({"POLICY_DATE": ""}) == date.today()


@pytest.mark.parametrize("text", ["tomorrow", "2027-02-30", "31.1.2027", "\x1b[31m", "2027-01-31; touch x"])
def test_a_day_that_is_none_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(DayError, match="give it as 2027-01-31, or unset it") as caught:
        the_day({"POLICY_DATE": text})
    assert "\x1b" not in str(caught.value)


def test_the_preview_refuses_a_day_that_is_none_as_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLICY_DATE", "tomorrow")
    assert main(["preview", "--stack", "local", "--quiet"]) == WRONG_USAGE
    told = capsys.readouterr()
    assert "POLICY_DATE is 'tomorrow'" in told.err + told.out
    assert "Traceback" not in told.err + told.out


def test_an_add_on_as_old_as_the_oldest_that_is_named_is_in_support_and_an_older_one_is_not() -> None:
    for name, (major, minor) in support.OLDEST_ADDONS.items():
        oldest, older = (f"v{major}.{each}.0-eksbuild.1" for each in (minor, minor - 1))
        assert found(ADDON, {"addonName": name, "addonVersion": oldest}, rules=VERSION_RULES) == {}
        found_older = found(ADDON, {"addonName": name, "addonVersion": older}, rules=VERSION_RULES)
        assert found_older == {"version-in-support": "mandatory"}


def test_a_database_of_another_engine_is_asked_for_standard_support_where_there_is_extended_support() -> None:
    assert found(DATABASE, {"engine": "mysql"}, rules=VERSION_RULES) == {"version-standard": "mandatory"}
    assert found(DATABASE, {"engine": "sqlserver-ex"}, rules=VERSION_RULES) == {}
