"""The service's container image, built from its source."""

import hashlib
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from infra.nodes import Architecture

UNKNOWN_COMMIT = "unknown"
# What git says where there is no checkout, or one without commits.
NO_COMMIT = ("not a git repository", "does not have any commits")
# A git hook has them, as seen from its own folder: from app/ they may lead nowhere.
OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE")


def last_commit(context: Path) -> str:
    """The full hash of the last git commit that touched `context`, or `unknown` outside a git checkout.

    Not the newest commit of the repository: a change elsewhere must not rebuild the image.

    Raises:
        pulumi.RunError: git cannot be run, takes over half a minute, or refuses to read the checkout that is there.
    """
    # Whoever has git show signatures would have them in front of the hash.
    command = ["git", "log", "-1", "--no-show-signature", "--format=%H", "--", "."]
    environment = {**{key: value for key, value in os.environ.items() if key not in OF_A_HOOK}, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, cwd=context, env=environment, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return UNKNOWN_COMMIT
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_tell(context, str(error)) from None
    if done.returncode and not any(sign in done.stderr for sign in NO_COMMIT):
        raise _cannot_tell(context, done.stderr.strip())
    return done.stdout.strip() or UNKNOWN_COMMIT


def _cannot_tell(context: Path, why: str) -> pulumi.RunError:
    # An unknown commit would be another tag, and a new image.
    return pulumi.RunError(f"git cannot tell the last commit of {context}: {why}")


def content_hash(context: Path, *arguments: str) -> str:
    """A hexadecimal SHA-256 of what the image is built from: names, modes and bytes of its files, and `arguments`.

    The files are those that `.dockerignore` lets in: it refuses everything, then names what it allows, a path a line.
    Modes count because they do for the Docker plugin: what it builds anew must have a new tag.
    """
    allowed = [
        line[1:].strip().strip("/")
        for line in (context / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    roots = [context / path for path in sorted({*allowed, "Dockerfile"})]
    files = [path for root in roots for path in ([root] if root.is_file() else sorted(root.rglob("*")))]
    digest = hashlib.sha256()
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            mode = stat.S_IMODE(status.st_mode)
            digest.update(f"{path.relative_to(context).as_posix()}\0{mode:o}\0{status.st_size}\0".encode())
            digest.update(path.read_bytes())
    for argument in arguments:
        digest.update(f"{argument}\0".encode())
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """What an image takes: the repository's URL, the build context (relative to the project), the nodes' architecture
    (None: that of the Docker that builds), where the source is kept, for a label, and whether it is pushed.
    """

    repository_url: pulumi.Input[str]
    context: Path
    architecture: Architecture | None
    source_url: str | None
    push: bool = True


def image_tag(context: Path, architecture: str | None, source_url: str | None) -> str:
    """The tag of the image that `context` makes now: commit, content, architecture. Known before it is built.

    Raises:
        pulumi.RunError: as `last_commit`.
    """
    content = content_hash(context, source_url or "")
    return f"{last_commit(context)[:7]}-{content[:12]}-{architecture or 'local'}"


class Image(pulumi.ComponentResource):
    """The image of the service, under a tag that names commit and content.

    Outputs: `reference` (what is deployed: repository and digest, or repository and tag if it is not pushed, since only
    a registry gives a digest).
    """

    reference: pulumi.Output[str]

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:image:Image", name, None, opts)
        tag = image_tag(args.context, args.architecture, args.source_url)
        image = docker.Image(
            f"{name}-build",
            image_name=pulumi.Output.format("{0}:{1}", args.repository_url, tag),
            build=docker.DockerBuildArgs(
                context=args.context.as_posix(),
                dockerfile=(args.context / "Dockerfile").as_posix(),
                platform=f"linux/{args.architecture}" if args.architecture else None,
                args={"GIT_COMMIT": last_commit(args.context), "SOURCE_URL": args.source_url or ""},
            ),
            build_on_preview=False,
            skip_push=not args.push,
            registry=self._login(args.repository_url) if args.push and args.architecture else None,
            opts=pulumi.ResourceOptions(
                parent=self, hooks=pulumi.ResourceHookBinding(on_error=[explain_tag(f"{name}-explain-tag", tag)])
            ),
        )
        self.reference = image.repo_digest if args.push else image.image_name
        self.register_outputs({"reference": self.reference})

    def _login(self, repository_url: pulumi.Input[str]) -> docker.RegistryArgs:
        # Without a registry id: that would be unknown in the first preview. The account's own registry is the default.
        login = aws.ecr.get_authorization_token_output(opts=pulumi.InvokeOutputOptions(parent=self))
        return docker.RegistryArgs(
            server=repository_url, username=login.user_name, password=pulumi.Output.secret(login.password)
        )


def explain_tag(name: str, tag: str) -> pulumi.ErrorHook:
    """A hook that says what to do when the registry has an image of this tag already; the error stands."""

    def hook(failure: pulumi.ErrorHookArgs) -> bool:
        if any("immutable" in error.lower() or "already exists" in error.lower() for error in failure.errors):
            pulumi.log.error(
                f"The registry has an image {tag} already: this source was built before, and tags do not move. "
                "To deploy that image, set `image` to its digest: "
                f"`aws ecr describe-images --repository-name <repository> --image-ids imageTag={tag}`."
            )
        return False

    return pulumi.ErrorHook(name, hook)
