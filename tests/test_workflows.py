"""What holds for every workflow: who may do what, what is pinned, and what a cancelled run leaves behind."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT

FOLDER = PROJECT / ".github" / "workflows"
TEXTS = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")
DOCUMENT = (PROJECT / "docs" / "ci.md").read_text("utf-8")

# Every permission to write there is. Whoever adds one adds it here, and says why in the workflow.
WRITES = {
    ("check.yml", "audit"): set[str](),
    ("check.yml", "check"): set[str](),
    ("check.yml", "local"): set[str](),
    ("check.yml", "rehearse"): set[str](),
    ("comment.yml", "comment"): {"pull-requests"},
    ("preview.yml", "preview"): {"id-token"},
    ("preview.yml", "comment"): {"pull-requests"},
    ("deploy.yml", "targets"): set[str](),
    ("deploy.yml", "dev"): {"id-token"},
    ("deploy.yml", "prod"): {"id-token"},
    ("rollback.yml", "rollback"): {"id-token", "contents", "pull-requests"},
    ("unlock.yml", "unlock"): {"id-token"},
    ("review.yml", "deploy"): {"id-token", "pull-requests"},
    ("review.yml", "destroy"): {"id-token", "pull-requests"},
    ("sweep.yml", "sweep"): {"id-token", "pull-requests"},
    ("drift.yml", "drift"): {"id-token", "issues"},
}
ROLES = {"preview": "PREVIEW_ROLE", "drift": "PREVIEW_ROLE", "review": "REVIEW_ROLE", "sweep": "REVIEW_ROLE"}
# What changes a stack, and would leave its lock behind when it is killed.
CHANGING = {"deploy", "promote", "rollback", "review", "review-destroy"}
# What asks git for more than the newest commit.
HISTORY = {
    "summary",
    "report",
    "up",
    "local-check",
    "rehearse",
    "preview-cloud",
    "deploy",
    "promote",
    "rollback",
    "review",
    "drift",
}
# What delivery reads from its environment; every other name is a variable of make.
READ_BY_DELIVERY = {
    "PULUMI_BACKEND_URL",
    "GITHUB_TOKEN",
    "SLACK_WEBHOOK_URL",
    "DELIVERY_MODE",
    "REVIEW_LIMIT",
    "REVIEW_DAYS",
    "REVERT_PULL_REQUEST",
    "CHECK_OUTCOME",
    "TEST_OUTCOME",
}
OWN_BRANCH = "github.event.pull_request.head.repo.full_name == github.repository"
SET_UP = "vars.PULUMI_BACKEND_URL != ''"

Job = dict[str, Any]


def jobs() -> Iterator[tuple[str, str, Job]]:
    for file, workflow in WORKFLOWS.items():
        for name, job in workflow["jobs"].items():
            yield file, name, job


JOBS = list(jobs())
each_job = pytest.mark.parametrize(("file", "name", "job"), JOBS, ids=[f"{file}:{name}" for file, name, _ in JOBS])
each_file = pytest.mark.parametrize("file", WORKFLOWS)


def triggers(file: str) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for true.
    return dict(WORKFLOWS[file][True])


def uses(job: Job, action: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


def run_steps(job: Job) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if "run" in step]


def target(step: dict[str, Any]) -> str:
    return str(step["run"]).removeprefix("exec ").split()[1]


def targets(job: Job) -> set[str]:
    return {target(step) for step in run_steps(job)}


def writes(job: Job) -> set[str]:
    return {name for name, right in job["permissions"].items() if right == "write"}


def is_conditional(file: str, job: Job, condition: str) -> bool:
    """Whether a job runs only if `condition` holds: it says so, or it needs what a job that says so has done."""
    own = job.get("if", "")
    if condition in own:
        return True
    needed = job.get("needs", [])
    names = [needed] if isinstance(needed, str) else needed
    told = [name for name in names if f"needs.{name}." in own]
    return any(is_conditional(file, WORKFLOWS[file]["jobs"][name], condition) for name in told)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


@each_file
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(file: str) -> None:
    lines = [line.strip() for line in TEXTS[file].splitlines() if "uses:" in line]
    assert lines
    pinned = r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [line for line in lines if not re.fullmatch(pinned, line)] == []


def test_an_action_has_one_version_everywhere() -> None:
    found = re.findall(r"uses: (\S+)@(\S+ # \S+)", "\n".join(TEXTS.values()))
    assert len({action for action, _ in found}) == len(set(found))


def test_a_workflow_may_do_nothing_but_what_its_jobs_ask_for() -> None:
    assert {file: workflow["permissions"] for file, workflow in WORKFLOWS.items()} == {file: {} for file in WORKFLOWS}


def test_a_job_may_write_only_what_is_listed() -> None:
    assert {(file, name): writes(job) for file, name, job in JOBS} == WRITES


@each_job
def test_a_job_has_an_identity_only_to_take_its_own_role_without_a_key(file: str, name: str, job: Job) -> None:
    steps = uses(job, "aws-actions/configure-aws-credentials")
    assert bool(steps) == ("id-token" in writes(job))
    for step in steps:
        role = ROLES.get(file.removesuffix(".yml"), "DEPLOY_ROLE")
        assert step["with"] == {"aws-region": "${{ vars.AWS_REGION }}", "role-to-assume": f"${{{{ vars.{role} }}}}"}


@each_job
def test_every_job_ends_before_its_role_does(file: str, name: str, job: Job) -> None:
    assert 0 < job["timeout-minutes"] < 60


@each_job
def test_a_step_is_a_pinned_action_or_one_make_target_that_is_there(file: str, name: str, job: Job) -> None:
    there = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
    commands = [str(step["run"]) for step in run_steps(job)]
    assert commands
    # Neither an expression, which would be pasted into the shell, nor anything that a reader must decode.
    assert [line for line in commands if not re.fullmatch(r"(exec )?make [a-z-]+( [A-Z_]+=[a-z0-9-]+)*", line)] == []
    assert targets(job) <= there


@each_job
def test_a_step_that_runs_the_engine_is_the_process_that_github_signals(file: str, name: str, job: Job) -> None:
    """GitHub tells only a step's first process to stop; a shell in between would not pass it on."""
    for step in run_steps(job):
        assert step["run"].startswith("exec ") == (
            target(step) in CHANGING | {"preview-cloud", "drift", "review-sweep"}
        )


