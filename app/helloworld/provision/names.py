"""Which databases there should be."""

import re
from collections.abc import Iterable

# Ends the name of the role that owns a database.
OWNER_SUFFIX = "-owner"


class Names:
    """The names that always exist, and how to tell those of reviews.

    Args:
        fixed: names of databases that always exist.
        prefix: what the namespaces of reviews begin with; a number follows. None: there are no reviews.
    """

    def __init__(self, fixed: Iterable[str], prefix: str | None) -> None:
        self.fixed = list(fixed)
        self.has_reviews = prefix is not None
        self._review = re.compile(re.escape(prefix or "") + r"[1-9][0-9]{0,8}")

    def is_review(self, name: str) -> bool:
        """Whether a name can only be that of a review, which may be dropped."""
        return self.has_reviews and name not in self.fixed and self._review.fullmatch(name) is not None

    def wanted(self, namespaces: Iterable[str]) -> list[str]:
        """The databases that should exist, given the namespaces that do."""
        return [*self.fixed, *sorted({name for name in namespaces if self.is_review(name)})]

    def orphans(self, existing: Iterable[str], namespaces: Iterable[str]) -> list[str]:
        """What exists for reviews whose namespace does not."""
        return sorted({name for name in existing if self.is_review(name)} - set(namespaces))
