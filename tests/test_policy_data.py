"""The rules about what is kept: what weighs less outside production, and what needs not be said."""

from typing import Any

import pytest

from policy import rules
from tests.policy_changes import CACHE, DATABASE, KEY, PARAMETERS, REPLICATION_GROUP
from tests.policy_stacks import found, planned

CLUSTER_DATABASE = "aws:rds/cluster:Cluster"


@pytest.mark.parametrize(
    ("broken", "rule", "elsewhere"),
    [
        ({"publiclyAccessible": True}, "database-private", "mandatory"),
        ({"storageEncrypted": False}, "database-encrypted", "mandatory"),
        ({"parameterGroupName": None}, "database-tls", "mandatory"),
        ({"password": "[secret]"}, "database-password", "mandatory"),
        ({"multiAz": False}, "database-two-zones", None),
        ({"backupRetentionPeriod": 6}, "database-backed-up", "advisory"),
        ({"deletionProtection": False}, "kept", None),
    ],
)
def test_what_is_wrong_with_a_database_weighs_more_in_production(
    broken: dict[str, Any], rule: str, elsewhere: str | None
) -> None:
    (database,) = planned("prod").of(DATABASE)
    assert found(DATABASE, {**database.inputs, **broken}) == {rule: "mandatory"}
    assert found(DATABASE, {**database.inputs, **broken}, "dev") == ({rule: elsewhere} if elsewhere else {})


def test_a_cluster_of_databases_is_asked_the_same() -> None:
    asked = [rule for rule in rules.RULES if rule.name.startswith("database-") or rule.name == "kept"]
    wrong = {"masterPassword": "[secret]", "skipFinalSnapshot": True}
    names = {"database-encrypted", "database-password", "database-backed-up", "kept"}
    assert set(found(CLUSTER_DATABASE, wrong, rules=asked)) == names


def test_parameters_of_another_engine_have_no_such_parameter() -> None:
    assert found(PARAMETERS, {"family": "mysql8.4", "parameters": []}) == {}


@pytest.mark.parametrize("forced", ["1", 1, 1.0, "[unknown]"])
def test_tls_may_be_forced_in_any_spelling(forced: object) -> None:
    inputs = {"family": "postgres18", "parameters": [{"name": "rds.force_ssl", "value": forced}]}
    assert found(PARAMETERS, inputs) == {}


def test_a_key_that_cannot_be_rotated_is_not_asked_to() -> None:
    assert found(KEY, {"customerMasterKeySpec": "RSA_4096"}) == {}


def test_a_queue_that_says_nothing_is_encrypted_by_sqs() -> None:
    assert found("aws:sqs/queue:Queue", {}) == {}


def test_a_cache_of_nodes_that_is_encrypted_is_fine() -> None:
    inputs = {"transitEncryptionEnabled": True, "atRestEncryptionEnabled": True, "snapshotRetentionLimit": 1}
    assert found(REPLICATION_GROUP, inputs) == {}


@pytest.mark.parametrize("type_", ["aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem"])
def test_an_encrypted_disk_is_fine(type_: str) -> None:
    assert found(type_, {"encrypted": True}) == {}


def test_a_queue_with_a_key_of_its_own_is_fine() -> None:
    assert found("aws:sqs/queue:Queue", {"kmsMasterKeyId": "${key.id}", "sqsManagedSseEnabled": False}) == {}


def test_a_cache_without_snapshots_is_fine_outside_production() -> None:
    (cache,) = planned("prod").of(CACHE)
    without = {**cache.inputs, "snapshotRetentionLimit": 0}
    assert found(CACHE, without, "dev") == {}
    assert found(CACHE, without) == {"kept": "mandatory"}


def test_a_replica_is_asked_nothing_that_its_source_decides() -> None:
    source = {"replicateSourceDb": "${database.identifier}", "parameterGroupName": "p", "skipFinalSnapshot": True}
    assert found(DATABASE, {**source, "multiAz": False}) == {}
    assert found(DATABASE, {**source, "publiclyAccessible": True}) == {"database-private": "mandatory"}
