"""What a push does, and whether an image is of the commit that is promoted."""

import argparse
import json
from pathlib import Path

import pytest

from delivery import targets
from delivery.problems import DeliveryError
from delivery.targets import MODES, Source, Targets, check_same_source
from tests.delivery_context import told

ONE, TWO = "1" * 40, "2" * 40
CONTENT, OTHER = "c0ffee000000", "decaf0000000"
NONE = Targets()


@pytest.mark.parametrize(
    ("mode", "branch", "expected"),
    [
        ("trunk", "main", Targets(deploy="dev", promote="prod", source="dev")),
        ("trunk", "develop", NONE),
        ("branches", "develop", Targets(deploy="dev")),
        ("branches", "main", Targets(promote="prod", source="dev")),
    ],
)
def test_a_push_does_what_the_mode_says(mode: str, branch: str, expected: Targets) -> None:
    assert targets.targets(branch, mode) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("branch", ["topic", "Main", "main ", "refs/heads/main", "main2", "", "$(id)", "main\n"])
def test_any_other_branch_does_nothing(mode: str, branch: str) -> None:
    assert targets.targets(branch, mode) == NONE


@pytest.mark.parametrize("mode", MODES)
def test_prod_only_ever_gets_what_ran_in_dev(mode: str) -> None:
    for each in MODES[mode].values():
        assert each.deploy in ("", "dev")
        assert (each.promote, each.source) in (("", ""), ("prod", "dev"))


def test_trunk_is_the_mode_if_none_is_set() -> None:
    assert targets.mode_of({}) == targets.mode_of({"DELIVERY_MODE": ""}) == "trunk"


@pytest.mark.parametrize("mode", ["Trunk", "gitflow", "branches\n", "$(id)"])
def test_another_mode_is_refused_by_name(mode: str) -> None:
    with pytest.raises(DeliveryError, match=r"DELIVERY_MODE = .*\n  cure: trunk or branches"):
        targets.mode_of({"DELIVERY_MODE": mode})


def test_it_is_told_as_json_and_to_later_steps_of_the_job(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("before=1\n")
    command = told(tmp_path, {"GITHUB_OUTPUT": str(output), "DELIVERY_MODE": "branches"})
    assert targets.run(command.context, argparse.Namespace(branch="main\ndeploy=prod")) == 0
    assert json.loads(command.out.getvalue()) == {"deploy": "", "promote": "", "source": ""}
    assert output.read_text() == "before=1\ndeploy=\npromote=\nsource=\n"


def test_an_output_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    command = told(tmp_path, {"GITHUB_OUTPUT": str(tmp_path / "missing" / "output")})
    with pytest.raises(DeliveryError, match="GITHUB_OUTPUT"):
        targets.run(command.context, argparse.Namespace(branch="main"))


def source(commit: str, content: str) -> Source:
    return Source(commit=commit, tag=f"{commit[:7]}-{content}-arm64" if content else "sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("running", "promoted"),
    [
        (source(ONE, CONTENT), source(ONE, CONTENT)),
        # A squashed merge is another commit of the same content.
        (source(ONE, CONTENT), source(TWO, CONTENT)),
        (source("unknown", CONTENT), source(TWO, CONTENT)),
        # After a roll-back only the digest is recorded.
        (source(ONE, ""), source(ONE, CONTENT)),
    ],
)
def test_an_image_of_the_same_source_is_promoted(running: Source, promoted: Source) -> None:
    check_same_source("dev", running, promoted)


@pytest.mark.parametrize(
    ("running", "promoted", "reason"),
    [
        (source(ONE, OTHER), source(TWO, CONTENT), f"content {OTHER}, and that of this commit has {CONTENT}"),
        # Built from a checkout with changes that are in no commit.
        (source(ONE, OTHER), source(ONE, CONTENT), OTHER),
        (source(ONE, ""), source(TWO, CONTENT), "built from commit 1111111, and app/ was last touched by 2222222"),
        (source("unknown", ""), source("unknown", CONTENT), "nobody can tell"),
        (source("", ""), source(TWO, CONTENT), "nobody can tell"),
    ],
)
def test_an_image_of_another_source_is_refused_with_the_reason(running: Source, promoted: Source, reason: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        check_same_source("dev", running, promoted)
    assert reason in str(caught.value)
    assert "cure: deploy this source to dev first" in str(caught.value)


def test_a_tag_is_read_from_a_whole_reference_too() -> None:
    assert Source(commit=ONE, tag=f"registry.example.com:5000/app:1111111-{CONTENT}-amd64").content == CONTENT
    assert Source(commit=ONE, tag=f"registry.example.com/app@sha256:{'0' * 64}").content == ""
