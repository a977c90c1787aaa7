"""What is accepted is planned whole: names, networks, policies and documents are what AWS and Kubernetes take."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from infra import settings
from infra.problems import SettingsError
from offline import stackfile
from offline.__main__ import main
from offline.plan import Plan
from offline.references import evaluate_with_references
from tests import hostile

PROJECT = Path(__file__).parent.parent
VERSION = "1.35"
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
# Placeholders of values that only a deployment knows: ${logical-name.property}.
ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}|aws)?:[^\s\"'`<>\\]+")
ROLE = "arn:aws:iam::123456789012:role"

tag_keys = st.from_regex(r"[A-Za-z0-9_.:/+@-][A-Za-z0-9 _.:/+@-]{0,60}", fullmatch=True)
tag_values = st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{0,60}", fullmatch=True)
networks = st.builds(
    lambda address, prefix: str(IPv4Network((address, prefix), strict=False)),
    st.sampled_from(["10.0.0.0", "10.255.255.255", "172.20.0.0", "172.31.9.9", "192.168.0.0"]),
    st.integers(12, 24),
)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
# Each is within what its setting takes, at its edges, or beyond it.
CHOICES: Mapping[str, st.SearchStrategy[Any]] = {
    "message": hostile.texts,
    "tags": st.dictionaries(tag_keys, tag_values, max_size=6),
    "networkCidr": networks,
    "serviceCidr": networks,
    "hostname": labels.map(lambda label: f"{label}.example.com"),
    "zone": st.just("example.com"),
    "region": st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-4", "us-west-2"]),
    "sourceUrl": st.from_regex(r"https://[A-Za-z0-9.-]{1,20}(/[A-Za-z0-9._~/-]{0,30})?", fullmatch=True),
    "deployRole": st.from_regex(rf"{ROLE}/[A-Za-z0-9_+=,.@-]{{1,64}}", fullmatch=True),
    "permissionsBoundary": st.from_regex(
        r"arn:aws:iam::123456789012:policy/([A-Za-z0-9_+=,.@-]{1,9}/)?[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True
    ),
    "access": st.lists(
        st.fixed_dictionaries(
            {"principal": st.from_regex(rf"{ROLE}/[A-Za-z0-9_+=,.@-]{{1,30}}", fullmatch=True)},
            optional={"policy": st.sampled_from(["view", "edit"]), "namespaces": st.lists(labels, max_size=2)},
        ),
        max_size=2,
    ),
    "alertEmails": st.lists(st.from_regex(r"[A-Za-z0-9._%+-]{1,30}@[a-z]{1,9}\.com", fullmatch=True), max_size=2),
    "publicAccessCidrs": st.lists(st.sampled_from(["198.51.100.0/24", "0.0.0.0/0", "203.0.113.7/32"]), unique=True),
    "logRetentionDays": st.sampled_from([1, 3653]),
    "monitoring": st.booleans(),
    "flowLogs": st.booleans(),
    "zones": st.sampled_from([["a", "b"], ["f", "a", "c"]]),
}


@st.composite
def accepted(draw: st.DrawFn) -> dict[str, str]:
    """Dev's configuration with hostile values, as far as each is accepted with the others."""
    config = dict(stackfile.load(PROJECT, "dev").config)
    for key in draw(st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=8, unique=True)):
        value = draw(CHOICES[key])
        tried = {**config, f"helloworld:{key}": value if isinstance(value, str) else json.dumps(value)}
        if key == "hostname":
            tried["helloworld:zone"] = "example.com"
        try:
            settings.parse(tried, stack="dev")
        except SettingsError:
            continue
        config = tried
    assume(config != stackfile.load(PROJECT, "dev").config)
    return config


