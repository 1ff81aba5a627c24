"""The benchmarks' own arithmetic and reports; the peers themselves are measured by `make bench` alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # `python -m benchmarks` finds them in the folder it runs in

from benchmarks.__main__ import main  # noqa: E402
from benchmarks.answers import Answer, Target, ratio  # noqa: E402
from benchmarks.interleave import calls_in, medians_us  # noqa: E402
from benchmarks.report import END, MARK, markdown, write_into  # noqa: E402

FIGURES = {"beautyspot": 8.0, "bare": 5.0}
ANSWER = Answer("hit", "µs", FIGURES, (ratio(FIGURES, "bare", 1.5), Target(3.2, 3, "of a peer", at_least=True)))


def test_a_target_is_met_at_its_limit_and_missed_beyond_it() -> None:
    assert [Target(measured, 1.5, "").met for measured in (1.4, 1.5, 1.6)] == [True, True, False]
    assert [Target(measured, 3, "", at_least=True).met for measured in (2.9, 3, 3.1)] == [False, True, True]


def test_the_median_is_of_a_call_and_every_contender_is_in_every_round() -> None:
    asked: list[str] = []

    def batch(name: str, call_s: float):
        def run(count: int) -> float:
            asked.append(name)
            return count * call_s

        return run

    figures = medians_us({"a": batch("a", 1e-4), "b": batch("b", 3e-4)}, rounds=9, batch_s=0.01)
    assert figures == pytest.approx({"a": 100, "b": 300})
    rounds = [sorted(asked[-18:][start : start + 2]) for start in range(0, 18, 2)]
    assert rounds == [["a", "b"]] * 9


def test_a_slow_first_call_does_not_make_the_batches_short() -> None:
    costs = iter([1.0])  # the first batch opens a file
    assert calls_in(lambda count: next(costs, count * 1e-4), 0.01) == pytest.approx(100, abs=1)


def test_the_table_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# How fast\n\n{MARK}\n\nMore text.\n", "utf-8")
    write_into(page, "an old table")
    write_into(page, markdown([ANSWER], "one machine"))
    text = page.read_text("utf-8")
    assert "an old table" not in text
    assert text.startswith(f"# How fast\n\n{MARK}\n| what |")
    assert f"| 1.6 {ANSWER.targets[0].of} (missed)<br>3.2 of a peer | ≤ 1.5<br>≥ 3 | beautyspot 8, bare 5 µs |" in text
    assert text.endswith(f"{END}\n\nMore text.\n")


def test_the_command_measures_and_writes_what_it_found(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "limiter", "--json", str(found)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answers = json.loads(found.read_text("utf-8"))["answers"]
    assert [len(answer["targets"]) for answer in answers] == [1, 1]
    assert all(answer["figures"]["beautyspot"] > 0 and answer["question"] in done.stdout for answer in answers)


def test_a_question_that_fails_costs_no_other_answer_and_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(scale: object, folder: str) -> list[Answer]:
        raise TimeoutError("the browser does not answer")

    def answers(scale: object, folder: str) -> list[Answer]:
        return [ANSWER]

    page, found = tmp_path / "page.md", tmp_path / "found.json"
    page.write_text(f"{MARK}\nan old table\n{END}\n", "utf-8")
    monkeypatch.setattr("benchmarks.__main__.questions", lambda: {"page": fails, "hit": answers})
    monkeypatch.setattr(sys, "argv", ["make bench", "--json", str(found), "--markdown", str(page)])
    assert main() == 1
    assert [answer["question"] for answer in json.loads(found.read_text("utf-8"))["answers"]] == ["hit"]
    assert "an old table" in page.read_text("utf-8")
    said = capsys.readouterr().err
    assert "the browser does not answer" in said
    assert "failed: page; documents keep the table they have" in said
