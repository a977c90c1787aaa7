"""What `make bench` makes of what it measures. The measurements themselves are no tests: they depend on the machine."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as bench
from bench import section
from bench.figures import Figure
from bench.growth import FEW, HALF, MANY, growth
from bench.image import packed, size
from bench.processes import Cost, finish, least
from bench.service import REQUESTS, served
from bench.suite import slowest
from tests.conftest import PROJECT

POSITIVE = st.floats(1e-6, 1e9)


def figure(measured: float, base: float) -> Figure:
    return Figure(what="a", measured=measured, than="b", base=base, unit="s")


class TestFigures:
    @given(POSITIVE, POSITIVE)
    def test_a_ratio_times_its_base_is_what_was_measured(self, measured: float, base: float) -> None:
        assert figure(measured, base).ratio * base == pytest.approx(measured)

    @pytest.mark.parametrize("base", [0.0, -1.0])
    def test_a_multiple_of_nothing_is_refused_by_name(self, base: float) -> None:
        with pytest.raises(ValueError, match=r"b is .* s: a cannot be a multiple of that"):
            _ = figure(1.0, base).ratio

    def test_a_line_has_the_ratio_and_both_figures(self) -> None:
        assert " ".join(str(figure(1234.5, 500.0)).split()) == "a 2.47 x b (1,234 against 500 s)"


class TestSections:
    def test_every_section_can_be_measured_by_name(self) -> None:
        for module in section.SECTIONS.values():
            imported = subprocess.run(
                [sys.executable, "-c", f"from {module} import measure"], cwd=PROJECT, capture_output=True, text=True
            )
            assert (imported.returncode, imported.stderr) == (0, "")

    def test_one_that_fails_is_told_and_the_others_go_on(self) -> None:
        said: list[str] = []
        measured: list[str] = []

        def measure(name: str) -> int:
            measured.append(name)
            return 1 if name == "second" else 0

        assert bench.measure(["first", "second", "third"], measure, said.append) == 1
        assert measured == ["first", "second", "third"]
        assert said[-1] == "\nnot measured: second"

    def test_without_a_failure_it_is_well(self) -> None:
        assert bench.measure(["first"], lambda _: 0, lambda _: None) == 0

    def test_a_failing_section_says_why_in_words(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(section, "SECTIONS", {"broken": "bench.nowhere"})
        assert section.main("broken") == 1
        assert capsys.readouterr().out == "  it could not be measured: No module named 'bench.nowhere'\n"

    def test_a_command_that_failed_is_named(self) -> None:
        assert section.reason(subprocess.CalledProcessError(3, ["pip", "install"])) == "exit code 3 of pip install"

    @pytest.mark.parametrize("given", ["nowhere", "preview,nowhere", "", ","])
    def test_a_name_that_is_none_is_refused_with_those_that_are(
        self, given: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            bench.main(["--only", given])
        assert ended.value.code == 2
        assert f"there are {', '.join(section.SECTIONS)}" in capsys.readouterr().err

    def test_all_is_measured_if_nothing_is_named_and_the_suite_last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def measure(names: list[str], *_: object) -> int:
            asked.extend(names)
            return 0

        monkeypatch.setattr(bench, "measure", measure)
        assert bench.main([]) == bench.main(["--only", "suite"]) == 0
        assert asked == [*section.SECTIONS, "suite"]
        assert list(section.SECTIONS)[-1] == "suite"


class TestArithmetic:
    def test_what_grows_with_the_number_has_a_ratio_of_one(self) -> None:
        costs = {number: (0.9 + 0.1 * number, 100 + 0.5 * number) for number in (FEW, HALF, MANY)}
        ratios = {line.what: line.ratio for line in growth(costs) if isinstance(line, Figure)}
        assert ratios["each of the last 25, time"] == pytest.approx(1)
        assert ratios["each of the last 25, memory"] == pytest.approx(1)
        assert ratios["50 review stacks, time"] == pytest.approx(5.9)

    def test_what_grows_with_its_square_has_more(self) -> None:
        costs = {number: (0.01 * number**2, 100 + 0.01 * number**2) for number in (FEW, HALF, MANY)}
        assert all(line.ratio > 2.5 for line in growth(costs) if isinstance(line, Figure) and "last" in line.what)

    def test_memory_that_does_not_grow_is_no_failure(self) -> None:
        lines = list(growth({number: (float(number), 100.0) for number in (FEW, HALF, MANY)}))
        assert not any("last 25, memory" in str(line) for line in lines)

    def test_a_request_costs_what_starting_and_stopping_does_not(self) -> None:
        cost = served(Cost(0, 3.0, 50.0), Cost(0, 1.0, 40.0))
        assert cost.cpu_seconds == pytest.approx(2.0 / (REQUESTS - 16))
        assert cost.mebibytes == 50.0

    def test_the_least_of_each_figure_counts(self) -> None:
        assert least([Cost(1, 5, 9), Cost(2, 4, 8)]) == Cost(1, 4, 8)

    def test_a_process_that_fails_measures_nothing(self) -> None:
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(subprocess.CalledProcessError):
            finish(process, 0.0)

    def test_the_slowest_tests_are_read_from_what_pytest_says(self) -> None:
        said = (
            "...\n=== slowest 10 durations ===\n1.80s call     tests/test_a.py::test_b[c d]\n0.10s setup    x.py::y\n"
        )
        assert list(slowest(said)) == [
            "   1.80 s  call     tests/test_a.py::test_b[c d]",
            "   0.10 s  setup    x.py::y",
        ]


class TestImage:
    def test_a_layer_is_counted_as_it_is_packed(self, tmp_path: Path) -> None:
        (tmp_path / "big").write_bytes(bytes(1_000_000))
        assert size(tmp_path) == 1_000_000
        assert 0 < packed(tmp_path) < 20_000

    def test_the_base_that_is_compared_with_is_that_of_the_dockerfile(self) -> None:
        dockerfile = (PROJECT / "app" / "Dockerfile").read_text("utf-8")
        assert "FROM python:3.13." in dockerfile
        assert "-slim-trixie AS base" in dockerfile
