"""Mistakes that a scan is given besides the real things: a scanner that does not find them has not looked.

checkov's scanner of secrets, for instance, finds nothing at all without its maker's service, and says that all is well.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from scan.finding import Finding, ScanError

FOLDER = "planted"
# Put together here, so that this file is not what is found.
_KEY = "AKIA" + "Q3EGRKZVXPLHTNWA"
_STAR = {"Version": "2012-10-17", "Statement": [{"Sid": "Star", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}
_MISSPELT = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Misspelt", "Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}],
}
_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "planted", "namespace": "planted"},
    "spec": {"containers": [{"name": "planted", "image": "planted:1", "securityContext": {"privileged": True}}]},
}
_WORKFLOW = """\
on: pull_request_target
jobs:
  planted:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""
_GITLAB = "planted:\n  script:\n    - curl $CI_MERGE_REQUEST_TITLE\n"
_CIRCLECI = """\
version: 2.1
jobs:
  planted:
    docker:
      - image: cimg/base:latest
    steps:
      - run: make
"""
# No kind of Pod has it.
MISSPELT_POD: Mapping[str, object] = {**_POD, "spec": {"containers": [{"name": "planted", "imagine": "planted:1"}]}}
MISSPELT_MANIFEST = f"{FOLDER}/manifests/misspelt.yaml"


def _templated(kind: str, key: str, document: Mapping[str, object]) -> str:
    resource = {"Type": kind, "Properties": {key: document}}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Planted": resource}})


@dataclass(frozen=True)
class Mistake:
    """A planted file, and which rule of which tool has to find it."""

    file: str
    text: str
    tool: str
    rule: str


MISTAKES: Sequence[Mistake] = (
    # YAML may be written as JSON.
    Mistake(f"{FOLDER}/manifests/pod.yaml", json.dumps(_POD), "checkov", "CKV_K8S_16"),
    Mistake(MISSPELT_MANIFEST, json.dumps(MISSPELT_POD), "kubernetes-validate", "schema"),
    Mistake(
        f"{FOLDER}/templates/star.json",
        _templated("AWS::IAM::ManagedPolicy", "PolicyDocument", _STAR),
        "checkov",
        "CKV_AWS_110",
    ),
    Mistake(
        f"{FOLDER}/templates/anybody.json",
        _templated("AWS::IAM::Role", "AssumeRolePolicyDocument", _ANYBODY),
        "checkov",
        "CKV_AWS_60",
    ),
    Mistake(f"policies/{FOLDER}/misspelt.json", json.dumps(_MISSPELT, indent=1), "parliament", "UNKNOWN_ACTION"),
    Mistake(f"{FOLDER}/Dockerfile", "FROM debian:latest\nUSER root\n", "hadolint", "DL3007"),
    Mistake(f"{FOLDER}/Dockerfile", "FROM debian:latest\nUSER root\n", "checkov", "CKV_DOCKER_8"),
    Mistake(f"{FOLDER}/.github/workflows/planted.yml", _WORKFLOW, "zizmor", "template-injection"),
    Mistake(f"{FOLDER}/.github/workflows/planted.yml", _WORKFLOW, "actionlint", "expression"),
    Mistake(f"{FOLDER}/.github/workflows/planted.yml", _WORKFLOW, "checkov", "CKV_GHA_2"),
    Mistake(f"{FOLDER}/.gitlab-ci.yml", _GITLAB, "checkov", "CKV_GITLABCI_1"),
    Mistake(f"{FOLDER}/.circleci/config.yml", _CIRCLECI, "checkov", "CKV_CIRCLECIPIPELINES_1"),
    Mistake(f"{FOLDER}/credentials.ini", f"[planted]\nid = {_KEY}\n", "detect-secrets", "AWS Access Key"),
)


def unplanted(findings: Iterable[Finding], mistakes: Sequence[Mistake] = MISTAKES) -> list[Finding]:
    """The findings about real things.

    Args:
        findings: all, of every tool.
        mistakes: what was planted.

    Raises:
        ScanError: a tool has not found what was planted for it.
    """
    every = list(findings)
    found = {(each.tool, each.rule, each.where.partition("#")[0]) for each in every}
    missed = [each for each in mistakes if (each.tool, each.rule, each.file) not in found]
    if missed:
        raise ScanError(
            "".join(f"{each.tool} did not find {each.rule}, which was planted in {each.file}\n" for each in missed)
            + "  cure: see whether the tool still has the rule, and what it says of the file: python -m scan --keep DIR"
        )
    return [each for each in every if FOLDER not in PurePosixPath(each.where).parts]