@each_job
def test_what_a_step_hands_to_make_is_taken_as_text(file: str, name: str, job: Job) -> None:
    """A branch may be named like a command; the Makefile lists the variables in which it looks for none."""
    taken = set(re.findall(r"^override (\w+) := \$\(value \1\)$", MAKEFILE, re.MULTILINE))
    assert "STACK" in taken
    for step in run_steps(job):
        given = {*step.get("env", {}), *re.findall(r" ([A-Z]+)=", str(step["run"]))}
        assert given - READ_BY_DELIVERY <= taken


@each_job
def test_secrets_and_tokens_are_given_only_to_the_steps_that_need_them(file: str, name: str, job: Job) -> None:
    outside = {key: value for key, value in {**WORKFLOWS[file], **job}.items() if key not in {"jobs", "steps"}}
    assert not [text for text in strings(outside) if "secrets." in text or "github.token" in text]
    for step in job["steps"]:
        assert not [text for text in strings(step.get("with", {})) if "secrets." in text]
        used = [text for text in strings(step.get("env", {})) if "secrets." in text]
        assert used in ([], ["${{ secrets.SLACK_WEBHOOK_URL }}"])
        # Outside an environment every branch of the repository could read it.
        assert not used or "environment" in job


@each_job
def test_a_checkout_leaves_no_token_and_has_the_history_that_is_asked_for(file: str, name: str, job: Job) -> None:
    [step] = uses(job, "actions/checkout")
    assert step["with"]["persist-credentials"] is False
    if HISTORY & targets(job):
        assert step["with"]["fetch-depth"] == 0


@each_file
def test_no_workflow_runs_with_rights_on_what_a_fork_has_written(file: str) -> None:
    assert "pull_request_target" not in triggers(file)
    if "pull_request" not in triggers(file):
        return
    for job in WORKFLOWS[file]["jobs"].values():
        if writes(job) or "environment" in job:
            assert is_conditional(file, job, OWN_BRANCH)


def test_the_comment_runs_the_default_branchs_code_and_keeps_a_forks_files_away_from_it() -> None:
    [(file, job)] = [(file, job) for file, _, job in JOBS if "workflow_run" in triggers(file)]
    assert triggers(file)["workflow_run"]["workflows"] == ["check"]
    assert "ref" not in uses(job, "actions/checkout")[0]["with"]
    [download] = uses(job, "actions/download-artifact")
    assert download["with"]["path"] == "${{ runner.temp }}/reports"
    [step] = run_steps(job)
    # The number of the pull request comes from GitHub, not from the artifact; a preview of a fork would be invented.
    assert step["run"] == "make comment SECTION=check"
    assert step["env"]["EVENT"] == "${{ github.event_path }}"


def test_an_event_that_means_nothing_pushes_nothing_out_of_a_queue() -> None:
    """Queued with the workflow, a run whose jobs are all skipped would take the place of one that waits."""
    queued = {file: workflow["concurrency"] for file, workflow in WORKFLOWS.items() if "concurrency" in workflow}
    assert set(queued) == {"check.yml", "preview.yml"}


