"""`make bootstrap`: begun anywhere, interrupted anywhere, it ends with one state in the bucket."""

import argparse
import copy
import fcntl
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import CommandResult, OnOutput
from pulumi.automation.errors import create_command_error

from bootstrap import names
from delivery import aws, bootstrap, bootstrap_state
from delivery import bootstrap_export as states
from delivery.bootstrap_report import Repository, report
from delivery.bootstrap_state import Backend
from delivery.console import Console
from delivery.context import Context
from delivery.engine import Engine
from delivery.problems import DeliveryError
from delivery.redaction import Redactor

ACCOUNT = "123456789012"
BUCKET = names.state_bucket(ACCOUNT, "us-west-2")
URL = names.backend_url(ACCOUNT, "us-west-2")
KEY = names.secrets_provider("us-west-2")
OUTPUTS = {
    "backendUrl": URL,
    "previewRole": "arn:aws:iam::123456789012:role/helloworld-preview",
    "reviewRole": "arn:aws:iam::123456789012:role/helloworld-review",
    "deployRoles": {each: f"arn:aws:iam::123456789012:role/helloworld-deploy-{each}" for each in ("dev", "prod")},
    "boundaries": {
        each: f"arn:aws:iam::123456789012:policy/helloworld-deploy-{each}-boundary" for each in ("dev", "prod")
    },
}
# What the program makes, in order: URN to type, inputs and id.
PROGRAM: dict[str, dict[str, Any]] = {
    "urn:bucket": {"type": "aws:s3/bucket:Bucket", "inputs": {"bucket": BUCKET}, "id": BUCKET},
    "urn:key": {"type": "aws:kms/key:Key", "inputs": {}, "id": "0123"},
    "urn:alias": {"type": "aws:kms/alias:Alias", "inputs": {"name": names.KEY_ALIAS}, "id": names.KEY_ALIAS},
    "urn:role": {"type": "aws:iam/role:Role", "inputs": {"name": "helloworld-preview"}, "id": "helloworld-preview"},
}


class Killed(BaseException):
    """The process is gone, in the midst of a command of the engine."""


class World:
    """An AWS account, and what Pulumi's backends hold."""

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.backends: dict[str, dict[str, Any]] = {}
        self.commands = 0
        self.kill_at: tuple[int, str] | None = None
        self.changes: list[int] = []
        self.updated: list[str] = []

    def exists(self) -> bool:
        return "urn:bucket" in self.made

    def held(self, url: str) -> dict[str, str]:
        deployment = self.backends.get(url, {}).get("deployment") or {}
        return states.resources(deployment)


