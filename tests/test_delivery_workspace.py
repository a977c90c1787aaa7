"""What a stack's file becomes for one operation, and what the engine's failures become."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from delivery.configuration import overridden, overridden_file, secrets_provider, settings_of
from delivery.problems import DeliveryError
from delivery.workspace import Workspace, stacks
from tests.delivery_stage import OLD, Service, Stage
from tests.fake_pulumi import REGISTRY

FILE = """\
# A comment.
secretsprovider: awskms://alias/state?region=us-west-2
encryptedkey: AQICAHg=
config:
  helloworld:kubernetesVersion: "1.35"
  helloworld:flowLogs: yes
  helloworld:replicasMin: 007
  helloworld:image: registry.example.com/old@sha256:0
  helloworld:zones: [a, b]
  aws:key:
    secure: v1:abc
"""
IMAGE = f"{REGISTRY}@{OLD}"


@pytest.fixture
def started(tmp_path: Path) -> Stage:
    """With executables that are really started."""
    return Stage(tmp_path, Service("http://127.0.0.1:9"))


@pytest.fixture
def stage(started: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    started.in_process(monkeypatch)
    return started


def test_an_override_replaces_one_setting_and_keeps_all_else() -> None:
    before, after = yaml.safe_load(FILE), yaml.safe_load(overridden(FILE, {"helloworld:image": IMAGE}))
    before["config"]["helloworld:image"] = IMAGE
    assert after == before
    assert overridden(FILE, {"helloworld:image": IMAGE}).count("helloworld:image") == 1


def test_values_keep_the_form_that_they_are_written_in() -> None:
    after = overridden(FILE, {"helloworld:image": IMAGE})
    for line in ('helloworld:kubernetesVersion: "1.35"', "helloworld:flowLogs: yes", "helloworld:replicasMin: 007"):
        assert line in after


@pytest.mark.parametrize("text", ["", "config:\n", "config: {}\n", "secretsprovider: passphrase\n"])
def test_a_file_without_settings_gets_them(text: str) -> None:
    assert yaml.safe_load(overridden(text, {"helloworld:image": IMAGE}))["config"] == {"helloworld:image": IMAGE}


@pytest.mark.parametrize("written", ["image", "helloworld:config:image", '"helloworld:image"', "? image\n  "])
def test_an_override_replaces_a_setting_however_the_file_writes_its_key(written: str) -> None:
    after = yaml.safe_load(overridden(f"config:\n  {written}: old\n  aws:image: x\n", {"helloworld:image": IMAGE}))
    assert after["config"] == {"aws:image": "x", "helloworld:image": IMAGE}


@pytest.mark.parametrize("value", ["\told", '\t"old"', " old\t# tab", " [old,\tolder]"])
def test_a_file_with_the_tabs_that_the_engine_takes_can_be_overridden(value: str) -> None:
    after = overridden(f"config:\n  helloworld:x:{value}\n", {"helloworld:y": "z"})
    assert "helloworld:y" in after


@given(st.dictionaries(st.from_regex(r"\Ahelloworld:[a-z]{1,9}\Z"), st.text(st.characters(codec="ascii")), min_size=1))
def test_any_text_is_an_override_and_stays_a_text(overrides: dict[str, str]) -> None:
    printable = {key: "".join(c for c in value if c.isprintable()) for key, value in overrides.items()}
    assert yaml.safe_load(overridden(FILE, printable))["config"].items() >= printable.items()


def test_the_copy_is_gone_afterwards_even_after_a_failure(stage: Stage) -> None:
    found: list[Path] = []

    def interrupted() -> None:
        with overridden_file(stage.project, "dev", {"helloworld:image": IMAGE}) as path:
            found.append(Path(path or ""))
            assert IMAGE in found[0].read_text()
            assert found[0].parent.stat().st_mode & 0o077 == 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not found[0].parent.exists()


def test_without_overrides_the_stacks_own_file_is_used(stage: Stage) -> None:
    with overridden_file(stage.project, "dev", None) as path:
        assert path is None


def test_the_file_says_who_encrypts(stage: Stage) -> None:
    assert secrets_provider(stage.project, "dev") is None
    (stage.project / "Pulumi.dev.yaml").write_text(FILE)
    assert secrets_provider(stage.project, "dev") == "awskms://alias/state?region=us-west-2"


def test_a_stack_is_made_with_the_provider_of_its_file(stage: Stage) -> None:
    (stage.project / "Pulumi.dev.yaml").write_text(FILE)
    Workspace.open(stage.context(), "dev", create=True)
    [call] = stage.pulumi.called("stack", "init")
    assert call["argv"][call["argv"].index("--secrets-provider") + 1] == "awskms://alias/state?region=us-west-2"


def test_settings_have_the_files_and_the_programs_problems_together(stage: Stage) -> None:
    (stage.project / "Pulumi.dev.yaml").write_text("config:\n  helloworld:zones: 3\n  helloworld:region: nowhere\n")
    with pytest.raises(DeliveryError) as refused:
        settings_of(stage.context(), "dev")
    assert "helloworld:zones" in str(refused.value)
    assert "helloworld:region" in str(refused.value)
    assert "2 problems" in str(refused.value)


@pytest.mark.parametrize("name", ["nope", "../dev", "", "--help", "Dev"])
def test_a_stack_without_a_file_is_refused_with_those_there_are(stage: Stage, name: str) -> None:
    with pytest.raises(DeliveryError, match="dev, prod"):
        settings_of(stage.context(), name)


def test_outputs_that_are_secret_are_hidden_from_then_on(stage: Stage) -> None:
    stage.pulumi.stack("dev", {"kubeconfig": "very-secret-kubeconfig", "url": "http://127.0.0.1:9"})
    context = stage.context()
    assert Workspace.open(context, "dev", create=False).outputs()["kubeconfig"] == "very-secret-kubeconfig"
    context.console.say("very-secret-kubeconfig at http://127.0.0.1:9")
    assert stage.out.getvalue() == "[secret] at http://127.0.0.1:9\n"


def test_what_the_engine_says_is_shown_without_secrets(started: Stage) -> None:
    started.pulumi.stack("dev")
    secret = started.environ["PULUMI_CONFIG_PASSPHRASE"]
    started.pulumi.answer("up", stdout=f"one\ntwo with {secret}", outputs={"url": "x"})
    outputs = Workspace.open(started.context(), "dev", create=False).up("deploy dev")
    assert outputs["url"] == "x"
    assert "one\ntwo with [secret]\n" in started.out.getvalue()


def test_an_engine_that_is_killed_leaves_word_of_its_lock(started: Stage) -> None:
    started.pulumi.stack("dev")
    started.pulumi.answer("up", kill=True)
    with pytest.raises(DeliveryError, match="killed") as failed:
        Workspace.open(started.context(), "dev", create=False).up("deploy dev")
    assert "make unlock" in str(failed.value)


def test_a_preview_counts_what_changes(started: Stage) -> None:
    started.pulumi.stack("dev")
    started.pulumi.answer("preview", changes={"same": 9, "update": 2, "create": 0})
    preview = Workspace.open(started.context(), "dev", create=False).preview(refresh=True)
    assert preview.changes == {"update": 2}
    assert "--refresh" in started.pulumi.called("preview")[0]["argv"]


def test_a_stack_is_removed_but_its_file_stays(stage: Stage) -> None:
    stage.pulumi.stack("dev")
    Workspace.open(stage.context(), "dev", create=False).remove()
    assert "dev" not in stage.pulumi.state["stacks"]
    assert "--preserve-config" in stage.pulumi.called("stack", "rm")[0]["argv"]


def test_the_backends_stacks_are_listed(stage: Stage) -> None:
    stage.pulumi.stack("dev")
    stage.pulumi.stack("pr-3", resources=2)
    assert [(each.name, each.resource_count) for each in stacks(stage.context())] == [("dev", 5), ("pr-3", 2)]


def test_a_backend_that_cannot_be_read_says_why(stage: Stage) -> None:
    stage.pulumi.answer("stack", "ls", code=255, stderr="error: no credentials for the bucket")
    with pytest.raises(DeliveryError, match="no credentials for the bucket"):
        stacks(stage.context())
