"""What the pages say."""

import re
import string
from pathlib import Path

import beautyspot_dashboard
import pytest
from beautyspot_dashboard.texts import TEXTS, Counting, plain

SOURCE = "\n".join(path.read_text("utf-8") for path in Path(beautyspot_dashboard.__file__).parent.rglob("*.py"))
FAMILIES = ("status_", "kind_", "order_", "range_", "work_", "answer_", "differ_", "unit_", "level_", "trouble_")
"""Names that are put together where they are used."""


def places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_everything_is_said_in_every_language_with_the_same_places() -> None:
    english, japanese = TEXTS["en"], TEXTS["ja"]
    assert {name: places(words) for name, words in english.items()} == {
        name: places(words) for name, words in japanese.items()
    }


def test_what_is_asked_for_is_there() -> None:
    asked = set(re.findall(r"""\btext\(\s*["']([a-z_0-9]+)["']""", SOURCE))
    assert asked - set(TEXTS["en"]) == set()


def test_nothing_is_said_that_nobody_asks_for() -> None:
    idle = {name for name in TEXTS["en"] if f'"{name}"' not in _without_texts()}
    assert {name for name in idle if not name.startswith(FAMILIES)} == set()


def _without_texts() -> str:
    folder = Path(beautyspot_dashboard.__file__).parent
    files = (path for path in folder.rglob("*.py") if path.parent.name != "texts")
    return "\n".join(path.read_text("utf-8").replace("'", '"') for path in files)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 results"), ("1", "1 result"), (1, "1 result"), ("1,001", "1,001 results")]
)
def test_a_count_of_one_has_the_word_for_one(count: object, said: str) -> None:
    assert Counting().format("Read {count:result|results}, {size}.", count=count, size="3 B") == f"Read {said}, 3 B."


def test_every_count_before_a_word_in_english_says_both_its_forms() -> None:
    alone = {
        words
        for words in TEXTS["en"].values()
        if re.search(r"\{(count|blobs|rows)\} (result|blob|row|letter|are)", words)
    }
    assert alone == set()


def test_a_verb_of_what_was_counted_says_both_its_forms_as_well() -> None:
    assert [words for words in TEXTS["en"].values() if re.search(r"\|\w+\}\W*(stay|go|are|is|have)\b", words)] == []


@pytest.mark.parametrize("hostile", ["**b**", "<img src=x>", "[a](b)", "$x$", ":red[x]", "`c`", "~~s~~", "# h", "a_b_"])
def test_what_comes_from_a_store_is_shown_letter_for_letter(hostile: str) -> None:
    assert re.sub(r"\\(.)", r"\1", plain(hostile)) == hostile
    assert not re.search(r"(?<!\\)[*<\[$:`~#_]", plain(hostile))


def test_blanks_before_a_name_make_no_block_of_code_of_it() -> None:
    assert plain("\t   a b") == "\N{NO-BREAK SPACE}" * 4 + "a b"
    assert plain("   ") == "\N{NO-BREAK SPACE}" * 3


@pytest.mark.parametrize("mark", ["\u202e", "\u2067", "\u200f"])
def test_a_mark_that_turns_letters_around_is_spelled_out(mark: str) -> None:
    assert plain(f"{mark}evil") == rf"\\u{ord(mark):04x}evil"


def test_a_name_of_several_lines_stays_in_its_line() -> None:
    assert "\n" not in plain("a\n\n# b")
