"""Which releases a stack's history has, and which of them a roll-back means."""

from datetime import UTC, datetime
from typing import Any

from pulumi.automation import UpdateSummary

from delivery import releases
from delivery.registry import Images
from tests.delivery_stage import NEW, OLD, OLD_COMMIT, OTHER, OTHER_COMMIT
from tests.fake_pulumi import REGISTRY, update

HEAD = "3" * 40
TAG = f"{OLD_COMMIT[:7]}-0123456789ab-arm64"


def summary(text: str, config: dict[str, str] | None = None, **more: Any) -> UpdateSummary:
    row = update(text, config, **more)
    return UpdateSummary(
        kind=row["kind"],
        start_time=datetime(2026, 11, 21, tzinfo=UTC),
        message=row["message"],
        environment=row["environment"],
        config=row["config"],
        result=row["result"],
    )


def released(digest: str, commit: str = OLD_COMMIT, rejected: str = "") -> UpdateSummary:
    image = f"{REGISTRY}@{digest}"
    return summary(releases.message("deploy dev", image, commit, rejected=rejected), {"helloworld:image": image})


def images(**tags: str) -> Images:
    named = {tag.replace("_", "-"): digest for tag, digest in tags.items()}
    return Images(repository=REGISTRY, tags=named, digests=frozenset(named.values()))


def test_what_a_message_says_is_read_back() -> None:
    text = releases.message("deploy dev", f"{REGISTRY}@{OLD}", OLD_COMMIT, rejected=NEW)
    assert text.splitlines()[0] == "deploy dev"
    [release] = releases.releases([summary(text, head=HEAD)])
    assert (release.digest, release.commit, release.head) == (OLD, OLD_COMMIT, HEAD)
    assert (release.rejected, release.tag) == (NEW, "")


def test_only_updates_that_succeeded_count() -> None:
    text = releases.message("deploy dev", f"{REGISTRY}@{OLD}", OLD_COMMIT)
    history = [summary(text, result="failed"), summary(text, kind="refresh"), summary(text, kind="destroy")]
    assert releases.releases(history) == []
    assert len(releases.releases([*history, summary(text)])) == 1


def test_an_update_by_hand_counts_if_its_settings_name_the_image() -> None:
    [release] = releases.releases([summary("", {"helloworld:image": f"{REGISTRY}@{OLD}"})])
    assert (release.digest, release.commit) == (OLD, "unknown")
    assert releases.releases([summary("by hand")]) == []


def test_the_setting_is_believed_before_the_message() -> None:
    text = releases.message("deploy dev", f"{REGISTRY}@{NEW}", OLD_COMMIT)
    assert releases.releases([summary(text, {"helloworld:image": f"{REGISTRY}@{OLD}"})])[0].digest == OLD


def test_a_built_image_has_the_digest_that_the_registry_has_for_its_tag() -> None:
    text = releases.message("deploy dev", TAG, OLD_COMMIT)
    there = Images(repository=REGISTRY, tags={TAG: OLD}, digests=frozenset([OLD]))
    [release] = releases.releases([summary(text)], there)
    assert (release.image, release.tag) == (f"{REGISTRY}@{OLD}", TAG)
    [unknown] = releases.releases([summary(text)], images())
    assert (unknown.digest, unknown.tag) == ("", TAG)


def test_a_promoted_image_is_gone_back_to_in_the_stacks_own_registry() -> None:
    text = releases.message("promote", f"elsewhere.example.com/a@{OLD}", OLD_COMMIT)
    there = Images(repository=REGISTRY, tags={}, digests=frozenset([OLD]))
    assert releases.releases([summary(text)], there)[0].image == f"{REGISTRY}@{OLD}"


def test_the_release_before_is_the_newest_of_another_image() -> None:
    there = releases.releases([released(NEW), released(NEW), released(OLD), released(OTHER)])
    found = releases.previous(there, NEW)
    assert found
    assert found.digest == OLD


def test_what_was_taken_out_of_service_is_not_gone_back_to() -> None:
    # OTHER was replaced by OLD's return: rolling back again goes further back, not forth.
    there = releases.releases([released(OLD, rejected=OTHER), released(OTHER), released(OLD), released(NEW)])
    found = releases.previous(there, OLD)
    assert found
    assert found.digest == NEW


def test_what_was_deployed_again_afterwards_may_be_gone_back_to() -> None:
    there = releases.releases([released(NEW), released(OTHER), released(OLD, rejected=OTHER), released(OTHER)])
    found = releases.previous(there, NEW)
    assert found
    assert found.digest == OTHER


def test_there_may_be_nothing_to_go_back_to() -> None:
    assert releases.previous(releases.releases([released(NEW)]), NEW) is None
    assert releases.previous([], "") is None


def test_a_release_is_named_by_its_digest_or_commit_or_their_beginning() -> None:
    there = releases.releases([released(NEW, OTHER_COMMIT), released(OLD, OLD_COMMIT)])
    for wanted in (OLD, OLD[:14], OLD.removeprefix("sha256:")[:7], f"{REGISTRY}@{OLD}", OLD_COMMIT, OLD_COMMIT[:7]):
        assert [release.digest for release in releases.named(there, wanted)] == [OLD], wanted


def test_a_name_that_is_too_short_or_no_digits_names_nothing() -> None:
    there = releases.releases([released(OLD, OLD_COMMIT)])
    for wanted in ("", OLD_COMMIT[:6], "latest", "sha256:", "deploy", "../", OLD + "0"):
        assert releases.named(there, wanted) == [], wanted


def test_all_images_of_a_commit_are_named_once_each() -> None:
    there = releases.releases([released(NEW), released(OLD), released(NEW)])
    assert [release.digest for release in releases.named(there, OLD_COMMIT)] == [NEW, OLD]


def test_the_checked_out_commit_names_a_release_too() -> None:
    text = releases.message("deploy dev", f"{REGISTRY}@{OLD}", OLD_COMMIT)
    there = releases.releases([summary(text, head=HEAD)])
    assert [release.digest for release in releases.named(there, HEAD[:8])] == [OLD]


def test_the_commit_of_a_digest_is_taken_from_the_release_that_knows_it() -> None:
    there = releases.releases([released(OLD, "unknown"), released(OLD, OLD_COMMIT)])
    found = releases.of_digest(there, OLD)
    assert found
    assert found.commit == OLD_COMMIT
    assert releases.of_digest(there, NEW) is None
    assert releases.of_digest(there, "") is None


def test_a_tag_says_the_commit_of_its_image() -> None:
    unknown = f"unknown-{'0' * 12}-arm64"
    there = Images(repository=REGISTRY, tags={"promoted": OLD, unknown: OLD, TAG: OLD}, digests=frozenset([OLD]))
    assert there.commit_of(OLD) == OLD_COMMIT[:7]
    assert there.commit_of(NEW) is None
