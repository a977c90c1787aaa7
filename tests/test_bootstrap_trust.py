"""Who can take which role."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import names, trust
from tests.iam import assumable

ACCOUNT, OTHER = "123456789012", "210987654321"
PROVIDER = trust.provider_arn(ACCOUNT)
REPOSITORY = "octo@1/hello@2"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/operator"
TRUSTS = {
    "preview": trust.preview_trust(ACCOUNT, PROVIDER, REPOSITORY, "main", []),
    "review": trust.review_trust(ACCOUNT, PROVIDER, REPOSITORY, []),
    "dev": trust.deploy_trust(ACCOUNT, PROVIDER, REPOSITORY, "dev", []),
    "prod": trust.deploy_trust(ACCOUNT, PROVIDER, REPOSITORY, "prod", [OPERATOR]),
}
ROLES = {
    "preview": names.PREVIEW_ROLE,
    "review": names.REVIEW_ROLE,
    "dev": names.deploy_role("dev"),
    "prod": names.deploy_role("prod"),
}
# What a token says, and which role alone it may take.
SUBJECTS = {
    "repo:octo@1/hello@2:pull_request": "preview",
    "repo:octo@1/hello@2:ref:refs/heads/main": "preview",
    "repo:octo@1/hello@2:environment:review": "review",
    "repo:octo@1/hello@2:environment:dev": "dev",
    "repo:octo@1/hello@2:environment:prod": "prod",
    "repo:octo@1/hello@2:ref:refs/heads/feature": None,
    "repo:octo@1/hello@2:ref:refs/tags/main": None,
    "repo:octo@1/hello@2:environment:prod2": None,
    "repo:octo@1/hello@2:environment:PROD": None,
    "repo:octo@1/hello@3:environment:prod": None,
    "repo:octo@9/hello@2:environment:prod": None,
    "repo:octo/hello:environment:prod": None,
    "repo:octo@1/hello-fork@2:environment:prod": None,
    "repo:mallory/x:environment:prod": None,
    "": None,
}


def workflow(subject: str, audience: str = "sts.amazonaws.com") -> dict[str, str]:
    return {"federated": PROVIDER, "aud": audience, "sub": subject}


@pytest.mark.parametrize(("subject", "role"), SUBJECTS.items())
def test_a_workflow_takes_the_role_of_where_it_runs_and_no_other(subject: str, role: str | None) -> None:
    takes = [name for name, document in TRUSTS.items() if assumable(document, workflow(subject))]
    assert takes == ([role] if role else [])


def test_a_token_for_somebody_else_is_worth_nothing() -> None:
    for subject in SUBJECTS:
        assert not any(assumable(each, workflow(subject, "https://github.com/octo")) for each in TRUSTS.values())


@given(st.text(max_size=60), st.sampled_from(sorted(SUBJECTS)), st.booleans())
def test_no_subject_but_those_written_out_takes_a_role(text: str, subject: str, before: bool) -> None:
    changed = text + subject if before else subject + text
    if changed not in SUBJECTS:
        assert not any(assumable(each, workflow(changed)) for each in TRUSTS.values())


def test_an_older_repository_is_known_by_its_name_alone() -> None:
    document = trust.deploy_trust(ACCOUNT, PROVIDER, "octo/hello", "dev", [])
    assert assumable(document, workflow("repo:octo/hello:environment:dev"))
    assert not assumable(document, workflow("repo:octo@1/hello@2:environment:dev"))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_take_itself_as_the_kubeconfig_does(role: str) -> None:
    assert assumable(TRUSTS[role], {"aws": f"arn:aws:iam::{ACCOUNT}:role/{ROLES[role]}"})
    for other in set(ROLES) - {role}:
        assert not assumable(TRUSTS[other], {"aws": f"arn:aws:iam::{ACCOUNT}:role/{ROLES[role]}"})
    assert not assumable(TRUSTS[role], {"aws": f"arn:aws:iam::{OTHER}:role/{ROLES[role]}"})


def test_operators_take_deploy_roles_and_nobody_else_of_the_account_does() -> None:
    assert [role for role, document in TRUSTS.items() if assumable(document, {"aws": OPERATOR})] == ["prod"]
    for somebody in ("role/admin", "user/operator", "role/operator2"):
        assert not any(assumable(each, {"aws": f"arn:aws:iam::{ACCOUNT}:{somebody}"}) for each in TRUSTS.values())


def test_people_who_operate_take_every_role_from_a_laptop_and_nobody_else_does() -> None:
    person = f"arn:aws:iam::{ACCOUNT}:role/admin"
    given = [
        trust.preview_trust(ACCOUNT, PROVIDER, REPOSITORY, "main", [person]),
        trust.review_trust(ACCOUNT, PROVIDER, REPOSITORY, [person]),
        trust.deploy_trust(ACCOUNT, PROVIDER, REPOSITORY, "dev", [person]),
    ]
    for text in given:
        (statement,) = [each for each in json.loads(text)["Statement"] if each["Sid"] == "Operators"]
        assert statement["Principal"] == {"AWS": [person]}
    assert [name for name, text in TRUSTS.items() if "Operators" in text] == ["prod"]
