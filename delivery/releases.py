"""What ran on a stack, read from its history. Nothing here asks anybody anything."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pulumi.automation import UpdateSummary

from delivery.registry import Images
from infra.image import UNKNOWN_COMMIT
from infra.settings import PROJECT

IMAGE, COMMIT, REJECTED = "Image", "Commit", "Rejected"
IMAGE_SETTING, IMAGE_FROM_SETTING = f"{PROJECT}:image", f"{PROJECT}:imageFrom"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
WANTED = re.compile(r"(sha256:)?[0-9a-f]{7,64}")
TRAILER = re.compile(r"([A-Z][A-Za-z-]*): (\S+)")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One successful update that released an image.

    Args:
        image: by digest; or, as long as only its tag is known, repository and tag or the tag alone.
        commit: the commit that the image is of, which is the last one that touched the service.
        head: the commit that was checked out.
        when: the update ended.
        rejected: the digest that this update took out of service, if that was its purpose.
        tag: of the image, if this update built it.
    """

    image: str
    commit: str = UNKNOWN_COMMIT
    head: str = ""
    when: datetime
    rejected: str = ""
    tag: str = ""

    @property
    def digest(self) -> str:
        """The image's digest; empty if only its tag is known."""
        return digest_of(self.image)

    def __str__(self) -> str:
        return f"{self.when:%Y-%m-%d %H:%M}  {self.commit[:7]}  {self.digest or self.image}"


def message(subject: str, image: str, commit: str, *, rejected: str = "") -> str:
    """The message of an update: a subject and what later commands read.

    Args:
        subject: one line.
        image: by digest, or its tag.
        commit: that it is of.
        rejected: the digest that the update takes out of service.
    """
    trailers = [f"{IMAGE}: {image}", f"{COMMIT}: {commit}", *([f"{REJECTED}: {rejected}"] if rejected else [])]
    return "\n".join([subject, "", *trailers])


def releases(history: Iterable[UpdateSummary], images: Images | None = None) -> list[Release]:
    """The releases in a history, newest first.

    Args:
        history: newest first, as the engine tells it.
        images: what the stack's registry has, to turn the tags of built images into digests.
    """
    found = (_release(update) for update in history if is_successful(update))
    return [_with_digest(release, images) for release in found if release]


def is_successful(update: UpdateSummary) -> bool:
    """Whether it is an update, and succeeded: only then is known what ran."""
    return bool(update.kind == "update" and update.result == "succeeded")


def previous(there: Sequence[Release], running: str) -> Release | None:
    """The newest release of another digest than the one that runs, leaving out what was taken out of service since.

    Args:
        there: newest first.
        running: a digest.
    """
    rejected = {running}
    for release in there:
        if release.digest and release.digest not in rejected:
            return release
        rejected.add(release.rejected)
    return None


def named(there: Sequence[Release], wanted: str) -> list[Release]:
    """The releases that a digest, a commit or the beginning of one names; of each digest the newest.

    Args:
        there: newest first.
        wanted: at least seven digits; a digest may have `sha256:` before it, or be a whole reference.
    """
    text = wanted.rpartition("@")[2].strip().lower()
    if not WANTED.fullmatch(text):
        return []
    number = text.removeprefix("sha256:")
    matching = [
        release
        for release in there
        if release.digest.removeprefix("sha256:").startswith(number)
        or (number == text and any(commit.startswith(number) for commit in (release.commit, release.head)))
    ]
    return distinct(matching)


def distinct(there: Iterable[Release]) -> list[Release]:
    """The newest release of each digest; those without one cannot be gone back to and are left out."""
    newest: dict[str, Release] = {}
    for release in there:
        if release.digest:
            newest.setdefault(release.digest, release)
    return list(newest.values())


def of_digest(there: Iterable[Release], digest: str) -> Release | None:
    """The newest release of a digest whose commit is known; if none is, the newest of it."""
    matching = [release for release in there if digest and release.digest == digest]
    known = (release for release in matching if release.commit != UNKNOWN_COMMIT)
    return next(known, matching[0] if matching else None)


def digest_of(reference: str) -> str:
    """The digest in a reference; empty if there is none."""
    digest = reference.rpartition("@")[2]
    return digest if DIGEST.fullmatch(digest) else ""


def _release(update: UpdateSummary) -> Release | None:
    lines = update.message.splitlines()[1:]
    trailers = {found[1]: found[2] for line in lines if (found := TRAILER.fullmatch(line.strip()))}
    setting = update.config.get(IMAGE_SETTING)
    pinned = str(setting.value) if setting and digest_of(str(setting.value)) else ""
    image = pinned or trailers.get(IMAGE, "")
    if not image:
        return None
    return Release(
        image=image,
        commit=trailers.get(COMMIT, UNKNOWN_COMMIT),
        head=str(update.environment.get("git.head", "")),
        when=update.end_time or update.start_time,
        rejected=trailers.get(REJECTED, ""),
        tag="" if digest_of(image) else image.rpartition(":")[2],
    )


def _with_digest(release: Release, images: Images | None) -> Release:
    """With the digest that its tag stands for; with the stack's own registry, which is the one that keeps it."""
    if images is None:
        return release
    digest = release.digest or images.digest_of(release.tag)
    return replace(release, image=f"{images.repository}@{digest}") if digest else release