def strings(value: Any) -> Iterator[str]:
    """Every text in a value, keys of maps with them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def assert_sound(plan: Plan, message: str = "") -> None:
    """What no plan may break, whatever the settings; `message` is the one text that is anybody's own."""
    said = message.replace("$", "$$")
    objects = [each for each in plan.resources if each.type.startswith("kubernetes:") and "helm.sh" not in each.type]
    assert objects
    for each in objects:
        assert kubernetes_validate.validate(dict(each.inputs), VERSION, strict=True)
        metadata = each.inputs["metadata"]
        names = [metadata[key] for key in ("name", "namespace") if key in metadata]
        assert all("${" in name or SUBDOMAIN.fullmatch(name) for name in names), names
        for key, value in metadata.get("labels", {}).items():
            assert LABEL_KEY.fullmatch(key), key
            assert LABEL_VALUE.fullmatch(value), value
        for text in (text for each_map in (each.inputs.get("data") or {},) for text in each_map.values()):
            yaml.safe_load(text)
    for each in plan.resources:
        for text in strings(dict(each.inputs)):
            assert text.replace("\n", "").replace("\t", "").isprintable(), (each.urn, text)
            if text.startswith("arn:"):
                assert "${" in text or ARN.fullmatch(text), (each.urn, text)
            if text.startswith(("{", "[")) and not text.startswith("[secret]") and text != said:
                json.loads(text)
    subnets = [IPv4Network(each.inputs["cidrBlock"]) for each in plan.of("aws:ec2/subnet:Subnet")]
    assert subnets
    assert not [(one, two) for one in subnets for two in subnets if one is not two and one.overlaps(two)]


@hostile.many(8)
@given(config=accepted())
def test_a_plan_of_hostile_settings_that_are_accepted_is_sound(config: dict[str, str]) -> None:
    assert_sound(evaluate_with_references(PROJECT, "dev", config), config["helloworld:message"])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_plans_of_the_real_files_are_sound(stack: str) -> None:
    assert_sound(evaluate_with_references(PROJECT, stack))


@pytest.mark.parametrize("message", ["$(PORT)", "$$(PORT)", "100 $", "$(KUBERNETES_SERVICE_HOST) $$$"])
def test_no_part_of_a_message_is_replaced_by_kubernetes(message: str) -> None:
    """As it expands a variable: https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion"""
    config = {**stackfile.load(PROJECT, "dev").config, "helloworld:message": message}
    plan = evaluate_with_references(PROJECT, "dev", config)
    deployment = plan.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment")
    (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
    (value,) = [each["value"] for each in container["env"] if each["name"] == "MESSAGE"]
    expanded = re.sub(r"\$\$|\$\(([^)]*)\)", lambda found: "$" if found[0] == "$$" else f"<{found[1]}>", value)
    assert expanded == message


def called(stack: str, *arguments: str) -> int:
    """What the command exits with, as part of this process: one of its own takes a second to start."""
    try:
        return main(["preview", "--quiet", f"--stack={stack}", *arguments])
    except SystemExit as left:
        return int(str(left.code))


BROKEN = {
    "binary": bytes(range(256)),
    "utf-16": "config: {}\n".encode("utf-16"),
    "tags": b"config:\n  helloworld:message: !!python/object/apply:os.system [touch canary]\n",
    "nesting": b"config:\n  helloworld:tags: " + b"[" * 100_000,
    "bomb": b"config:\n  a: &a [x, x, x, x]\n  b: &b [*a, *a, *a, *a]\n" + b"  c: [*b, *b]\n" * 20_000,
    "colours": 'config:\n  helloworld:zones: "\\e[31m\u202e"\n'.encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_command_refuses_a_broken_file_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes((PROJECT / "Pulumi.yaml").read_bytes())
    (tmp_path / "__main__.py").write_bytes((PROJECT / "__main__.py").read_bytes())
    (tmp_path / "Pulumi.dev.yaml").write_bytes(BROKEN[name])
    assert called("dev", f"--project={tmp_path}") == 1
    said = capsys.readouterr().err
    assert said.startswith("Stack dev is refused: the settings have ")
    assert "cure:" in said
    assert "Traceback" not in said
    assert not (PROJECT / "canary").exists()


SURROUNDINGS: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "COLUMNS": "-5", "TERM": "\x1b", "HOSTNAME": "\x1b[31m$(x)"},
    {"PULUMI_CONFIG": "{bad", "PULUMI_STACK": "x", "PULUMI_BACKEND_URL": "$(x)", "PULUMI_PROJECT": "\n"},
    {"AWS_PROFILE": 'x"', "AWS_REGION": "../..", "AWS_ACCESS_KEY_ID": "\x1b", "KUBECONFIG": "/dev/zero", "HOME": "/no"},
)


