"""Stack files: read as the engine reads them, or refused with every problem."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline import stackfile, yamlfile
from offline.problems import Problem
from offline.stackfile import StackFileError, UnknownStackError
from offline.wire import SECRET

PROJECT = """\
name: helloworld
runtime: python
config:
  region: {type: string, default: us-west-2}
  message: {type: string, default: Hello, description: What the service says}
  replicas: {type: integer, default: 2}
  protect: {type: boolean, default: false}
  zones: {type: array, items: {type: string}, default: [a, b]}
  tags: {type: object, default: {}}
"""
REAL = Path(__file__).parent.parent / "Pulumi.dev.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


def load(project: Path, content: str | bytes) -> stackfile.StackConfig:
    data = content.encode() if isinstance(content, str) else content
    (project / "Pulumi.dev.yaml").write_bytes(data)
    return stackfile.load(project, "dev")


def problems(project: Path, content: str | bytes) -> list[Problem]:
    with pytest.raises(StackFileError) as caught:
        load(project, content)
    return caught.value.problems


def setting(project: Path, text: str, key: str = "message") -> str:
    return load(project, f"config:\n  helloworld:{key}: {text}\n").config[f"helloworld:{key}"]


class TestReading:
    def test_a_setting_that_is_not_set_has_the_project_default_as_text(self, project: Path) -> None:
        config = load(project, "config:\n  helloworld:message: hi\n").config
        assert config == {
            "helloworld:message": "hi",
            "helloworld:region": "us-west-2",
            "helloworld:replicas": "2",
            "helloworld:protect": "false",
            "helloworld:zones": '["a","b"]',
            "helloworld:tags": "{}",
        }

    @pytest.mark.parametrize("content", ["", "# nothing\n", "config:\n", "config: {}\n"])
    def test_a_file_without_settings_leaves_all_defaults(self, project: Path, content: str) -> None:
        assert load(project, content).config["helloworld:message"] == "Hello"

    @pytest.mark.parametrize(
        ("written", "text"),
        [
            ("hi", "hi"),
            ('"5"', "5"),
            ("5", "5"),
            ("-5", "-5"),
            ("0x10", "16"),
            ("010", "8"),
            ("0o17", "15"),
            ("0X1F", "31"),
            ("-0B11", "-3"),
            ("0O17", "15"),
            ("0xFFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFF"),
            ("18446744073709551616", "18446744073709552000"),
            ("-0.0", "0"),
            (".50_0", "0.5"),
            ("._5", "._5"),
            ("1_000", "1000"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("1e-7", "1e-7"),
            ("2.0", "2"),
            ("true", "true"),
            ("TRUE", "true"),
            ("yes", "yes"),
            ("on", "on"),
            ("1:30", "1:30"),
            ("2024-13-45", "2024-13-45"),
        ],
    )
    def test_a_scalar_is_the_text_that_the_engine_hands_on(self, project: Path, written: str, text: str) -> None:
        assert setting(project, written) == text

    def test_structured_values_are_json_as_go_writes_it(self, project: Path) -> None:
        assert setting(project, "{b: <x>, a: [1, 2.5, true, null, ü]}", "tags") == (
            '{"a":[1,2.5,true,null,"ü"],"b":"\\u003cx\\u003e"}'
        )

    def test_a_key_without_namespace_is_the_projects(self, project: Path) -> None:
        assert load(project, "config:\n  message: hi\n").config["helloworld:message"] == "hi"

    def test_the_old_form_of_a_key_is_read(self, project: Path) -> None:
        assert load(project, "config:\n  helloworld:config:message: hi\n").config["helloworld:message"] == "hi"

    def test_keys_of_providers_are_handed_on(self, project: Path) -> None:
        assert load(project, "config:\n  aws:region: eu-west-1\n").config["aws:region"] == "eu-west-1"

    def test_an_encrypted_value_stands_as_a_secret(self, project: Path) -> None:
        loaded = load(project, "encryptionsalt: abc\nconfig:\n  helloworld:message: {secure: v1:abc}\n")
        assert loaded.config["helloworld:message"] == SECRET
        assert loaded.secret_keys == {"helloworld:message"}
        assert "helloworld:message" in loaded.warnings[0]

    def test_an_encrypted_value_inside_another_hides_the_whole(self, project: Path) -> None:
        loaded = load(project, "config:\n  helloworld:tags: {a: {secure: v1:abc}, b: x}\n")
        assert loaded.config["helloworld:tags"] == '{"a":"[secret]","b":"x"}'
        assert loaded.secret_keys == {"helloworld:tags"}

    def test_an_empty_value_is_read_as_empty_text_with_a_warning(self, project: Path) -> None:
        loaded = load(project, "config:\n  helloworld:message:\n")
        assert loaded.config["helloworld:message"] == ""
        assert "helloworld:message" in loaded.warnings[0]

    def test_aliases_are_expanded(self, project: Path) -> None:
        loaded = load(project, "config:\n  helloworld:zones: &z [a, b]\n  other:zones: *z\n")
        assert loaded.config["other:zones"] == '["a","b"]'

    def test_a_byte_order_mark_is_skipped(self, project: Path) -> None:
        assert load(project, b"\xef\xbb\xbfconfig:\n  message: hi\n").config["helloworld:message"] == "hi"


class TestRefusing:
    @pytest.mark.parametrize(
        ("content", "key", "reason"),
        [
            (b"config:\n  message: \xff\n", "Pulumi.dev.yaml", "not UTF-8"),
            ("config: [a\n", "Pulumi.dev.yaml", "not YAML"),
            ("config: \x00\n", "Pulumi.dev.yaml", "not YAML"),
            ("- a\n", "Pulumi.dev.yaml", "a list"),
            ("'': 1\n", '""', "no such key at the top"),
            ("hello\n", "Pulumi.dev.yaml", "text"),
            ("config: hello\n", "config", "text"),
            ("config: [a]\n", "config", "a list"),
            ("message: hi\n", "message", "no such key at the top"),
            ("conifg: {}\n", "conifg", "no such key at the top"),
            ("encryptionsalt: [a]\n", "encryptionsalt", "a list"),
            ("config:\n  message: a\n  message: b\n", "helloworld:message", "twice"),
            ("config:\n  message: a\n  helloworld:message: b\n", "helloworld:message", "twice"),
            ("config: {}\nconfig: {}\n", "Pulumi.dev.yaml: config", "twice"),
            ("config:\n  5: a\n", "helloworld:5", "not text"),
            ("config:\n  true: a\n", "helloworld:True", "not text"),
            ("config:\n  [a]: a\n", "helloworld:?", "a map or a list"),
            ("config:\n  helloword:message: x\n", "helloword:message", "no provider is called helloword"),
            ("config:\n  a:b:c: x\n", "a:b:c", "not <namespace>:<name>"),
            ("config:\n  ':x': x\n", ":x", "not <namespace>:<name>"),
            ("config:\n  message: 2024-01-02\n", "helloworld:message", "a date"),
            ("config:\n  replicas: .nan\n", "helloworld:replicas", "no finite number"),
            ("config:\n  replicas: -.inf\n", "helloworld:replicas", "no finite number"),
            ("config:\n  replicas: 1e999\n", "helloworld:replicas", "no finite number"),
            ("config:\n  message: !!binary aGk=\n", "helloworld:message", "tag"),
            ("config:\n  message: !!python/object:os.system x\n", "helloworld:message", "tag"),
            ("config:\n  message: ! hi\n", "helloworld:message", "tag"),
            ("%YAML 1.2\n---\nconfig: {}\n", "Pulumi.dev.yaml", "YAML 1.1 only"),
            ("config:\n  tags: {<<: {a: b}}\n", "helloworld:tags", "merge keys"),
            ("config: &a\n  tags: *a\n", "helloworld:tags", "inside what it stands for"),
            ("config: {}\n---\nconfig: {}\n", "Pulumi.dev.yaml", "second document"),
            ("config:\n  message: [a]\n", "helloworld:message", "not text"),
            ("config:\n  replicas: many\n", "helloworld:replicas", "not a whole number"),
            ("config:\n  replicas: 2.5\n", "helloworld:replicas", "not a whole number"),
            ("config:\n  protect: yes\n", "helloworld:protect", "not true or false"),
            ("config:\n  zones: a\n", "helloworld:zones", "not a list"),
            ("config:\n  zones: [1]\n", "helloworld:zones", "not a list"),
            ("config:\n  tags: [a]\n", "helloworld:tags", "not a map"),
        ],
    )
    def test_damage_is_named_with_key_and_reason(
        self, project: Path, content: str | bytes, key: str, reason: str
    ) -> None:
        found = problems(project, content)
        assert [(key, True)] == [(each.key, reason in each.reason) for each in found]
        assert all(each.cure for each in found)

    def test_all_problems_are_told_at_once(self, project: Path) -> None:
        found = problems(project, "top: 1\nconfig:\n  message: 2024-01-02\n  zones: x\n  a:b:c: 1\n  tags: !t {}\n")
        assert {each.key for each in found} == {
            "top", "helloworld:message", "helloworld:zones", "a:b:c", "helloworld:tags",
        }  # fmt: skip

    def test_an_alias_bomb_is_refused_in_no_time(self, project: Path) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
        content = "config:\n  tags:\n" + "".join(f"    {line}\n" for line in lines)
        assert "values" in problems(project, content)[0].reason

    def test_deep_nesting_is_refused(self, project: Path) -> None:
        assert "deep" in problems(project, f"config:\n  tags: {'[' * 5000}{']' * 5000}\n")[0].reason

    def test_a_huge_file_is_refused_unread(self, project: Path) -> None:
        assert "bytes" in problems(project, "#" * (yamlfile.MOST_BYTES + 1))[0].reason

    def test_a_directory_is_refused(self, project: Path) -> None:
        (project / "Pulumi.dev.yaml").mkdir()
        with pytest.raises(StackFileError, match="not a file"):
            stackfile.load(project, "dev")

    def test_a_long_value_is_shown_short_and_printable(self, project: Path) -> None:
        found = problems(project, f'config:\n  zones: "\\e[31m{"x" * 9000}"\n')
        assert len(found[0].value) < 100
        assert found[0].value.isprintable()

    @pytest.mark.parametrize("name", ["../dev", "a/b", "", "a b", "x" * 101, "dev\n", "-é"])
    def test_what_is_no_stack_name_reaches_no_file(self, project: Path, name: str) -> None:
        with pytest.raises(UnknownStackError, match="no stack name"):
            stackfile.load(project, name)

    def test_an_unknown_stack_is_answered_with_those_there_are(self, project: Path) -> None:
        (project / "Pulumi.dev.yaml").touch()
        with pytest.raises(UnknownStackError, match=r"the stacks are dev\. Did you mean dev\?"):
            stackfile.load(project, "dve")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("runtime: python\n", "no name"),
            ('name: "x\\n::error::y"\n', "no project's name"),
            ("name: a:b\n", "no project's name"),
            ("name: x\nconfig: [a]\n", "a list"),
            ("name: x\nconfig: {a: {type: number}}\n", "no such type"),
            ("name: x\nconfig: {a: {type: integer, default: b}}\n", "not a whole number"),
            ("name: x\nconfig: {a: {type: array}}\n", "items"),
            ("name: x\nconfig: {aws:a: {type: string}}\n", "value"),
        ],
    )
    def test_a_damaged_project_file_is_refused(self, project: Path, content: str, reason: str) -> None:
        (project / "Pulumi.yaml").write_text(content)
        found = problems(project, "")
        assert reason in found[0].reason
        assert found[0].key.startswith("Pulumi.yaml")

    def test_a_projects_description_is_shown_on_one_line_that_can_be_printed(self, project: Path) -> None:
        description = '"a\\n::error::b\\e[31m\\u202e"'
        (project / "Pulumi.yaml").write_text(f"name: x\nconfig: {{a: {{type: string, description: {description}}}}}\n")
        assert [each.cure for each in problems(project, "")] == [r"a ::error::b\x1b[31m\u202e"]

    def test_a_setting_without_value_and_default_is_missing(self, project: Path) -> None:
        (project / "Pulumi.yaml").write_text("name: x\nconfig: {a: {type: string}}\n")
        assert [(each.key, each.reason) for each in problems(project, "")] == [
            ("x:a", "it has no value and no default")
        ]


def _is_clean(problem: Problem) -> bool:
    parts = (problem.key, problem.value, problem.reason, problem.cure)
    return all(part and part.isprintable() and len(part) < 500 for part in parts)


damage = st.tuples(st.integers(0, 600), st.integers(0, 30), st.binary(max_size=12))
fragments = st.sampled_from(
    [
        *(b"config:", b"\n  helloworld:zones: ", b"[", b"{", b"- ", b"&a ", b"*a", b"!!set ", b": ", b"? ", b"|\n"),
        *(b"\xff", b"\x00", b"secure", b"<<: ", b"---\n", b"...", b"%TAG", b"'", b'"', b"\t", b"\n\n"),
        *(b".nan", b"0777", b"2024-01-01"),
    ]
)


class TestDamagedAnyhow:
    @settings(max_examples=300, deadline=None)
    @given(places=st.lists(damage, min_size=1, max_size=4))
    def test_a_real_file_damaged_anywhere_is_read_or_refused_cleanly(
        self, tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int, bytes]]
    ) -> None:
        content = REAL.read_bytes()
        for start, length, inserted in places:
            content = content[:start] + inserted + content[start + length :]
        self._read(tmp_path_factory, content)

    @settings(max_examples=300, deadline=None)
    @given(parts=st.lists(fragments, max_size=20))
    def test_any_pieces_of_yaml_are_read_or_refused_cleanly(
        self, tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
    ) -> None:
        self._read(tmp_path_factory, b"".join(parts))

    @staticmethod
    def _read(factory: pytest.TempPathFactory, content: bytes) -> None:
        project = factory.getbasetemp() / "damaged"
        project.mkdir(exist_ok=True)
        (project / "Pulumi.yaml").write_text(PROJECT)
        found: list[Problem] = []
        try:
            texts = list(load(project, content).config.values())
        except StackFileError as refused:
            found, texts = refused.problems, []
        assert found or texts
        assert all(isinstance(text, str) for text in texts)
        assert all(map(_is_clean, found)), found
