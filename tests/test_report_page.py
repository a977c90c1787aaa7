"""The page holds all of the plan, asks nobody for anything, and takes no text of a plan for markup."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cost.estimate import estimate
from cost.model import Load
from offline import diff
from offline.against import Baseline, Revision
from offline.plan import Plan
from offline.report import Report
from policy import rules
from report import permissions
from report.__main__ import main
from report.checkout import Checkout
from report.page import render
from report.text import opened
from tests.conftest import PROJECT, Planner
from tests.report_plans import changed, network, plan, resource

HOSTILE = '</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3)\u202e\'{{ 7 * 7 }}'
COMMIT = Checkout("0123456789abcdef0123456789abcdef01234567")


def page(plan: Plan, before: Plan | None = None) -> str:
    findings = rules.check(plan.resources, plan.stack)
    if before is None:
        return render(Report(plan, findings, estimate=estimate(plan)), COMMIT)
    baseline = Baseline(Revision("main", "f" * 40), before)
    costs = estimate(plan), estimate(before)
    return render(Report(plan, findings, baseline, diff.compare(before, plan), *costs), COMMIT)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[Mapping[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def pages(dev: Plan, prod: Plan, planned: Planner) -> Mapping[str, str]:
    return {"dev": page(dev), "prod": page(prod), "local": page(planned("local"))}


class TestWhole:
    @pytest.mark.parametrize("stack", ["dev", "prod", "local"])
    def test_every_resource_of_the_plan_is_in_the_tree_once(self, pages: Any, planned: Planner, stack: str) -> None:
        shown = [each["data-urn"] for each in Elements(pages[stack]).of("details") if "data-urn" in each]
        assert sorted(map(str, shown)) == sorted(each.urn for each in planned(stack).resources)

    def test_a_resource_whose_parent_is_missing_is_in_the_tree_too(self) -> None:
        orphan = plan([resource("aws:ec2/vpc:Vpc", "lost", parent="urn:pulumi:test::test::gone::gone")])
        assert "data-urn" in page(orphan)

    def test_every_action_that_a_role_is_allowed_is_told(self, pages: Any, prod: Plan) -> None:
        text = re.sub(r"\s+", " ", Elements(pages["prod"]).text)
        policies = [json.loads(each.inputs["policy"]) for each in prod.of("aws:iam/rolePolicy:RolePolicy")]
        statements = [statement for policy in policies for statement in policy["Statement"]]
        listed = [each["Action"] if isinstance(each["Action"], list) else [each["Action"]] for each in statements]
        actions = {action for each in listed for action in each}
        assert len(actions) > 50
        told = {
            f"{grant.service}:{action}"
            for principal in permissions.principals(prod)
            for grant in principal.grants
            for action in grant.actions
        }
        assert told == actions
        assert all(re.search(rf"\b{re.escape(action.partition(':')[2])}", text) for action in actions)

    def test_a_role_tells_who_takes_it_and_its_managed_policies(self, prod: Plan) -> None:
        found = {each.name: each for each in permissions.principals(prod)}
        assert len(found) == len(prod.of("aws:iam/role:Role"))
        assert "Service ec2.amazonaws.com" in found["helloworld-node-role"].taken_by
        assert "AmazonEKSWorkerNodePolicy" in found["helloworld-node-role"].managed
        pods = "pods of service account helloworld/helloworld, by Pod Identity"
        assert pods in found["helloworld-service-role"].taken_by

    def test_conditions_and_exceptions_of_a_statement_are_told(self) -> None:
        condition = {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}
        statements = [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition},
            {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "NotResource": "arn:x"},
        ]
        policy = {"role": "${role.name}", "policy": json.dumps({"Statement": statements})}
        made = plan([resource("aws:iam/role:Role", "role"), resource("aws:iam/rolePolicy:RolePolicy", "own", policy)])
        (principal,) = permissions.principals(made)
        allowed, denied = sorted(principal.grants, key=lambda each: each.effect)
        assert allowed.conditions == ["StringEquals aws:RequestedRegion: us-west-2"]
        assert (denied.service, denied.actions) == ("every service", ["all but iam:*, sts:*"])
        assert denied.resources == ["all but arn:x"]

    @pytest.mark.parametrize("more", ["", '"Sid": "\\ud800", ', '"Condition": {"NumericEquals": {"a": NaN}}, '])
    def test_a_policy_is_read_as_the_policy_pack_reads_it_however_it_is_written(self, more: str) -> None:
        text = f'\n {{"Statement": {{"Effect": "Allow", {more}"Action": "s3:GetObject", "Resource": "*"}}}}'
        policy = {"role": "${role.name}", "policy": text}
        made = plan([resource("aws:iam/role:Role", "role"), resource("aws:iam/rolePolicy:RolePolicy", "own", policy)])
        (principal,) = permissions.principals(made)
        assert [each.actions for each in principal.grants] == [["GetObject"]]
        assert "GetObject" in Elements(page(made)).text

    def test_access_entries_tell_policy_groups_and_namespaces(self, planned: Planner) -> None:
        reader, oncall = "arn:aws:iam::123456789012:user/reader", "arn:aws:iam::123456789012:role/on-call"
        viewing = {"principal": reader, "policy": "view", "namespaces": ["helloworld"]}
        access = [viewing, {"principal": oncall, "groups": ["x"]}]
        role = "arn:aws:iam::123456789012:role/review"
        made = planned("dev", {"access": json.dumps(access), "reviewRole": role})
        rights = {(each.principal, each.right, each.where) for each in permissions.cluster_access(made)}
        assert (reader, "AmazonEKSViewPolicy", "namespaces helloworld") in rights
        assert (oncall, "group x: nothing binds it in this plan", "") in rights
        assert (role, "group helloworld:review: ClusterRole helloworld-review", "the whole cluster") in rights
        assert "whoever creates the cluster" in {each[0] for each in rights}

    def test_every_kubernetes_object_is_there_as_a_manifest(self, pages: Any, prod: Plan) -> None:
        objects = [each for each in prod.resources if each.package == "kubernetes"]
        assert len(objects) > 10
        manifests = [each for each in Elements(pages["prod"]).of("details") if each.get("class") == "manifest"]
        assert len(manifests) == len(objects)

    def test_findings_come_with_their_cures(self, pages: Any, dev: Plan) -> None:
        findings = rules.check(dev.resources, "dev")
        assert findings
        text = Elements(pages["dev"]).text
        assert all(each.cure in text and each.reason in text and each.rule in text for each in findings)

    def test_a_command_in_a_sentence_stands_as_code(self, pages: Any) -> None:
        assert "<code>make promote STACK=prod</code> deploys" in pages["prod"]
        assert "<code>pulumi preview</code> against" in pages["prod"]

    def test_the_cost_of_each_resource_and_the_sums_are_told(self, pages: Any, dev: Plan) -> None:
        cost, text = estimate(dev), Elements(pages["dev"]).text
        assert cost.items
        assert all(f"${item.idle:,.2f}" in text and item.basis in text for item in cost.items)
        assert text.count(f"${cost.idle:,.2f}") >= 2
        assert all(each.why in text for each in cost.unpriced)

    def test_a_stack_without_a_known_price_is_never_said_to_cost_nothing(self, planned: Planner, dev: Plan) -> None:
        far = planned("dev", {"region": "ap-south-2"})
        cost, text = estimate(far), Elements(page(far, dev)).text
        assert cost.nothing_priced
        resources = {each.urn for each in cost.unpriced}
        assert len(resources) < len(cost.unpriced)
        assert re.search(rf"Cost in a month, idle\s*unknown{len(resources)} unpriced resources", text)
        assert "No resource of this stack has a known price in ap-south-2." in text
        assert "a month, at the load" not in text

    def test_what_changes_is_told_by_field_with_its_price(self) -> None:
        before = network(2, nat="one", stores=[])
        after = changed(network(2, nat="one", stores=["cache"]), "registry", {"name": "other"})
        text = Elements(page(after, before)).text
        assert "Against main" in text
        assert "a month, at the load" in text
        assert re.search(r"Create \(\d+\)", text)
        assert "Replace (1)" in text or "Change (1)" in text
        assert re.search(r"name\s*(replaces)?\s*hello\s*other", text)

    def test_what_is_lost_comes_before_what_is_made(self) -> None:
        before, after = network(2, nat="one", stores=["cache"]), network(2, nat="one", stores=["database"])
        elements = Elements(page(after, before))
        titles = re.findall(r"(Delete|Replace|Change|Create) \(\d+\)", elements.text)
        assert {"Delete", "Create"} <= set(titles)
        assert titles == [each for each in ("Delete", "Replace", "Change", "Create") if each in titles]
        assert re.search(r"\d+ to delete, .*\d+ to create, \d+ the same", elements.text)

    def test_a_revision_that_cannot_be_evaluated_is_told(self) -> None:
        made = network(2, nat="one", stores=[])
        baseline = Baseline(Revision("main", "f" * 40), None, "main could not be evaluated", failed=True)
        assert "main could not be evaluated" in render(Report(made, (), baseline, None, estimate(made)), COMMIT)

    def test_a_secret_is_not_in_the_page(self, planned: Planner) -> None:
        made = planned("dev")
        image = made.one("docker:index/image:Image", "helloworld-image-build")
        assert image.inputs["registry"]["password"] == "[secret]"
        assert "password: '[secret]'" in Elements(page(made)).text


class TestAlone:
    @pytest.mark.parametrize("stack", ["dev", "prod", "local"])
    def test_it_names_nothing_to_fetch_and_has_no_script(self, pages: Any, stack: str) -> None:
        elements = Elements(pages[stack])
        assert not {"script", "iframe", "object", "embed", "form", "base", "img"} & {tag for tag, _ in elements.found}
        assert not {"src", "srcset", "data", "action"} & {key for _, each in elements.found for key in each}
        links = [str(each["href"]) for tag, each in elements.found if "href" in each]
        assert links
        assert all(link.startswith("#") or link == "data:," for link in links)
        assert not re.search(r"url\(|@import", pages[stack])
        assert not [each for _, attributes in elements.found for each in attributes if each.startswith("on")]

    def test_its_security_policy_allows_only_its_own_styles(self, pages: Any) -> None:
        (policy,) = (e["content"] for e in Elements(pages["dev"]).of("meta") if "http-equiv" in e)
        assert policy is not None
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "http" not in policy

    @pytest.mark.parametrize("stack", ["dev", "prod"])
    def test_it_is_below_two_megabytes(self, pages: Any, stack: str) -> None:
        assert 10_000 < len(pages[stack].encode()) < 2_000_000

    def test_the_same_plan_is_the_same_page_whatever_the_hash_seed(self) -> None:
        program = (
            "import hashlib; from tests.report_plans import network; from tests.test_report_page import page\n"
            "plan = network(3, nat='each', stores=['database', 'cache'])\n"
            "print(hashlib.sha256(page(plan, network(2, nat='none', stores=[])).encode()).hexdigest())"
        )
        seen = {
            subprocess.run(
                [sys.executable, "-c", program],
                cwd=PROJECT,
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(seen) == 1


class TestHostile:
    def test_a_message_that_is_markup_is_text(self, planned: Planner) -> None:
        hostile = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3)'
        made = page(planned("dev", {"message": hostile}))
        assert hostile in html.unescape(made)
        assert "<script" not in made
        assert "onerror=alert(2)>" not in made
        assert len(Elements(made).found) == len(Elements(page(planned("dev", {"message": "x"}))).found)

    @settings(max_examples=25, deadline=None)
    @given(st.text(max_size=60) | st.just(HOSTILE))
    def test_names_of_any_form_add_no_element_and_no_attribute(self, text: str) -> None:
        def shape(given: str) -> set[tuple[str, str]]:
            found = Elements(page(network(2, nat="one", stores=["database", "cache"], text=given))).found
            return {(tag, key) for tag, attributes in found for key in [*attributes, ""]}

        assert shape(text) <= shape("plain")

    def test_what_turns_the_direction_of_writing_is_written_out(self) -> None:
        made = page(network(2, nat="one", stores=["database"], text="a\u202eb\x07"))
        assert not {"\u202e", "\x07"} & set(made)
        assert "\\u202e" in made

    @pytest.mark.parametrize("text", ['["\\ud800"]', '{"\\ud83d": 1}', "[NaN, 1e999]"])
    def test_a_message_that_is_json_and_cannot_be_written_stays_as_it_is(self, planned: Planner, text: str) -> None:
        made = page(planned("dev", {"message": text}))
        assert text in html.unescape(made)
        assert opened(text) == text

    def test_a_template_in_a_text_is_not_evaluated(self) -> None:
        made = page(network(2, nat="one", stores=[], text="{{ 7 * 7 }}{% raw %}"))
        assert "{{ 7 * 7 }}{% raw %}" in made


class TestCommand:
    def run(self, *arguments: str) -> int:
        return main([*arguments])

    def test_it_prints_where_the_page_is(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        target = tmp_path / "new" / "dev.html"
        assert self.run("--stack", "dev", "--out", str(target)) == 0
        assert capsys.readouterr().out == f"{target}\n"
        assert target.read_text("utf-8").startswith("<!doctype html>")

    def test_the_cost_is_that_of_the_load_that_is_given(self, tmp_path: Path, dev: Plan) -> None:
        target = tmp_path / "dev.html"
        assert self.run("--stack", "dev", "--out", str(target), "--load", "400") == 0
        text = Elements(target.read_text("utf-8")).text
        assert f"${estimate(dev, Load(requests_per_second=400)).loaded:,.2f} at 400 requests a second" in text

    @pytest.mark.parametrize("given", [["--load", "many"], ["--out", "a.html", "--picture", "a.svg"]])
    def test_what_cannot_be_meant_is_wrong_usage(self, given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            self.run("--stack", "dev", *given)
        assert left.value.code == 2
        assert f"argument {given[-2]}" in capsys.readouterr().err

    def test_a_stack_without_a_file_is_wrong_usage(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--stack", "no-such-stack") == 2
        assert "no-such-stack" in capsys.readouterr().err

    @pytest.mark.usefixtures("clone")
    def test_a_revision_that_is_not_there_is_wrong_usage(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--stack", "dev", "--against", "no-such-revision") == 2
        assert "no-such-revision" in capsys.readouterr().err

    def test_a_day_to_judge_versions_on_that_is_none_is_wrong_usage(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("POLICY_DATE", "tomorrow")
        assert self.run("--stack", "local") == 2
        assert "POLICY_DATE is 'tomorrow'" in capsys.readouterr().err

    def test_settings_that_are_wrong_are_told_without_a_traceback(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "Pulumi.yaml").write_text("name: tiny\nruntime: python\nconfig: {size: {type: integer}}\n")
        (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  size: many\n")
        (tmp_path / "__main__.py").write_text("import pulumi\npulumi.Config().require_int('size')\n")
        assert self.run("--stack", "dev", "--project", str(tmp_path)) == 1
        said = capsys.readouterr().err
        assert "refused" in said
        assert "Traceback" not in said

    def test_a_file_that_cannot_be_written_is_told_with_the_cure(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "file").write_text("")
        assert self.run("--stack", "local", "--out", str(tmp_path / "file" / "x.html")) == 1
        said = capsys.readouterr().err
        assert "--out" in said
        assert "Traceback" not in said

    def test_a_wrong_call_does_not_wait_for_the_sdk(self) -> None:
        program = (
            "import contextlib, sys\nfrom report.__main__ import main\n"
            "with contextlib.suppress(SystemExit):\n    main(['--nothing'])\nprint('pulumi' in sys.modules)"
        )
        said = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
        assert said.stdout == "False\n"

    @pytest.mark.parametrize("variable", ["STACK", "AGAINST", "LOAD", "OUT"])
    def test_what_make_is_given_is_text(self, tmp_path: Path, variable: str) -> None:
        trace = tmp_path / "trace"
        text = f"a'; touch {trace}; $(shell touch {trace}) `touch {trace}`"
        command = ["make", "-s", "report", "RUN=true", f"{variable}={text}", "-o", ".venv/installed"]
        subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
        assert not trace.exists()
