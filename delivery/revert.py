"""A pull request that takes a commit back, so that the trunk does not bring it to the stack again."""

import base64
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from delivery import markdown
from delivery.context import Context
from delivery.git import GitError, git
from delivery.github import GitHub
from delivery.problems import DeliveryError
from delivery.workflow_run import DEFAULT_SERVER
from infra.problems import shown

# https://github.com/orgs/community/discussions/26560
BOT = {"name": "github-actions[bot]", "email": "41898282+github-actions[bot]@users.noreply.github.com"}
BY_HAND = "by hand: git revert"
COMMIT = re.compile(r"[0-9a-f]{7,64}")
# GitHub takes no longer title.
MOST_TITLE = 256


def open_pull_request(context: Context, stack: str, commit: str) -> str | None:
    """Open a pull request that reverts a commit.

    The checkout is not touched: it is done in a work tree of its own, that goes at the end. The roll-back is done by
    then, so whatever goes wrong here is a warning.

    Args:
        context: the command's; its environment says where GitHub is, and who asks.
        stack: that was rolled back.
        commit: to revert; the beginning of it, or `unknown`.

    Returns:
        The pull request's address; None if there is none.
    """
    console = context.console
    github = GitHub.from_environ(context)
    if github is None:
        console.warn("no revert pull request: GITHUB_TOKEN and GITHUB_REPOSITORY are not both set")
        return None
    if not COMMIT.fullmatch(commit):
        console.warn("no revert pull request: which commit the image is of is not known")
        return None
    try:
        environ = _with_login(context)
        base = _base(context)
        branch = f"revert-{commit[:7]}-{stack}"
        with _work_tree(context.project, base, environ) as tree:
            subject = _revert(tree, commit, environ)
            git(tree, "push", "origin", f"HEAD:refs/heads/{branch}", environ=environ)
        body = (
            f"`{stack}` was rolled back from this commit. "
            f"As long as it is on `{markdown.neutral(base)}`, the next delivery brings it back.\n"
        )
        address = github.open_pull_request(branch, base, _title(subject), body)
    except DeliveryError as error:
        console.warn(f"no revert pull request: {error}\n  {BY_HAND} {commit}")
        return None
    console.say(f"Revert pull request: {address}")
    return address


def _title(subject: str) -> str:
    room = MOST_TITLE - len('Revert ""')
    return f'Revert "{subject if len(subject) <= room else subject[: room - 1] + "…"}"'


def _base(context: Context) -> str:
    """The branch that is delivered from."""
    if branch := context.environ.get("GITHUB_REF_NAME"):
        return branch
    try:
        head = git(context.project, "symbolic-ref", "--short", "refs/remotes/origin/HEAD", environ=context.environ)
        return head.removeprefix("origin/")
    except GitError:
        return "main"


@contextmanager
def _work_tree(project: Path, base: str, environ: Mapping[str, str]) -> Iterator[Path]:
    # A colon in it would make git write to a branch of ours.
    try:
        git(project, "check-ref-format", f"refs/heads/{base}", environ=environ)
    except GitError:
        raise GitError(f"{shown(base)} is no branch's name") from None
    git(project, "fetch", "--no-tags", "origin", f"refs/heads/{base}", environ=environ)
    tip = git(project, "rev-parse", "FETCH_HEAD", environ=environ)
    with tempfile.TemporaryDirectory(prefix="helloworld-revert-") as folder:
        tree = Path(folder) / "tree"
        git(project, "worktree", "add", "--detach", str(tree), tip, environ=environ)
        try:
            yield tree
        finally:
            git(project, "worktree", "remove", "--force", str(tree), environ=environ)


def _revert(tree: Path, commit: str, environ: Mapping[str, str]) -> str:
    """Commit the revert; the subject of what was reverted."""
    found = git(tree, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", environ=environ)
    try:
        git(tree, "merge-base", "--is-ancestor", found, "HEAD", environ=environ)
    except GitError:
        raise GitError(f"commit {commit[:7]} is not on the branch that is delivered from") from None
    parents = git(tree, "rev-list", "--parents", "--max-count=1", found, environ=environ).split()[1:]
    mainline = ["--mainline", "1"] if len(parents) > 1 else []
    try:
        git(tree, *_author(tree, environ), "revert", "--no-edit", *mainline, found, environ=environ)
    except GitError:
        raise GitError(f"commit {commit[:7]} cannot be reverted by itself: later changes conflict with it") from None
    return git(tree, "log", "--max-count=1", "--no-show-signature", "--format=%s", found, environ=environ)


def _author(tree: Path, environ: Mapping[str, str]) -> list[str]:
    try:
        git(tree, "config", "user.email", environ=environ)
    except GitError:
        return [argument for key, value in BOT.items() for argument in ("-c", f"user.{key}={value}")]
    return []


def _with_login(context: Context) -> dict[str, str]:
    """The environment, with the token as a login to GitHub over https: in no argument, and in no file."""
    server, token = context.environ.get("GITHUB_SERVER_URL") or DEFAULT_SERVER, context.environ["GITHUB_TOKEN"]
    remote = git(context.project, "remote", "get-url", "origin", environ=context.environ)
    if urlsplit(remote)[:2] != urlsplit(server)[:2]:
        return dict(context.environ)
    login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    context.console.hide([login])
    # An empty value first: a checkout may have a header of its own, and two would be refused.
    key = f"http.{server}/.extraheader"
    return {
        **context.environ,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": key,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": key,
        "GIT_CONFIG_VALUE_1": f"AUTHORIZATION: basic {login}",
    }
