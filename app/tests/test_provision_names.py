"""Which databases there should be, and how their names get into SQL, whatever the names."""

import pytest
from helloworld.environment import SettingsError
from helloworld.provision.databases import quoted
from helloworld.provision.names import Names
from helloworld.provision.settings import read_provision_settings
from hypothesis import given
from hypothesis import strategies as st

identifiers = st.text(min_size=1, max_size=30)


@given(name=identifiers)
def test_any_name_is_one_identifier(name: str) -> None:
    inside = quoted(name)[1:-1]
    assert quoted(name)[0] == quoted(name)[-1] == '"'
    assert '"' not in inside.replace('""', "")
    assert inside.replace('""', '"') == name


@pytest.mark.parametrize("name", ["postgres", "template1", "a-owner", "A", "a_b", "-a", "a-", "a" * 57, 'a"b'])
def test_what_cannot_be_the_name_of_a_database_of_ours_is_refused(name: str) -> None:
    environ = {"DATABASE_ADMIN_URL": "postgresql://a@b/postgres"}
    assert read_provision_settings({**environ, "PROVISION_DATABASES": "a, shop-pr-1"})
    with pytest.raises(SettingsError, match="cannot be the name of a database"):
        read_provision_settings({**environ, "PROVISION_DATABASES": f"a, {name}"})


numbers = st.integers(-1, 10**10).map(str) | st.text("0123456789x-", max_size=4)


@given(existing=st.sets(numbers), namespaces=st.sets(numbers))
def test_only_reviews_without_a_namespace_are_left_over(existing: set[str], namespaces: set[str]) -> None:
    names = Names(["helloworld", "helloworld-pr-3"], "helloworld-pr-")
    had = {f"helloworld-pr-{number}" for number in existing} | {"helloworld", "postgres", "helloworld-pr-3"}
    spaces = {f"helloworld-pr-{number}" for number in namespaces} | {"default"}
    orphans, wanted = set(names.orphans(had, spaces)), names.wanted(spaces)
    assert wanted[:2] == ["helloworld", "helloworld-pr-3"]
    assert not orphans & (spaces | {"helloworld", "postgres", "helloworld-pr-3"})
    assert not orphans & set(wanted)
    assert orphans <= had
    for name in [*orphans, *wanted[2:]]:
        number = name.removeprefix("helloworld-pr-")
        assert 1 <= int(number) <= 999_999_999
        assert str(int(number)) == number
    assert Names(["helloworld"], None).orphans(had, []) == []