class FakeEngine(Engine):
    """An engine that plays `pulumi` in this process, and can be killed before, during or after any command."""

    def __init__(self, world: World) -> None:
        super().__init__("pulumi", None, {}, lambda _: None)
        self.world = world

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        moment = None
        if self.world.kill_at and self.world.kill_at[0] == self.world.commands:
            moment = self.world.kill_at[1]
        self.world.commands += 1
        if moment == "before":
            raise Killed
        words = [each for each in args if not each.startswith("-")]
        command = "_".join(words[:2]) if words[0] == "stack" and words[1] != "account" else words[0]
        result: CommandResult = getattr(self, f"do_{command}")(
            args, Path(cwd), additional_env, moment in ("asked", "made")
        )
        if moment:
            raise Killed
        if result.code:
            self.last_failure = result
            raise create_command_error(result)
        return result

    def _backend(self, url: str) -> dict[str, Any]:
        if url.startswith("s3://") and not self.world.exists():
            raise AssertionError("there is no bucket yet")
        return self.world.backends.setdefault(url, {})

    def _stack(self, env: Mapping[str, str]) -> dict[str, Any] | None:
        backend = self._backend(env["PULUMI_BACKEND_URL"])
        return backend if "deployment" in backend else None

    def do_stack(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        found = self._stack(env) is not None
        return CommandResult("", "" if found else "error: no stack named 'account' found", 0 if found else 255)

    def do_stack_init(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        self._backend(env["PULUMI_BACKEND_URL"]).update(deployment={}, locked=killed)
        if killed:
            return CommandResult("", "", 0)
        file = cwd / f"Pulumi.{args[-1]}.yaml"
        document = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
        provider = args[args.index("--secrets-provider") + 1]
        text = file.read_text("utf-8") if file.exists() else ""
        if provider == "passphrase":
            if "encryptionsalt" not in document:
                file.write_text(f"{text}encryptionsalt: v1:salt\n", "utf-8")
        elif document.get("secretsprovider") != provider:
            file.write_text(f"{text}secretsprovider: {provider}\nencryptedkey: d3JhcHBlZA==\n", "utf-8")
        return CommandResult("", "", 0)

    def do_stack_export(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        stack = self._stack(env) or {}
        return CommandResult(json.dumps({"version": 3, "deployment": stack["deployment"]}), "", 0)

    def do_stack_import(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        stack = self._stack(env)
        assert stack is not None
        assert not stack.get("locked")
        if killed:
            stack["locked"] = True
            return CommandResult("", "", 0)
        deployment = json.loads(Path(args[args.index("--file") + 1]).read_text("utf-8"))["deployment"]
        assert "pending_operations" not in deployment or not deployment["pending_operations"]
        stack["deployment"] = deployment
        return CommandResult("", "", 0)

    def do_cancel(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        stack = self._stack(env)
        if stack:
            stack["locked"] = False
        return CommandResult("", "", 0)

    def do_up(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        stack, url = self._stack(env), env["PULUMI_BACKEND_URL"]
        assert stack is not None
        if stack.get("locked"):
            return CommandResult("", "error: the stack is currently locked by 1 lock(s)", 255)
        assert not (url != URL and self.world.held(URL)), "the bucket's state is the state"
        self.world.updated.append(url)
        known = {each["urn"]: each for each in stack["deployment"].get("resources", [])}
        if "--refresh" in args:
            known = {urn: each for urn, each in known.items() if urn in self.world.made}
        changes = 0
        for urn, resource in PROGRAM.items():
            if urn in known:
                continue
            if urn in self.world.made and urn != "urn:key":
                return CommandResult("", f"error: {urn} exists already", 255)
            changes += 1
            pending = [{"type": "creating", "resource": {"urn": urn, **resource, "id": ""}}]
            if killed:
                # The first that is new: asked for, and made or not before the engine dies.
                if self.world.kill_at and self.world.kill_at[1] == "made":
                    self.world.made.add(urn)
                stack["deployment"] = {"resources": list(known.values()), "pending_operations": pending}
                stack["locked"] = True
                return CommandResult("", "", 0)
            self.world.made.add(urn)
            known[urn] = {"urn": urn, **resource}
        provider = {"secrets_providers": {"type": "passphrase"}}
        stack["deployment"] = {"resources": list(known.values()), **provider}
        stack["summary"] = {"same": len(PROGRAM) - changes, **({"create": changes} if changes else {})}
        if url == URL:
            self.world.changes.append(changes)
        return CommandResult("", "", 0)

    def do_stack_output(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        return CommandResult(json.dumps(OUTPUTS), "", 0)

    def do_stack_history(self, args: list[str], cwd: Path, env: Mapping[str, str], killed: bool) -> CommandResult:
        when = "2026-11-21T10:00:00.000Z"
        entry = {"kind": "update", "startTime": when, "endTime": when, "message": "", "environment": {}, "config": {}}
        stack = self._stack(env) or {}
        return CommandResult(json.dumps([{**entry, "result": "succeeded", "resourceChanges": stack["summary"]}]), "", 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = Path(__file__).parent.parent
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(root / name, tmp_path / name)
    for name in ("dev", "prod"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text("# Ours.\nconfig:\n  helloworld:message: Hi\n", "utf-8")
    folder = tmp_path / "bootstrap"
    folder.mkdir()
    shutil.copy(root / "bootstrap" / "Pulumi.yaml", folder)
    (folder / "Pulumi.account.yaml").write_text(
        f"config:\n  {names.BOOTSTRAP_PROJECT}:repository: octo@1/hello@2\n", "utf-8"
    )
    return tmp_path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    identity = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/admin"}
    monkeypatch.setattr(bootstrap, "pulumi_command", lambda *_: FakeEngine(world))
    monkeypatch.setattr(aws, "call", lambda *_: identity)
    return world


def run(project: Path, world: World, **options: Any) -> str:
    """What the command says."""
    out = io.StringIO()
    context = Context(project=project, environ={}, console=Console(out, out, Redactor([])))
    given = argparse.Namespace(**{"region": "", "repository": "", "unlock": False, **options})

    def bucket(_: Context, account: str, region: str) -> Backend:
        assert (account, region) == (ACCOUNT, "us-west-2")
        return Backend(url=URL, secrets_provider=KEY, exists=world.exists)

    assert bootstrap.bootstrap(context, given, bucket) == 0
    return out.getvalue()


def local(project: Path) -> Path:
    return project / "bootstrap" / bootstrap_state.LOCAL_FOLDER


def assert_settled(project: Path, world: World) -> None:
    """One state, in the bucket, of everything that was made; files that say so; and nothing left to do."""
    assert set(world.held(URL)) == set(PROGRAM) == world.made
    assert world.held(URL)["urn:bucket"] == BUCKET
    assert not local(project).exists()
    assert not (project / "bootstrap" / bootstrap_state.MOVED_FOLDER).exists()
    files = {path.name: path.read_text("utf-8") for path in project.rglob("Pulumi.*.yaml")}
    account = yaml.safe_load(files["Pulumi.account.yaml"])
    assert account["secretsprovider"] == KEY
    assert "encryptionsalt" not in account
    for stack in ("dev", "prod"):
        document = yaml.safe_load(files[f"Pulumi.{stack}.yaml"])
        assert document["secretsprovider"] == KEY
        assert document["encryptedkey"]
        assert document["config"]["helloworld:deployRole"] == OUTPUTS["deployRoles"][stack]  # type: ignore[index]
        assert document["config"]["helloworld:permissionsBoundary"] == OUTPUTS["boundaries"][stack]  # type: ignore[index]
        assert ("helloworld:reviewRole" in document["config"]) == (stack == "dev")
    before = copy.deepcopy(world.backends[URL]["deployment"])
    said = run(project, world)
    assert "Nothing to change" in said
    assert world.changes[-1] == 0
    assert world.backends[URL]["deployment"] == before
    assert {path.name: path.read_text("utf-8") for path in project.rglob("Pulumi.*.yaml")} == files


def test_it_makes_everything_moves_its_state_and_then_changes_nothing(project: Path, world: World) -> None:
    said = run(project, world)
    assert world.updated == [f"file://{local(project)}", URL]
    assert world.changes == [0]
    assert "Pulumi.dev.yaml: wrote secretsprovider, encryptedkey, helloworld:deployRole" in said
    assert_settled(project, world)


def total_commands(project: Path, world: World) -> int:
    run(project, world)
    return world.commands


@pytest.mark.parametrize("moment", ["before", "asked", "made", "after"])
def test_killed_at_any_command_the_next_run_goes_on(
    tmp_path: Path, project: Path, world: World, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pristine = tmp_path.parent / f"{tmp_path.name}-pristine"
    shutil.copytree(project, pristine)
    commands = total_commands(project, world)
    assert commands > 15
    for at in range(commands):
        shutil.rmtree(project)
        shutil.copytree(pristine, project)
        fresh = World()
        monkeypatch.setattr(bootstrap, "pulumi_command", lambda *_, fresh=fresh: FakeEngine(fresh))
        fresh.kill_at = (at, moment)
        with pytest.raises(Killed):
            run(project, fresh)
        fresh.kill_at = None
        # In the bucket a lock may be somebody's; that run says so, and is told that it is not.
        locked = bool(fresh.held(URL)) and fresh.backends[URL].get("locked")
        run(project, fresh, unlock=locked)
        assert_settled(project, fresh)


def test_killed_while_the_local_state_is_removed_the_buckets_is_the_state(project: Path, world: World) -> None:
    run(project, world)
    for name in (bootstrap_state.LOCAL_FOLDER, bootstrap_state.MOVED_FOLDER):
        (project / "bootstrap" / name / ".pulumi").mkdir(parents=True)
        world.updated.clear()
        run(project, world)
        assert_settled(project, world)
        assert set(world.updated) == {URL}


@pytest.mark.parametrize("made", [True, False])
def test_what_a_later_run_was_killed_at_is_found_or_made_anew(project: Path, world: World, made: bool) -> None:
    run(project, world)
    state = world.backends[URL]["deployment"]
    role = next(each for each in state["resources"] if each["urn"] == "urn:role")
    state["resources"].remove(role)
    state["pending_operations"] = [{"type": "creating", "resource": {**role, "id": ""}}]
    if not made:
        world.made.remove("urn:role")
    run(project, world)
    assert world.changes[-1] == (0 if made else 1)
    assert_settled(project, world)


def test_a_lock_in_the_bucket_is_left_to_whom_it_may_be_until_told_otherwise(project: Path, world: World) -> None:
    run(project, world)
    world.backends[URL]["locked"] = True
    with pytest.raises(DeliveryError, match="make bootstrap UNLOCK=yes"):
        run(project, world)
    assert world.backends[URL]["locked"]
    run(project, world, unlock=True)


def test_a_bucket_without_state_and_no_state_here_is_refused(project: Path, world: World) -> None:
    world.made.add("urn:bucket")
    with pytest.raises(DeliveryError, match="where it was begun"):
        run(project, world)
    assert not world.updated


def test_a_local_state_of_another_account_is_refused(project: Path, world: World) -> None:
    other = {"urn": "urn:bucket", "type": "aws:s3/bucket:Bucket", "inputs": {"bucket": "helloworld-state-2-us-west-2"}}
    local(project).mkdir()
    world.backends[f"file://{local(project)}"] = {"deployment": {"resources": [other]}}
    with pytest.raises(DeliveryError, match="helloworld-state-2-us-west-2"):
        run(project, world)
    assert not world.updated


def test_a_failed_update_says_why_and_moves_nothing(project: Path, world: World) -> None:
    world.made.add("urn:role")
    with pytest.raises(DeliveryError, match="urn:role exists already"):
        run(project, world)
    assert not world.held(URL)
    assert local(project).is_dir()


def test_a_second_run_at_the_same_time_is_refused(project: Path, world: World) -> None:
    with (project / "bootstrap" / "Pulumi.yaml").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(DeliveryError, match="another `make bootstrap` runs"):
            run(project, world)
    assert world.commands == 0


def test_another_value_in_a_stacks_file_is_told_and_kept(project: Path, world: World) -> None:
    file = project / "Pulumi.dev.yaml"
    file.write_text("config:\n  helloworld:deployRole: arn:aws:iam::123456789012:role/mine\n", "utf-8")
    said = run(project, world)
    assert (
        "role/mine: left as it is; what was made here is arn:aws:iam::123456789012:role/helloworld-deploy-dev" in said
    )
    assert "helloworld:deployRole: arn:aws:iam::123456789012:role/mine\n" in file.read_text("utf-8")


def test_a_stack_under_another_key_keeps_it(project: Path, world: World) -> None:
    file = project / "Pulumi.dev.yaml"
    file.write_text("encryptionsalt: v1:mine\nconfig:\n  helloworld:message: Hi\n", "utf-8")
    said = run(project, world)
    assert "its secrets are under passphrase" in said
    assert "pulumi stack change-secrets-provider" in said
    assert top_of(file) == {"encryptionsalt": "v1:mine"}


def top_of(file: Path) -> dict[str, Any]:
    return {key: value for key, value in yaml.safe_load(file.read_text("utf-8")).items() if key != "config"}


def test_an_environment_without_a_file_is_told(project: Path, world: World) -> None:
    (project / "Pulumi.prod.yaml").unlink()
    assert "there is no Pulumi.prod.yaml" in run(project, world)
    assert not (project / "Pulumi.prod.yaml").exists()


def test_a_damaged_file_is_told_and_the_others_are_written(project: Path, world: World) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: [\n", "utf-8")
    said = run(project, world)
    assert "Pulumi.dev.yaml is no YAML" in said
    assert "Pulumi.prod.yaml: wrote" in said


def test_a_stack_in_another_region_is_told(project: Path, world: World) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  helloworld:region: eu-west-1\n", "utf-8")
    assert "rights in us-west-2 only" in run(project, world)


def test_a_stack_whose_region_the_account_knows_is_no_surprise(project: Path, world: World) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  helloworld:region: eu-west-1\n", "utf-8")
    with (project / "bootstrap" / "Pulumi.account.yaml").open("a", encoding="utf-8") as file:
        file.write("  helloworld-bootstrap:regions: {dev: eu-west-1}\n")
    said = run(project, world)
    assert "Pulumi.dev.yaml: wrote" in said
    assert "rights in" not in said


def test_arguments_are_written_where_the_file_says_nothing(project: Path, world: World) -> None:
    file = project / "bootstrap" / "Pulumi.account.yaml"
    file.write_text('config:\n  # Yours.\n  helloworld-bootstrap:repository: ""\n', "utf-8")
    run(project, world, repository="octo/hello", region="us-west-2")
    text = file.read_text("utf-8")
    assert "  # Yours.\n  helloworld-bootstrap:repository: octo/hello\n" in text
    assert "helloworld-bootstrap:region: us-west-2\n" in text


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"repository": "octo/*"}, "it has not the form"),
        ({"repository": "octo/other"}, "the file says octo@1/hello@2"),
        ({"region": "nowhere"}, "helloworld-bootstrap:region"),
    ],
)
def test_a_wrong_argument_changes_nothing(project: Path, world: World, options: dict[str, str], reason: str) -> None:
    before = (project / "bootstrap" / "Pulumi.account.yaml").read_text("utf-8")
    with pytest.raises(DeliveryError, match=reason):
        run(project, world, **options)
    assert (project / "bootstrap" / "Pulumi.account.yaml").read_text("utf-8") == before
    assert world.commands == 0


@pytest.mark.parametrize("text", [None, "config: [\n", "config:\n  helloworld-bootstrap:environments: 7\n"])
def test_an_account_file_that_cannot_be_read_is_refused(project: Path, world: World, text: str | None) -> None:
    file = project / "bootstrap" / "Pulumi.account.yaml"
    file.unlink() if text is None else file.write_text(text, "utf-8")
    with pytest.raises(DeliveryError, match=r"bootstrap/Pulumi\.account\.yaml: "):
        run(project, world, repository="octo/hello")
    assert world.commands == 0


def test_no_repository_is_refused_before_anything_is_made(project: Path, world: World) -> None:
    (project / "bootstrap" / "Pulumi.account.yaml").write_text("config: {}\n", "utf-8")
    with pytest.raises(DeliveryError, match="helloworld-bootstrap:repository"):
        run(project, world)
    assert world.commands == 0


def test_it_ends_with_what_to_set_in_the_repository(project: Path, world: World) -> None:
    said = run(project, world)
    for text in (
        f"PULUMI_BACKEND_URL = {URL}",
        "AWS_REGION = us-west-2",
        f"PREVIEW_ROLE = {OUTPUTS['previewRole']}",
        f"REVIEW_ROLE = {OUTPUTS['reviewRole']}",
        "environments: dev, prod, review",
        f"gh variable set DEPLOY_ROLE --repo octo/hello --env prod --body {OUTPUTS['deployRoles']['prod']}",  # type: ignore[index]
        "gh api --method POST repos/octo/hello/environments/prod/deployment-branch-policies -f name=main",
        "of prod, name the required reviewers",
    ):
        assert text in said


def test_production_has_reviewers_in_every_region() -> None:
    roles = dict.fromkeys(("dev", "prod", "prod-eu"), "arn")
    variables = {"PULUMI_BACKEND_URL": "s3://x"}
    said = report(Repository(name="octo/hello", branch="main", variables=variables, deploy_roles=roles))
    assert any("of prod and prod-eu, name the required reviewers" in line for line in said)


def test_a_state_with_a_secret_is_not_moved() -> None:
    secret = {"resources": [{"urn": "a", "outputs": {states.SECRET_MARK: "x"}}]}
    with pytest.raises(DeliveryError, match="holds a secret"):
        states.portable(secret)
    assert states.portable({"resources": [], "secrets_providers": {}}) == {"resources": []}


@pytest.mark.parametrize(("code", "exists"), [("404", False), ("", True)])
def test_the_bucket_is_looked_for_by_name_and_owner(
    monkeypatch: pytest.MonkeyPatch, code: str, exists: bool, project: Path
) -> None:
    asked: list[tuple[str, ...]] = []

    def call(context: Context, region: str, *arguments: str) -> None:
        asked.append(arguments)
        if code:
            raise aws.AwsError("no", code)

    monkeypatch.setattr(aws, "call", call)
    context = Context(project=project, environ={}, console=Console(io.StringIO(), io.StringIO(), Redactor([])))
    place = bootstrap.state_bucket(context, ACCOUNT, "us-west-2")
    assert place.exists() is exists
    assert (place.url, place.secrets_provider) == (URL, KEY)
    assert asked == [("s3api", "head-bucket", "--bucket", BUCKET, "--expected-bucket-owner", ACCOUNT)]


@pytest.mark.parametrize("code", ["403", "AccessDenied"])
def test_a_bucket_that_is_closed_to_us_is_never_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, code: str, project: Path
) -> None:
    def call(*_: object) -> None:
        raise aws.AwsError("no", code)

    monkeypatch.setattr(aws, "call", call)
    context = Context(project=project, environ={}, console=Console(io.StringIO(), io.StringIO(), Redactor([])))
    with pytest.raises(DeliveryError, match="closed to you"):
        bootstrap.state_bucket(context, ACCOUNT, "us-west-2").exists()
