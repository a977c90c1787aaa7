"""What is written for others to read, in Markdown: text of strangers stays text, whatever reads it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from delivery import announce, drift, markdown, preview, revert, review_environment, slack, summary, targets
from delivery.comment import MARKER, assemble, section, sections_of
from delivery.explanation import Step
from delivery.git import GitError
from delivery.workspace import Preview
from tests import hostile
from tests.delivery_context import told

PROJECT = Path(__file__).parent.parent
# What GitHub's own dialect begins with: https://github.github.com/gfm/
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(
    r"<(/?details|details open|/?summary|/?sub|br)>"
    r"|<!-- helloworld:(report|review|section [a-z-]+ [0-9a-f]{12}|end [a-z-]+) -->"
)
MENTION = re.compile(r"(?<![A-Za-z0-9])@[A-Za-z0-9]|#\d|(?<![A-Za-z0-9])gh-\d", re.IGNORECASE)
ADDRESS = re.compile(r"://|(?<![A-Za-z0-9])www\.", re.IGNORECASE)


def inline(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or []))]


def assert_inert(text: str, links: frozenset[str] = frozenset()) -> None:
    """Read as GitHub reads it, the text links nowhere but there, shows no picture, mentions nobody, and has no tag."""
    for token in inline(READER.parse(text)):
        assert token.type != "image", text
        if token.type == "link_open":
            assert token.attrGet("href") in links, text
        if token.type in ("html_block", "html_inline"):
            left = OURS.sub("", token.content)
            assert not re.search(r"<[A-Za-z/!?]", left), text
        if token.type == "text":
            assert not MENTION.search(token.content), text
            assert token.content in links or not ADDRESS.search(token.content), text


markdown_texts = hostile.texts | st.lists(
    st.sampled_from(
        [
            *("@team", "#1", "GH-1", "gh-2", "[x](y)", "![x](y)", "[x]: y", "<b>", "<a href=x>", "</details>", "<!--"),
            *("<details>", "<summary>", "```", "````", "~~~", "```diff", "`", "\n", "\n\n", "    ", "> ", "- ", "1. "),
            *("|", "|-|\n", "\t", "\\", "&lt;", "&#60;", "&#x40;", "&commat;", "://", "www.", "https", "*", "_", "# "),
            *("\r", "\x00", "\u202e", "\u200b", "<br>", "-->", "]]>", "<?php", "<![CDATA[", "$$", "\\(", ":tada:"),
        ]
    ),
    max_size=20,
).map("".join)


@hostile.many(600)
@given(text=markdown_texts)
@example(text="_GH-1_ and _www.evil.example.com_")
def test_a_report_of_a_stranger_is_read_as_text(text: str) -> None:
    body = assemble({"check": section(text, "")}, "")
    assert_inert(body)
    assert sections_of([body])["check"].text == section(text, "").text


@hostile.many(100)
@given(texts=st.lists(markdown_texts, min_size=2, max_size=4))
def test_sections_stay_apart_whatever_is_in_them(texts: list[str]) -> None:
    sections = {f"preview-{name}": section(text, "") for name, text in zip("abcd", texts, strict=False)}
    assert sections_of([assemble(sections, "")]) == sections


@hostile.many(200)
@given(url=hostile.texts | markdown_texts, commit=hostile.texts)
@example(url="https://dev.example.com", commit="0123456")
@example(url="http://k8s-x.elb.us-west-2.amazonaws.com", commit="unknown")
def test_the_comment_on_an_environment_links_to_its_host_only(url: str, commit: str) -> None:
    """A review environment's outputs are what the pull request's own program says."""
    text = f"{MARKER}\n{review_environment.deployed(url, commit, 7, '')}"
    assert_inert(text, frozenset({url} if markdown.ADDRESS.fullmatch(url) else ()))
    assert text.count("\n### ") == 1


def test_the_address_of_an_environment_can_be_clicked() -> None:
    for url in ("https://pr-7.dev.example.com", "http://k8s-a-1.elb.us-west-2.amazonaws.com", "http://localhost:8080/"):
        assert f"\n{url}\n" in review_environment.deployed(url, "0123456", 7, "")


@hostile.many(100)
@given(text=markdown_texts, name=hostile.texts)
def test_what_an_engine_says_stays_in_its_fence(text: str, name: str) -> None:
    step = Step(op="update", urn=f"urn:pulumi:dev::helloworld::aws:s3/bucket:Bucket::{name}", fields=(text,))
    what = Preview(changes={"update": 1}, text=text, steps=(step,))
    for report in (
        review_environment.failed(text, ""),
        drift.body("dev", [step], text, ""),
        preview.short("dev", what),
    ):
        assert_inert(report)
        headings = [token for token in READER.parse(report) if token.type == "heading_open"]
        assert len(headings) == report.startswith("### ")


@hostile.many(100)
@given(text=markdown_texts, code=st.sampled_from([0, 1]))
@example(text=f"**{'9' * 5000}** mandatory and 1 advisory findings", code=0)
def test_a_previews_own_text_is_summed_up(text: str, code: int) -> None:
    outcome = summary.Outcome(stack="dev", code=code, text=text, said=text)
    assert "\n" not in summary.headline(outcome)
    assert_inert(summary.report([outcome], {}))


@hostile.many(100)
@given(url=hostile.texts, image=hostile.texts, commit=hostile.texts)
def test_what_a_job_is_told_is_two_outputs_and_a_table(url: str, image: str, commit: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: dict[str, str] = {}
        patch.setattr(announce, "append_or_warn", lambda _, to, text: written.update({to: text}))
        command = told(PROJECT, {})
        announce.tell(command.context, "deploy dev", {"url": url, "image": image}, commit)
    lines = written["GITHUB_OUTPUT"].splitlines()
    assert [line.partition("=")[0] for line in lines] == ["url", "image"]
    page = written["GITHUB_STEP_SUMMARY"]
    assert_inert(page, frozenset({url} if markdown.ADDRESS.fullmatch(url) else ()))
    assert [token.type for token in READER.parse(page)].count("tr_open") == 4


@hostile.many(100)
@given(branch=hostile.texts)
def test_no_branch_but_those_of_the_mode_deploys(branch: str) -> None:
    for mode, known in targets.MODES.items():
        found = targets.targets(branch, mode)
        assert (found != targets.Targets()) == (branch in known)


@hostile.many(100)
@given(text=hostile.texts)
def test_slack_is_told_text(text: str) -> None:
    told_text = slack.escaped(text)
    assert not re.search(r"<|>|&(?!amp;|lt;|gt;)", told_text)


@hostile.many(100)
@given(subject=hostile.texts | st.text(min_size=240, max_size=400))
def test_the_title_of_a_revert_is_one_that_github_takes(subject: str) -> None:
    title = revert._title(subject)
    assert title.startswith('Revert "')
    assert title.endswith('"')
    assert len(title) <= 256


REFS = [each for each in hostile.NASTY if "\x00" not in each and "\ud800" not in each] + [
    "--output=canary",
    "--exec=touch canary",
    "-c core.pager=touch canary",
    "HEAD:refs/heads/main",
    "main:stolen",
    "ext::sh -c touch% canary",
    "@{-1}",
    "HEAD^{/x",
    "main..HEAD",
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("checkout")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q", "-b", "main"], [*author, "commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(["git", *command], cwd=made, check=True, capture_output=True)
    subprocess.run(["git", "remote", "add", "origin", str(made)], cwd=made, check=True)
    return made


def state(checkout: Path) -> tuple[list[str], str]:
    files = sorted(path.name for path in checkout.iterdir())
    refs = subprocess.run(["git", "for-each-ref"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    return files, refs


@pytest.mark.parametrize("ref", REFS, ids=lambda ref: ascii(ref)[:30])
def test_a_reference_is_never_an_option_and_writes_nothing(checkout: Path, ref: str) -> None:
    before = state(checkout)
    context = told(checkout, {**os.environ, "GITHUB_REF_NAME": ref}).context
    assert isinstance(summary._branched_from(context, ref), str)
    with pytest.raises(GitError), revert._work_tree(checkout, ref, context.environ):
        pytest.fail("a work tree of what is no branch")
    assert state(checkout) == before


@pytest.mark.parametrize("commit", ["--git-dir=x", "-x", "$(touch canary)", "main", "0123456\n", "HEAD", ""])
def test_only_a_commit_is_reverted(checkout: Path, commit: str) -> None:
    before = state(checkout)
    command = told(checkout, {**os.environ, "GITHUB_TOKEN": "a-token", "GITHUB_REPOSITORY": "a/b"})
    assert revert.open_pull_request(command.context, "dev", commit) is None
    assert "which commit the image is of is not known" in command.text
    assert state(checkout) == before
