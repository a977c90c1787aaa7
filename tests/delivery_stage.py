"""A project, an engine, an account and a service, for the tests of `delivery`: all of them fakes but the project."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from delivery import releases
from delivery.__main__ import main
from delivery.console import Console
from delivery.context import Context
from delivery.engine import Engine
from delivery.redaction import Redactor, secrets_of
from tests import fake_aws
from tests.fake_aws import FakeAws
from tests.fake_pulumi import REGISTRY, VERSION, FakePulumi, digest_of, update

REPOSITORY = REGISTRY.partition("/")[2]
OLD, NEW, OTHER = digest_of("old"), digest_of("new"), digest_of("other")
OLD_COMMIT, OTHER_COMMIT = "1" * 40, "2" * 40
TOKEN = "ghp_TheTokenOfTheTest0123456789"
WEBHOOK = "https://hooks.slack.test/services/T00/B00/TheWebhookOfTheTest"
PASSPHRASE = "the passphrase of the test"
FILES = {
    "Pulumi.dev.yaml": "config:\n  helloworld:publicAccessCidrs: [0.0.0.0/0]\n",
    "Pulumi.prod.yaml": "config:\n  helloworld:promoteFrom: dev\n  helloworld:publicAccessCidrs: [0.0.0.0/0]\n",
    "app/.dockerignore": "*\n!main.py\n",
    "app/Dockerfile": "FROM scratch\n",
    "app/main.py": "print('hello')\n",
}
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
PROJECT = Path(__file__).parent.parent


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
    environ = {**os.environ, **GIT}
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Service:
    """What answers at the stacks' address. `answers` has a status and a commit for each digest that may run."""

    url: str
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """For the next test."""
        self.answers.clear()
        self.asked.clear()


class Stage:
    """A project in a folder of its own, and everything it is delivered with."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder = folder
        self.project = folder / "project"
        for name, text in FILES.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text, "utf-8")
        shutil.copy(PROJECT / "Pulumi.yaml", self.project)
        git(self.project, "init", "--quiet", "--template=")
        git(self.project, "add", "--all")
        git(self.project, "commit", "--quiet", "--message", "Begin")
        self.pulumi = FakePulumi(folder / "pulumi")
        self.pulumi.change(url=service.url)
        self.aws = FakeAws(folder / "aws", self.pulumi.bin / "aws")
        self.service = service
        # Whose image the service answers as.
        self.stack = "dev"
        git_home = Path(shutil.which("git") or "git").parent
        self.environ = {
            "PATH": os.pathsep.join([str(self.pulumi.bin), str(git_home), "/usr/bin", "/bin"]),
            "HOME": str(folder),
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            **GIT,
        }
        self.out, self.err = io.StringIO(), io.StringIO()

    def in_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Play the executables in this process, which is much faster; starting them has tests of its own."""

        def engine(
            engine: Engine, args: list[str], cwd: str, env: dict[str, str], on_output: Any = None, on_error: Any = None
        ) -> CommandResult:
            environ = {**engine._environ, **env}
            code, out, err = self.pulumi.play(["--non-interactive", *args], environ, Path(cwd))
            for text, on_line in ((out, on_output), (err, on_error)):
                for line in text.splitlines() if on_line else ():
                    on_line(line)
            result = CommandResult(out.rstrip(), err.rstrip(), code)
            if code:
                engine.last_failure = result
                raise create_command_error(result)
            return result

        def aws(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
            code, out, err = fake_aws.play(self.aws.folder, command[1:], env)
            return subprocess.CompletedProcess(command, code, out, err)

        # No test finds the credentials of the machine that it runs on.
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setattr(Engine, "run", engine)
        monkeypatch.setattr("delivery.engine._version_of", lambda *_: VersionInfo.parse(VERSION[1:]))
        monkeypatch.setattr("delivery.aws.subprocess", SimpleNamespace(**{**vars(subprocess), "run": aws}))

    @property
    def commit(self) -> str:
        """The last commit that touched the service."""
        return git(self.project, "log", "-1", "--format=%H", "--", "app")

    def context(self) -> Context:
        """As `main` makes it."""
        console = Console(self.out, self.err, Redactor(secrets_of(self.environ)))
        return Context(project=self.project, environ=self.environ, console=console)

    def run(self, *arguments: str) -> Done:
        """Run one command, as the command line does."""
        out, err = io.StringIO(), io.StringIO()
        code = main(["--project", str(self.project), *arguments], self.environ, out, err)
        return Done(code, out.getvalue(), err.getvalue())

    def setting(self, stack: str, **values: Any) -> None:
        """Set settings in a stack's file."""
        path = self.project / f"Pulumi.{stack}.yaml"
        lines = [f"  helloworld:{key}: {json.dumps(value)}\n" for key, value in values.items()]
        path.write_text(path.read_text("utf-8") + "".join(lines), "utf-8")

    def running(self, stack: str) -> str:
        """The digest that the stack's output says runs."""
        return str(self.pulumi.state["stacks"].get(stack, {}).get("outputs", {}).get("image", "")).rpartition("@")[2]

    def outputs(self, digest: str) -> dict[str, str]:
        """A stack's outputs, running that digest."""
        return {
            "url": self.service.url,
            "image": f"{REGISTRY}@{digest}",
            "registry": REGISTRY,
            "kubeconfig": '{"token": "kube"}',
        }

    def images(self, **tags: str) -> None:
        """What the registry has: tag (underscores for hyphens) to digest."""
        named = {tag.replace("_", "-"): digest for tag, digest in tags.items()}
        self.aws.set(repositories={REPOSITORY: named})


def break_checkout(stage: Stage) -> None:
    """Let git refuse to read the project: the commit that is checked out is not there."""
    (stage.project / ".git" / "refs" / "heads" / "main").write_text("f" * 40, "utf-8")


def released(digest: str, commit: str = OLD_COMMIT, rejected: str = "") -> dict[str, object]:
    """An entry of a history: that image was deployed."""
    image = f"{REGISTRY}@{digest}"
    return update(releases.message("deploy", image, commit, rejected=rejected), {"helloworld:image": image})


def runs(stage: Stage, stack: str, digest: str, *history: dict[str, object]) -> None:
    """Let a stack run an image, with that history before it; the registry has every image."""
    stage.pulumi.stack(stack, stage.outputs(digest), list(history) or [released(digest)])
    stage.images(old=OLD, new=NEW, other=OTHER)


@contextlib.contextmanager
def serving(stage: Callable[[], Stage]) -> Iterator[Service]:
    """A service at the address of the stage that is there: it answers as the image that runs there has to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.asked.append(self.path)
            status, commit = service.answers.get(stage().running(stage().stack), (200, "unknown"))
            body = json.dumps({"version": "1.0.0", "commit": commit}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
