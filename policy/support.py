"""Until when versions are supported, as their owners say. Read on 2026-11-21; to add a version, add its row.

A date is the first day without standard support; None means that no end has been announced.
"""

from collections.abc import Mapping
from datetime import date

Ends = Mapping[str, date | None]

# https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar
KUBERNETES: Ends = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}

# https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html, as copied in
# https://github.com/endoflife-date/endoflife.date/pull/4632 and 6270. Of 18 the community's month, before which RDS's
# standard support has never ended: https://www.postgresql.org/support/versioning/
POSTGRES: Ends = {
    "12": date(2025, 3, 1),
    "13": date(2026, 3, 1),
    "14": date(2027, 3, 1),
    "15": date(2028, 3, 1),
    "16": date(2029, 3, 1),
    "17": date(2030, 3, 1),
    "18": date(2030, 11, 1),
}

# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
VALKEY: Ends = {"7": None, "8": None, "9": None}

# EKS makes no images of Amazon Linux 2 any more: https://github.com/awslabs/amazon-eks-ami/issues/2545
NODE_SYSTEMS: Ends = {"AL2": date(2025, 11, 26), "AL2023": None, "BOTTLEROCKET": None}

# AWS names no ends for add-ons; these are the oldest minors that it has named as the latest for a Kubernetes version
# in standard support. kube-proxy has Kubernetes's own. Of the other add-ons it publishes no such table.
# https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html#coredns-versions,
# https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html
OLDEST_ADDONS: Mapping[str, tuple[int, int]] = {"coredns": (1, 12), "vpc-cni": (1, 20)}