@each_job
def test_every_job_stands_in_a_queue_and_only_checks_are_cut_off(file: str, name: str, job: Job) -> None:
    queue = job.get("concurrency", WORKFLOWS[file].get("concurrency", {}))
    assert queue["group"]
    assert queue["cancel-in-progress"] is (file == "check.yml" or name == "preview")


@each_file
def test_a_run_by_the_clock_cuts_off_no_check_of_a_push(file: str) -> None:
    queue = WORKFLOWS[file].get("concurrency", {"group": "", "cancel-in-progress": False})
    if {"push", "schedule"} <= set(triggers(file)) and queue["cancel-in-progress"]:
        assert "github.event_name" in queue["group"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_deployments_of_a_stack_wait_for_each_other_and_clearing_a_lock_pushes_none_out(stack: str) -> None:
    queue = {"group": f"stack-{stack}", "cancel-in-progress": False}
    assert WORKFLOWS["deploy.yml"]["jobs"][stack]["concurrency"] == queue
    unlock = WORKFLOWS["unlock.yml"]["jobs"]["unlock"]["concurrency"]
    assert unlock == {**queue, "group": "unlock-${{ inputs.stack }}"}


@pytest.mark.parametrize("file", ["preview.yml", "drift.yml", "rollback.yml"])
def test_what_must_not_wait_for_an_approval_stands_in_another_queue(file: str) -> None:
    groups = [WORKFLOWS[file].get("concurrency", {}).get("group", "")]
    groups += [job.get("concurrency", {}).get("group", "") for job in WORKFLOWS[file]["jobs"].values()]
    assert any(groups)
    assert not [group for group in groups if group.startswith("stack-")]


@each_job
def test_a_cancelled_run_leaves_no_lock(file: str, name: str, job: Job) -> None:
    steps = run_steps(job)
    for place, step in enumerate(steps):
        if target(step) not in CHANGING:
            continue
        after = steps[place + 1]
        assert target(after) == "unlock"
        # What another run has locked meanwhile is not for this one to clear.
        assert after["run"].endswith(" IF_LEFT=yes")
        # Cancelled before it began, the job holds no lock: the one that is there is somebody else's.
        assert after["if"] == f"cancelled() && steps.{step['id']}.outcome != 'skipped'"
        if stack := re.search(r"STACK=(\w+)", step["run"]):
            assert after["run"] == f"make unlock STACK={stack[1]} IF_LEFT=yes"
        elif "PR" in step["env"]:
            assert after["env"]["STACK"] == f"pr-{step['env']['PR']}"
        else:
            assert after["env"]["STACK"] == step["env"]["STACK"]


def test_whoever_changes_a_stack_does_it_in_an_environment() -> None:
    environments = {
        (file, name): job["environment"]["name"] if isinstance(job["environment"], dict) else job["environment"]
        for file, name, job in JOBS
        if "environment" in job
    }
    assert environments == {
        ("deploy.yml", "dev"): "dev",
        ("deploy.yml", "prod"): "prod",
        ("rollback.yml", "rollback"): "${{ inputs.stack }}",
        ("unlock.yml", "unlock"): "${{ inputs.stack }}",
        ("review.yml", "deploy"): "review",
        ("review.yml", "destroy"): "review",
        ("sweep.yml", "sweep"): "review",
    }
    assert all("environment" in job for _, _, job in JOBS if (CHANGING | {"unlock", "review-sweep"}) & targets(job))


@each_job
def test_a_repository_that_is_not_set_up_stays_green(file: str, name: str, job: Job) -> None:
    by_hand = set(triggers(file)) == {"workflow_dispatch"}
    if "id-token" in writes(job) and not by_hand:
        assert is_conditional(file, job, SET_UP)


def test_an_image_is_built_on_the_nodes_architecture() -> None:
    settings = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text("utf-8"))["config"]
    of_dev = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text("utf-8"))["config"]
    architecture = of_dev.get("helloworld:nodeArchitecture", settings["nodeArchitecture"]["default"])
    runner = {"arm64": "ubuntu-24.04-arm", "amd64": "ubuntu-24.04"}[architecture]
    building = [job["runs-on"] for _, _, job in JOBS if {"deploy", "review"} & targets(job)]
    assert building == [runner, runner]


def test_prod_gets_the_digest_that_this_run_deployed_to_dev() -> None:
    dev, prod = (WORKFLOWS["deploy.yml"]["jobs"][name] for name in ("dev", "prod"))
    assert dev["outputs"] == {"image": "${{ steps.deploy.outputs.image }}"}
    assert "dev" in prod["needs"]
    [step] = [step for step in run_steps(prod) if target(step) == "promote"]
    assert step["env"]["IMAGE"] == "${{ needs.dev.outputs.image }}"