@pytest.mark.parametrize("environ", SURROUNDINGS, ids=lambda environ: next(iter(environ)))
def test_the_surroundings_change_nothing_in_a_plan(environ: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "offline", "preview", "--quiet", "--stack=local", "--format=json"]
    environment = {**os.environ, **environ}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    usual = evaluate_with_references(PROJECT, "local")
    assert json.loads(done.stdout)["resources"] == json.loads(json.dumps([each.to_json() for each in usual.resources]))


VARIABLES = (
    *("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_STACK", "PULUMI_PROJECT", "PULUMI_DRY_RUN"),
    *("PULUMI_ORGANIZATION", "PULUMI_MONITOR", "PULUMI_ENGINE", "PULUMI_BACKEND_URL", "PULUMI_PARALLEL"),
    *("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "KUBECONFIG", "DOCKER_HOST", "PATH"),
    *("HOME", "TMPDIR", "USER", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "LANG", "LC_ALL", "TZ", "POLICY_DATE"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GITHUB_ACTIONS", "CI"),
)


def can_be_set(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


@hostile.many(30)
@given(environ=st.dictionaries(st.sampled_from(VARIABLES), hostile.texts.filter(can_be_set), min_size=1, max_size=4))
@example(environ={"POLICY_DATE": "\uff19\uff19"})
@example(environ={"GIT_CONFIG_COUNT": "\n::error::forged"})
@example(environ={"PATH": "$(touch canary)"})
@example(environ={"PATH": "9" * 300})
def test_in_any_environment_there_is_a_plan_or_a_refusal_in_words(environ: dict[str, str]) -> None:
    out, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(told):
        for name, value in environ.items():
            patch.setenv(name, value)
        code = called("local")
    # The image's tag has the commit, which git tells, if it is there to be asked.
    if code == 0:
        assert told.getvalue() == ""
        assert "stack local" in out.getvalue()
        assert "\x1b]" not in out.getvalue()
    else:
        said = told.getvalue()
        assert set(environ) & {"POLICY_DATE", "PATH"} or any(name.startswith("GIT_") for name in environ)
        assert said.startswith(("error: POLICY_DATE is ", "Stack local is refused: "))
        assert all(line.isprintable() and not line.startswith("::") for line in said.splitlines())
        assert "Traceback" not in said
        assert "defect" not in said
    assert not (PROJECT / "canary").exists()


@pytest.mark.parametrize(
    "stack", ["../dev", "\x1b[31m", "-x", "dev\n::error::x", "$(touch canary)", "dev\udcff", "d" * 3000]
)
def test_a_name_that_is_no_stacks_is_wrong_usage_and_shown_harmless(
    capsys: pytest.CaptureFixture[str], stack: str
) -> None:
    assert called(stack) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.isprintable() and not line.startswith("::") for line in lines)


@pytest.mark.parametrize("module", ["offline", "delivery"])
def test_an_argument_that_nobody_knows_is_shown_harmless(module: str) -> None:
    command = {"offline": ["preview", "--stack=dev"], "delivery": ["targets", "--branch=main"]}[module]
    arguments = [sys.executable, "-m", module, *command, "x\n::error::forged\x1b[31m"]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unrecognized" in done.stderr
    assert all(line.isprintable() and not line.startswith("::") for line in done.stderr.splitlines())
