"""The one comment of a pull request, and the text of others that goes into it."""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import comment, markdown
from delivery.comment import MARKER, Section, assemble, section, sections_of
from delivery.problems import DeliveryError
from delivery.reports import MOST_BYTES, read_reports
from tests import github_server
from tests.delivery_context import Told, told
from tests.github_server import TOKEN, FakeGitHub

SHA = "a" * 40
FORK = "mallory/helloworld"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with github_server.serving() as served:
        yield served


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / ".reports"
    path.mkdir()
    return path


def options(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"pr": None, "event": None, "section": None, "reports": None, **given})


def commented(fake: FakeGitHub, project: Path, **given: object) -> Told:
    command = told(project, fake.environ)
    assert comment.run(command.context, options(**given)) == 0
    assert TOKEN not in command.text
    return command


def the_comment(fake: FakeGitHub, number: int = 7) -> str:
    (body,) = fake.comments_on(number)
    return body


def event(tmp_path: Path, **changes: object) -> Path:
    run = {
        "id": 4711,
        "event": "pull_request",
        "head_branch": "topic",
        "head_sha": SHA,
        "head_repository": {"full_name": FORK, "owner": {"login": "mallory"}},
        "pull_requests": [],
        **changes,
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"workflow_run": run}))
    return path


class TestSections:
    def test_each_report_is_a_section_of_one_comment(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        (reports / "preview-dev.md").write_text("of dev")
        (reports / "preview-prod.md").write_text("of prod")
        (reports / "preview-dev.txt").write_text("not this")
        (reports / "other.md").write_text("nor this")
        commented(fake, reports.parent, pr=7)
        found = {name: each.text for name, each in sections_of([the_comment(fake)]).items()}
        assert found == {"check": "the check", "preview-dev": "of dev", "preview-prod": "of prod"}

    def test_a_job_replaces_its_own_sections_and_leaves_the_others(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        (reports / "preview-dev.md").write_text("of dev")
        commented(fake, reports.parent, pr=7)
        (reports / "check.md").write_text("the newer check")
        (reports / "preview-dev.md").write_text("not asked for")
        commented(fake, reports.parent, pr=7, section="check")
        found = {name: each.text for name, each in sections_of([the_comment(fake)]).items()}
        assert found == {"check": "the newer check", "preview-dev": "of dev"}

    def test_what_another_job_writes_at_the_same_time_stays(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        theirs = {"preview-dev": section("of dev", "")}

        def overwrite() -> None:
            fake.comments[0]["body"] = assemble(theirs, "")

        fake.afterwards("POST", "/comments", overwrite)
        commented(fake, reports.parent, pr=7)
        assert sorted(sections_of([the_comment(fake)])) == ["check", "preview-dev"]

    def test_two_comments_made_at_once_become_one_with_both_sections(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        theirs = {"preview-dev": section("of dev", "")}

        def make_another() -> None:
            fake.add_comment(7, assemble(theirs, ""))

        fake.afterwards("POST", "/comments", make_another)
        commented(fake, reports.parent, pr=7)
        assert sorted(sections_of([the_comment(fake)])) == ["check", "preview-dev"]

    def test_a_killed_run_is_made_good_by_the_next(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        fake.refuse("PATCH", "/comments/", 500, times=1)
        fake.add_comment(7, f"{MARKER}\n\nhalf a section <!-- helloworld:section check")
        with pytest.raises(DeliveryError, match="500"):
            comment.run(told(reports.parent, fake.environ).context, options(pr=7))
        commented(fake, reports.parent, pr=7)
        assert sections_of([the_comment(fake)])["check"].text == "the check"

    def test_a_secret_in_a_report_is_not_posted(self, fake: FakeGitHub, reports: Path) -> None:
        (reports / "check.md").write_text(f"it said {TOKEN}")
        commented(fake, reports.parent, pr=7)
        assert TOKEN not in the_comment(fake)
        assert "it said [secret]" in the_comment(fake)

    def test_without_a_token_it_is_refused(self, reports: Path) -> None:
        (reports / "check.md").write_text("the check")
        with pytest.raises(DeliveryError, match="GITHUB_TOKEN"):
            comment.run(told(reports.parent, {}).context, options(pr=7))

    def test_without_a_report_it_says_what_makes_one(self, fake: FakeGitHub, reports: Path) -> None:
        with pytest.raises(DeliveryError, match="make summary"):
            comment.run(told(reports.parent, fake.environ).context, options(pr=7))
        assert fake.requests == []


class TestLength:
    def test_what_is_too_long_is_cut_at_a_line_and_says_where_the_rest_is(
        self, fake: FakeGitHub, reports: Path
    ) -> None:
        (reports / "check.md").write_text("\n".join(f"line {number} of the check" for number in range(9000)))
        commented(fake, reports.parent, pr=7)
        body = the_comment(fake)
        assert "https://github.example.com/example/helloworld/actions/runs/42#artifacts" in body
        lines = [line for line in body.split("\n") if line.startswith("line")]
        assert lines == [f"line {number} of the check" for number in range(len(lines))]
        assert 50_000 < len(body) <= 65_536

    def test_a_long_section_leaves_the_short_ones_whole(self) -> None:
        long = {f"preview-{name}": section("x\n" * 40_000, "") for name in ("dev", "prod")}
        body = assemble({**long, "check": section("short", "")}, "there")
        assert markdown.size(body) <= 65_536
        found = sections_of([body])
        assert found["check"].text == "short"
        sizes = [markdown.size(found[name].text) for name in long]
        assert min(sizes) > 25_000

    @settings(max_examples=25)
    @given(st.lists(st.integers(0, 70_000), min_size=1, max_size=10))
    def test_the_comment_never_gets_too_long(self, lengths: list[int]) -> None:
        parts = {
            f"preview-{chr(97 + n)}": section(f"{'🙂' * 40}\n" * (length // 81), "") for n, length in enumerate(lengths)
        }
        body = assemble(parts, "there")
        assert markdown.size(body) <= 65_536
        assert sections_of([body]).keys() == parts.keys()

    def test_a_cut_closes_fences_and_folds(self) -> None:
        text = "<details><summary>all</summary>\n\n````diff\n" + "+ x\n" * 1000 + "````\n\n</details>"
        cut = markdown.fit(text, 500, "CUT")
        assert cut.endswith("\n````\n\n</details>\n\nCUT")
        assert markdown.size(cut) <= 500


HOSTILE = st.lists(
    st.sampled_from(
        [*"`~<>@#&;:!/[]()|*_\\-= \n\r\t\x00a1", "\u202e", "```", "<details>", "</details>", "-->", "<!--"]
    ),
    max_size=60,
).map("".join)


class TestHostileText:
    @pytest.mark.parametrize(
        "text",
        [
            "@team",
            "x @team",
            "(@team)",
            "_@team_",
            "\\@team",
            "**@team**",
            "é@team",
            "`@team`",
            "```\n@team\n```",
            "&#64;team",
            "&commat;team",
            "<b>@team</b>",
            "@\u202eteam",
        ],
    )
    def test_nobody_is_mentioned(self, text: str) -> None:
        assert not re.search(r"(?<![A-Za-z0-9])@[A-Za-z0-9]|&#|&commat;", markdown.neutral(text))

    def test_an_image_reference_can_still_be_copied(self) -> None:
        reference = f"registry.example.com/app@sha256:{'0' * 64}"
        assert markdown.neutral(reference) == reference

    @pytest.mark.parametrize(
        "text",
        [
            "#12",
            "GH-12",
            "other/repository#12",
            "https://github.com/other/repository/issues/1",
            "[look](//evil.example.com)",
            "![](//evil.example.com/x.png)",
            "[look]: //evil.example.com",
            "[look][evil]",
            "www.evil.example.com",
            "<https://evil.example.com>",
            "<img src=//evil.example.com/x.png>",
            "<a href=x>",
            "<details onclick=x>",
            "<details\nopen>",
            "<script>",
            "<!-- helloworld:end check -->",
            "<?x",
        ],
    )
    def test_no_link_picture_tag_or_reference_comes_out(self, text: str) -> None:
        left = markdown.neutral(text)
        assert left != text
        assert not re.search(r"#\d|(?i:gh-\d)|\][(\[:]|://|www\.|<(?!/?details>)[a-z/!?]", left)

    def test_what_a_report_needs_stays(self) -> None:
        text = (
            "### Preview of `dev`\n\n| create | change |\n|---|---|\n| 1 | 2 |\n\n"
            "<details open><summary>All</summary>\n\n- **a** `b`\n\n</details>\n\n```diff\n+ x <string> &amp; y\n```"
        )
        assert markdown.neutral(text).replace(markdown.NOTHING, "") == text

    @given(HOSTILE)
    def test_no_text_leaves_its_section(self, text: str) -> None:
        body = assemble({"check": section(text, ""), "preview-dev": section("of dev", "")}, "")
        assert body.startswith(f"{MARKER}\n")
        assert body.count("<!--") == 5
        assert sections_of([body])["preview-dev"].text == "of dev"

    @given(HOSTILE)
    def test_done_twice_is_as_done_once(self, text: str) -> None:
        once = markdown.neutral(text)
        assert markdown.neutral(once) == once

    @given(HOSTILE)
    def test_every_fence_is_closed_and_begins_its_line(self, text: str) -> None:
        lines = section(text, "").text.split("\n")
        fence = ""
        for line in lines:
            if fence:
                fence = "" if re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}[ \t]*", line) else fence
                continue
            assert not re.search(r"^(?!`).*```|~~~", line)
            opening = re.match("`{3,}", line)
            fence = opening[0] if opening else ""
        assert fence == ""

    @given(HOSTILE)
    def test_no_text_closes_the_fence_that_it_is_put_into(self, text: str) -> None:
        first, *inner, last = markdown.code(text, "text").split("\n")
        fence = first.removesuffix("text")
        assert last == fence
        assert not any(re.match(rf" {{0,3}}`{{{len(fence)},}}", line) for line in inner)

    def test_a_block_of_html_hides_no_fence(self) -> None:
        assert markdown.neutral("<details>\n```\n") == "<details>\n\n```\n"

    def test_a_drawing_is_shown_as_text(self) -> None:
        assert markdown.neutral("```mermaid\ngraph\n```") == "```\ngraph\n```"

    def test_a_section_cannot_be_forged_by_a_report(self, fake: FakeGitHub, reports: Path) -> None:
        forged = assemble({"preview-prod": Section(version="0" * 12, text="nothing changes")}, "")
        (reports / "check.md").write_text(forged)
        commented(fake, reports.parent, pr=7)
        assert list(sections_of([the_comment(fake)])) == ["check"]


class TestReportsOfAFork:
    def test_the_pull_request_is_found_by_what_github_says_of_the_run(
        self, fake: FakeGitHub, reports: Path, tmp_path: Path
    ) -> None:
        fake.add_pull(6, branch="topic", sha="b" * 40, repository=FORK)
        fake.add_pull(7, branch="topic", sha=SHA, repository=FORK)
        fake.add_pull(8, branch="topic", sha=SHA)
        fake.add_pull(9, branch="topic", sha=SHA, repository="mallory/another")
        (reports / "check.md").write_text("the check of pull request 8")
        commented(fake, tmp_path, event=event(tmp_path), reports=reports)
        assert sorted({each["issue"] for each in fake.comments}) == [7]

    def test_the_rest_is_at_the_run_that_made_it(self, fake: FakeGitHub, reports: Path, tmp_path: Path) -> None:
        fake.add_pull(7, sha=SHA, repository=FORK)
        (reports / "check.md").write_text("long\n" * 20_000)
        commented(fake, tmp_path, event=event(tmp_path))
        assert "/actions/runs/4711#artifacts" in the_comment(fake)

    def test_a_pull_request_that_has_moved_on_or_is_closed_is_left_alone(
        self, fake: FakeGitHub, reports: Path, tmp_path: Path
    ) -> None:
        fake.add_pull(7, sha="b" * 40, repository=FORK)
        fake.add_pull(8, sha=SHA, repository=FORK, state="closed")
        (reports / "check.md").write_text("the check")
        assert "nothing to comment on" in commented(fake, tmp_path, event=event(tmp_path)).text
        assert fake.comments == []

    def test_it_fills_the_check_only(self, fake: FakeGitHub, reports: Path, tmp_path: Path) -> None:
        fake.add_pull(7, sha=SHA, repository=FORK)
        (reports / "check.md").write_text("the check")
        (reports / "preview-prod.md").write_text("nothing changes")
        commented(fake, tmp_path, event=event(tmp_path))
        assert list(sections_of([the_comment(fake)])) == ["check"]
        with pytest.raises(DeliveryError, match="section check only"):
            comment.run(told(tmp_path, fake.environ).context, options(event=event(tmp_path), section="preview"))

    @pytest.mark.parametrize("changes", [{"event": "push"}, {"head_repository": None}, {"id": "x"}])
    def test_another_event_is_refused(
        self, fake: FakeGitHub, reports: Path, tmp_path: Path, changes: dict[str, object]
    ) -> None:
        (reports / "check.md").write_text("the check")
        with pytest.raises(DeliveryError, match="event"):
            comment.run(told(tmp_path, fake.environ).context, options(event=event(tmp_path, **changes)))
        assert fake.requests == []

    def test_a_link_is_not_followed(self, reports: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("a secret")
        (reports / "check.md").symlink_to(tmp_path / "secret")
        with pytest.raises(DeliveryError, match="plain file"):
            read_reports(reports, ["check"])

    def test_a_directory_that_is_a_link_is_not_followed(self, reports: Path, tmp_path: Path) -> None:
        (reports / "check.md").write_text("the check")
        (tmp_path / "link").symlink_to(reports)
        with pytest.raises(DeliveryError, match="symbolic link"):
            read_reports(tmp_path / "link", ["check"])

    def test_a_pipe_or_directory_is_not_waited_for(self, reports: Path) -> None:
        os.mkfifo(reports / "check.md")
        with pytest.raises(DeliveryError, match="plain file"):
            read_reports(reports, ["check"])
        (reports / "check.md").unlink()
        (reports / "check.md").mkdir()
        with pytest.raises(DeliveryError, match="plain file"):
            read_reports(reports, ["check"])

    def test_one_that_is_too_large_is_refused(self, reports: Path) -> None:
        (reports / "check.md").write_bytes(b"x" * (MOST_BYTES + 1))
        with pytest.raises(DeliveryError, match="a report is smaller"):
            read_reports(reports, ["check"])

    def test_too_many_are_refused(self, reports: Path) -> None:
        for number in range(11):
            (reports / f"preview-x{number}.md").write_text("x")
        with pytest.raises(DeliveryError, match="11 reports"):
            read_reports(reports, ["preview"])

    def test_bytes_that_are_no_text_are_shown_as_such(self, reports: Path) -> None:
        (reports / "check.md").write_bytes(b"a\xff\xfeb")
        assert read_reports(reports, ["check"]) == {"check": "a\ufffd\ufffdb"}

    def test_names_that_are_no_reports_are_not_read(self, reports: Path) -> None:
        for name in ("preview-.md", "preview-A.md", "preview-a b.md", "check.md.md", "preview-a\n.md", "xcheck.md"):
            (reports / name).write_text("x")
        with pytest.raises(DeliveryError, match="no report"):
            read_reports(reports, ["check", "preview"])