class Context(dict[str, Any]):
    """A context of GitHub's: a name that is not there is empty text."""

    def __getattr__(self, name: str) -> Any:
        value = self.get(name, "")
        return Context(value) if isinstance(value, dict) else value


def holds(condition: str, github: dict[str, Any], **contexts: Any) -> bool:
    """What GitHub makes of a job's condition, for the few forms that are used here."""
    text = condition.strip().removeprefix("${{").removesuffix("}}").replace(".labels.*.name", ".labels")
    text = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    functions = {
        "contains": lambda items, item: item in items,
        "cancelled": lambda: contexts.get("status") == "cancelled",
        "failure": lambda: contexts.get("status") == "failure",
    }
    given = {"github": Context(github), "vars": Context({"PULUMI_BACKEND_URL": "s3://state"})}
    given |= {name: Context(value) for name, value in contexts.items() if isinstance(value, dict)}
    return bool(eval(" ".join(text.split()), {"__builtins__": {}}, {**functions, **given}))


def event(
    action: str, *, label: str = "", labels: tuple[str, ...] = (), fork: bool = False, state: str = "open"
) -> dict[str, Any]:
    head = {"repo": {"full_name": "somebody/fork" if fork else "example/helloworld"}}
    pull_request = {"number": 7, "state": state, "labels": labels, "head": head}
    return {
        "repository": "example/helloworld",
        "event": {"action": action, "label": {"name": label}, "pull_request": pull_request},
    }


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("labeled", label="stage", labels=("stage",)), "deploy"),
        (event("labeled", label="bug", labels=("bug", "stage")), ""),
        (event("labeled", label="bug", labels=("bug",)), ""),
        (event("synchronize", labels=("stage",)), "deploy"),
        (event("synchronize"), ""),
        (event("reopened", labels=("stage",)), "deploy"),
        (event("unlabeled", label="stage"), "destroy"),
        (event("unlabeled", label="bug", labels=("stage",)), ""),
        (event("closed", labels=("stage",), state="closed"), "destroy"),
        (event("labeled", label="stage", labels=("stage",), state="closed"), ""),
        (event("closed", state="closed"), ""),
        (event("labeled", label="stage", labels=("stage",), fork=True), ""),
        (event("closed", labels=("stage",), state="closed", fork=True), ""),
    ],
)
def test_the_label_makes_and_unmakes_a_review_environment(happened: dict[str, Any], expected: str) -> None:
    review = WORKFLOWS["review.yml"]["jobs"]
    assert [name for name, job in review.items() if holds(job["if"], happened)] == ([expected] if expected else [])
    assert not any(holds(job["if"], happened, vars={"PULUMI_BACKEND_URL": ""}) for job in review.values())
    assert happened["event"]["action"] in triggers("review.yml")["pull_request"]["types"]


@pytest.mark.parametrize(
    ("promote", "deploy", "dev", "run", "expected"),
    [
        ("prod", "dev", "success", "", True),
        ("", "dev", "success", "", False),
        ("prod", "dev", "failure", "", False),
        # Pushed out of its queue, or out of time, while the run goes on.
        ("prod", "dev", "cancelled", "", False),
        ("prod", "dev", "success", "cancelled", False),
        # Its environment was refused, or `targets` failed.
        ("prod", "dev", "skipped", "", False),
        ("prod", "", "skipped", "", True),
    ],
)
def test_prod_is_promoted_to_only_after_what_was_to_be_deployed_before(
    promote: str, deploy: str, dev: str, run: str, expected: bool
) -> None:
    condition = WORKFLOWS["deploy.yml"]["jobs"]["prod"]["if"]
    needs = {"targets": {"outputs": {"promote": promote, "deploy": deploy}}, "dev": {"result": dev}}
    assert holds(condition, {}, needs=needs, status=run) is expected


def test_every_branch_that_can_deploy_starts_the_workflow() -> None:
    from delivery.targets import MODES

    branches = {branch for mode in MODES.values() for branch in mode}
    assert set(triggers("deploy.yml")["push"]["branches"]) == branches


def test_the_document_names_every_workflow_and_all_that_is_to_be_set() -> None:
    text = "\n".join(TEXTS.values())
    used = set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", text))
    assert {"AWS_REGION", "PULUMI_BACKEND_URL", "SLACK_WEBHOOK_URL"} <= used
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE)) == used
    assert set(re.findall(r"^\| `(\w+\.yml)` \|", DOCUMENT, re.MULTILINE)) == set(WORKFLOWS)
