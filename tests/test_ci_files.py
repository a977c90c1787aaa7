"""The files for other CI systems: the same make targets, by hand where something is deployed, and no key."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT

CI = PROJECT / "ci"
GITLAB, CIRCLECI, JENKINS = (CI / name for name in ("gitlab-ci.yml", "circleci.yml", "Jenkinsfile"))
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")
VALIDATE = ["make check", "make test", "make preview STACK=dev", "make preview STACK=prod"]
AUDIT = "make audit"
DEPLOY, PROMOTE = "make deploy STACK=dev", "make promote STACK=prod FROM=dev"
# `printf` is the shell's own: the token is no argument of a process.
IDENTITY = '(umask 077 && printf \'%s\' "${}" > "$AWS_WEB_IDENTITY_TOKEN_FILE")'

each_file = pytest.mark.parametrize("file", [GITLAB, CIRCLECI, JENKINS], ids=lambda path: path.name)


def gitlab() -> dict[str, Any]:
    return dict(yaml.safe_load(GITLAB.read_text("utf-8")))


def circleci() -> dict[str, Any]:
    return dict(yaml.safe_load(CIRCLECI.read_text("utf-8")))


def circleci_runs(job: str) -> list[str]:
    steps = [step["run"] for step in circleci()["jobs"][job]["steps"] if "run" in step]
    return [step if isinstance(step, str) else step["command"] for step in steps]


def circleci_flow() -> dict[str, dict[str, Any]]:
    entries = circleci()["workflows"]["delivery"]["jobs"]
    return {
        name: dict(keys)
        for entry in entries
        for name, keys in (entry if isinstance(entry, dict) else {entry: {}}).items()
    }


def jenkins_stages() -> dict[str, str]:
    parts = re.split(r"^ {8}stage\('([\w ]+)'\) \{$", JENKINS.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(file: Path) -> list[str]:
    if file == GITLAB:
        jobs = [job for job in gitlab().values() if isinstance(job, dict)]
        keys = ("before_script", "script", "after_script")
        return [line for job in jobs for key in keys for line in job.get(key, [])]
    if file == CIRCLECI:
        return [line for job in circleci()["jobs"] for line in circleci_runs(job)]
    text = JENKINS.read_text("utf-8")
    found = re.findall(r"^\s*sh '([^']*)'$", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"\b(?:sh|bat|powershell|script)\b", text))
    return found


@each_file
def test_every_command_is_a_make_target_that_is_there(file: Path) -> None:
    there = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    token = {GITLAB: "AWS_ID_TOKEN", CIRCLECI: "CIRCLE_OIDC_TOKEN_V2", JENKINS: ""}[file]
    allowed = {IDENTITY.format(token), 'rm -f "$AWS_WEB_IDENTITY_TOKEN_FILE"'} if token else set[str]()
    made = [line for line in commands(file) if line not in allowed]
    assert {"make check", "make test", DEPLOY, PROMOTE} <= set(made)
    assert [line for line in made if not re.fullmatch(r'make [a-z-]+( [A-Z]+=([a-z0-9-]+|"\$[A-Z_]+"))*', line)] == []
    assert {line.split()[1] for line in made} <= there


@each_file
def test_no_key_is_stored_or_asked_for(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "make deploy" in text
    assert not re.search(r"ACCESS_KEY|SECRET|PASSWORD|credentialsId|withCredentials|\bAKIA", text)


@each_file
def test_every_machine_image_has_a_version(file: Path) -> None:
    images = re.findall(r"image: *['\"]?([^\s'\"]+)", file.read_text("utf-8"))
    assert images or file == JENKINS
    assert [image for image in images if not re.fullmatch(r"[\w/-]+:\d[\d.]+(-\w+)?", image)] == []


def test_every_push_is_validated_and_previewed() -> None:
    validate = gitlab()["validate"]
    against = ' AGAINST="$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    assert [line.removesuffix(against) for line in validate["script"]] == VALIDATE
    assert "rules" not in validate
    assert circleci_runs("validate") == VALIDATE
    assert circleci_flow()["validate"] == {}
    stage = jenkins_stages()["validate"]
    assert re.findall(r"sh '([^']*)'", stage) == VALIDATE
    assert "when {" not in stage


def test_known_vulnerabilities_are_asked_for_and_keep_no_deployment_back() -> None:
    audit = gitlab()["audit"]
    assert (audit["script"], audit["allow_failure"]) == ([AUDIT], True)
    assert circleci_runs("audit") == [AUDIT]
    assert not [name for name, keys in circleci_flow().items() if "audit" in keys.get("requires", [])]
    stage = jenkins_stages()["audit"]
    assert re.findall(r"sh '([^']*)'", stage) == [AUDIT]
    assert "catchError(buildResult: 'UNSTABLE'" in stage


@pytest.mark.parametrize(("job", "command"), [("deploy-dev", DEPLOY), ("promote-prod", PROMOTE)])
def test_gitlab_deploys_by_hand_and_from_the_default_branch_only(job: str, command: str) -> None:
    deployment = gitlab()[job]
    assert deployment["script"] == [command]
    [rule] = deployment["rules"]
    assert rule["when"] == "manual"
    assert rule["if"] == "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    stack = job.split("-")[1]
    assert (deployment["environment"], deployment["resource_group"]) == (stack, f"stack-{stack}")
    assert gitlab()["promote-prod"]["needs"] == ["deploy-dev"]
    assert gitlab()[".deployment"]["interruptible"] is False


@pytest.mark.parametrize(("job", "command"), [("deploy-dev", DEPLOY), ("promote-prod", PROMOTE)])
def test_circleci_deploys_by_hand_and_from_main_only(job: str, command: str) -> None:
    assert circleci_runs(job)[-1] == command
    flow, stack = circleci_flow(), job.split("-")[1]
    assert flow[job]["requires"] == [f"approve-{stack}"]
    assert flow[f"approve-{stack}"]["type"] == "approval"
    assert flow["approve-prod"]["requires"] == ["deploy-dev"]
    assert flow["approve-dev"]["requires"] == ["validate"]
    for name in (job, f"approve-{stack}"):
        assert flow[name]["filters"] == {"branches": {"only": "main"}}
    assert flow[job]["serial-group"].endswith(f"/stack-{stack}")
    assert flow[job]["context"] == f"helloworld-{stack}"


@pytest.mark.parametrize(("stage", "command"), [("deploy dev", DEPLOY), ("promote to prod", PROMOTE)])
def test_jenkins_deploys_by_hand_and_from_main_only(stage: str, command: str) -> None:
    text = jenkins_stages()[stage]
    assert re.findall(r"sh '([^']*)'", text) == [command]
    assert "branch 'main'" in text
    # Asked only where it may be answered, and with no machine held meanwhile.
    assert "beforeInput true" in text
    assert text.index("input {") < text.index("agent {")
    assert "agent none" in JENKINS.read_text("utf-8")
    assert "disableConcurrentBuilds()" in JENKINS.read_text("utf-8")


def test_the_deployment_is_offered_when_anything_changed_that_is_deployed() -> None:
    changes = [gitlab()[job]["rules"][0]["changes"] for job in ("deploy-dev", "promote-prod")]
    assert changes[0] == changes[1]
    jenkins = re.findall(r"changeset '([^']*)'", jenkins_stages()["deploy dev"])
    assert [path.removesuffix("/*") for path in changes[0]] == jenkins
    assert [path for path in jenkins if not list(PROJECT.glob(path))] == []
    # The program's own packages, and what its image is built from.
    sources = [PROJECT / "__main__.py", *(PROJECT / "infra").glob("*.py")]
    imported = {
        name
        for source in sources
        for name in re.findall(r"^(?:from|import) (\w+)", source.read_text("utf-8"), re.MULTILINE)
        if (PROJECT / name).is_dir()
    }
    assert imported
    assert {f"{name}/**" for name in imported | {"app"}} <= set(jenkins)


def test_a_deployment_ends_before_its_role_does() -> None:
    assert gitlab()[".deployment"]["timeout"] == "55 minutes"
    for name, text in jenkins_stages().items():
        [minutes] = re.findall(r"timeout\(time: (\d+), unit: 'MINUTES'\)", text)
        assert int(minutes) < 60, name
