"""Keys from files, and choices by parameter."""

import os
from pathlib import Path
from typing import Any

import pytest
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys import KeyGen, KeyMaker, KeyPolicy


def read(path: Any, mode: str = "fast", client: Any = None) -> None: ...


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("one")
    return path


def test_the_content_of_a_file_is_its_key_wherever_it_lies(file: Path, tmp_path: Path):
    key = KeyMaker(read, input_key_fn=KeyGen.from_file_content).key
    copy = tmp_path / "copy.txt"
    copy.write_text("one")
    before = key((file,), {})
    assert before == key((str(copy),), {}) == key((), {"path": file, "mode": "fast"})
    file.write_text("two")
    assert key((file,), {}) != before


def test_the_other_arguments_have_their_part(file: Path):
    for input_key_fn in (KeyGen.from_file_content, KeyGen.from_path_stat):
        key = KeyMaker(read, input_key_fn=input_key_fn).key
        assert key((file,), {}) != key((file, "slow"), {})
        with pytest.raises(UnkeyableArgument, match="'client'"):
            key((file,), {"client": object()})


def test_the_state_of_a_file_is_its_key(file: Path, tmp_path: Path):
    key = KeyMaker(read, input_key_fn=KeyGen.from_path_stat).key
    before = key((file,), {})
    link = tmp_path / "link"
    link.symlink_to(file)
    assert key((link,), {}) == before
    os.utime(file, ns=(1, 1))
    assert key((file,), {}) != before


def test_a_missing_file_is_the_callers_own_error(tmp_path: Path):
    for input_key_fn in (KeyGen.from_file_content, KeyGen.from_path_stat):
        with pytest.raises(FileNotFoundError):
            KeyMaker(read, input_key_fn=input_key_fn).key((tmp_path / "no",), {})


def test_the_default_is_what_one_gets_without():
    assert KeyMaker(read, input_key_fn=KeyGen.default).key(("a",), {}) == KeyMaker(read).key(("a",), {})


def test_a_policy_chooses_by_parameter(file: Path):
    policy = KeyPolicy(path=KeyGen.from_file_content, mode=str.lower, client=KeyPolicy.IGNORE)
    key = KeyMaker(read, input_key_fn=policy).key
    before = key((file,), {})
    assert before == key((file, "FAST", object()), {}) == key((), {"path": file, "mode": "Fast"})
    assert before != key((file, "slow"), {})


def test_a_choice_never_shares_a_key_with_plain_content():
    assert KeyMaker(read, input_key_fn=KeyPolicy(mode=str)).key(("a",), {}) != KeyMaker(read).key(("a",), {})


def test_a_policy_that_names_what_is_not_there_is_refused_when_marked():
    with pytest.raises(ConfigurationError, match=r"'pth', which is no parameter of .*known: path, mode, client"):
        KeyMaker(read, input_key_fn=KeyPolicy(pth=KeyGen.from_file_content))
    with pytest.raises(ConfigurationError, match="'pth', which is no parameter"):
        KeyMaker(read, input_key_fn=KeyPolicy(pth=KeyGen.default))
    with pytest.raises(ConfigurationError, match="path='content'; give a function"):
        KeyPolicy(path="content")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="met no parameter"):
        KeyMaker(lambda: None, input_key_fn=KeyGen.from_path_stat)


def test_the_functions_can_be_called_as_they_are(file: Path):
    assert KeyGen.default(1, a=2) == KeyGen.default(1, a=2) != KeyGen.default(1, a=3)
    assert KeyGen.from_file_content(file, 1) != KeyGen.from_file_content(file, 2)
    policy = KeyPolicy(path=KeyGen.from_file_content, client=KeyPolicy.IGNORE)
    assert policy(path=file, client=object()) == policy(path=file)
    assert repr(KeyPolicy.IGNORE) == "KeyPolicy.IGNORE"


class Reader:
    def read(self, path: Any) -> None: ...

    @classmethod
    def read_all(cls, path: Any) -> None: ...


@pytest.mark.parametrize("method", [Reader.read, Reader.read_all.__func__])  # type: ignore[attr-defined]
def test_the_file_of_a_method_is_its_first_argument_and_not_its_instance(method: Any, file: Path):
    key = KeyMaker(method, input_key_fn=KeyGen.from_file_content).key
    before = key((int, file), {})
    file.write_text("two")
    assert key((int, file), {}) != before
    with pytest.raises(UnkeyableArgument, match=r"argument 'self'|argument 'cls'"):
        key((object(), file), {})


def test_a_policy_may_name_the_instance(file: Path):
    key = KeyMaker(Reader.read, input_key_fn=KeyPolicy(self=KeyPolicy.IGNORE, path=KeyGen.from_file_content)).key
    assert key((Reader(), file), {}) == key((Reader(), file), {})
    assert KeyPolicy(self=KeyPolicy.IGNORE)(self=1, path=2) == KeyPolicy(self=KeyPolicy.IGNORE)(self=3, path=2)


def test_what_is_no_path_is_refused_with_the_way_to_name_one():
    for input_key_fn in (KeyGen.from_file_content, KeyGen.from_path_stat):
        with pytest.raises(UnkeyableArgument, match=r"met 5; give a path, .*KeyPolicy\(path="):
            KeyMaker(read, input_key_fn=input_key_fn).key((5,), {})


def test_ignoring_what_a_function_of_the_users_takes_is_refused():
    with pytest.raises(ConfigurationError, match=r"ignore got 'mode' beside input_key_fn=.*leave 'mode' out"):
        KeyMaker(read, ignore=("mode",), input_key_fn=lambda path, mode: (path, mode))
    lock = object()
    free = KeyMaker(lambda path: (path, lock), ignore=("lock",), input_key_fn=lambda path: path)
    assert free.key(("a",), {}) != free.key(("b",), {})


@pytest.mark.parametrize("choice", [KeyPolicy(path=str), KeyGen.default, KeyGen.from_path_stat])
def test_a_choice_by_parameter_goes_together_with_ignored_ones(choice: Any, file: Path):
    key = KeyMaker(read, ignore=("client",), input_key_fn=choice).key
    assert key((file, "fast", object()), {}) == key((file, "fast", object()), {}) != key((file, "slow"), {})


@pytest.mark.parametrize("choices", [KeyPolicy, KeyGen])
def test_the_class_of_the_choices_is_refused_when_marked(choices: Any):
    with pytest.raises(ConfigurationError, match=f"got the class {choices.__name__}; give KeyGen.from_file_content"):
        KeyMaker(read, input_key_fn=choices)


def test_a_function_of_other_parameters_is_refused_when_marked():
    for wrong in (lambda: 1, lambda path, mode, client, more: 1, lambda path, *, more: 1):
        with pytest.raises(ConfigurationError, match=r"can't take the arguments of .*read; give one with the same"):
            KeyMaker(read, input_key_fn=wrong)
    for fits in (str, lambda path: path, lambda *args: 1, lambda path, mode, *, client=None: 1, lambda **named: 1):
        KeyMaker(read, input_key_fn=fits)
