"""What two functions of one name are compared by: all that they reach by name, and nothing else."""

from pathlib import Path

import pytest
from beautyspot.keys.reach import MOST_FILES, MOST_NAMES, reached

ASK = "def ask(q):\n    return {}\n"


def write(folder: Path, text: str, **beside: str) -> Path:
    """Write a program, and the modules beside it."""
    folder.mkdir()
    for name, code in {"main": text, **beside}.items():
        (folder / f"{name}.py").write_text(code)
    return folder / "main.py"


def differ(one: Path, other: Path, qualname: str = "ask") -> bool:
    """Compare two functions, either way round."""
    here, there = reached(str(one), qualname), reached(str(other), qualname)
    assert here is not None
    assert there is not None
    answers = {here[1].differs(there[1]), there[1].differs(here[1])}
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize(
    "code",
    [
        ASK,
        "M = {}\n" + ASK.format("M"),
        "M: int = {}\n" + ASK.format("M"),
        "M, (N, L) = 1, (2, {})\n" + ASK.format("L"),
        "M, *N = 1, {}\n" + ASK.format("N"),
        "M = 1\nM += {}\n" + ASK.format("M"),
        "M = {{}}\nM['x'] = {}\n" + ASK.format("M"),
        "import x\nx.MODEL = {}\n" + ASK.format("x.go(q)"),
        "if FAST:\n    M = {}\n" + ASK.format("M"),
        "if {}:\n    M = 1\n" + ASK.format("M"),
        "if FAST:\n    pass\nelse:\n    M = {}\n" + ASK.format("M"),
        "try:\n    M = {}\nexcept KeyError:\n    pass\n" + ASK.format("M"),
        "try:\n    M = 1\nexcept KeyError:\n    M = {}\n" + ASK.format("M"),
        "for M in [{}]:\n    pass\n" + ASK.format("M"),
        "for i in [{}]:\n    M = i\n" + ASK.format("M"),
        "with open('{}') as M:\n    pass\n" + ASK.format("M"),
        "if (M := {}):\n    pass\n" + ASK.format("M"),
        "def h():\n    return {}\nM = [h() for _ in 'ab']\n" + ASK.format("M"),
        "def h():\n    return {}\n" + ASK.format("[h() for _ in q]"),
        "def h():\n    return {}\n@h\n" + ASK.format("q"),
        "@h({})\n" + ASK.format("q"),
        "import x.gpt{} as llm\n" + ASK.format("llm.ask(q)"),
        "from x import gpt{} as llm\n" + ASK.format("llm(q)"),
        "from x{} import *\n" + ASK.format("llm(q)"),
        "class C:\n    P = {}\n" + ASK.format("C.P"),
        "class C:\n    P = {}\n    Q = P\n" + ASK.format("C.Q"),
        "class C:\n    class D:\n        P = {}\n" + ASK.format("C.D.P"),
        "class C:\n    def __init__(self):\n        self.p = {}\n" + ASK.format("C().p"),
        "class B:\n    P = {}\nclass C(B):\n    pass\n" + ASK.format("C.P"),
        "class C(Model):\n    p: str = {}\n" + ASK.format("llm(C)"),
        "class C(Model):\n    p: Literal[{}]\n" + ASK.format("llm(C)"),
    ],
)
def test_what_a_function_reaches_by_name_tells_two_apart(tmp_path: Path, code: str) -> None:
    one = write(tmp_path / "a", code.format(1))
    assert differ(one, write(tmp_path / "b", code.format(2)))
    assert not differ(one, write(tmp_path / "c", code.format(1)))


@pytest.mark.parametrize(
    "code",
    [
        "class C:\n    P = {}\n    def ask(self, q):\n        return self.P\n",
        "class C:\n    def h(self):\n        return {}\n    def ask(self, q):\n        return self.h()\n",
        "class B:\n    def h(self): return {}\nclass C(B):\n    def ask(self, q): return super().h()\n",
        "class C:\n    def __init__(self):\n        self.p = {}\n    def ask(self, q):\n        return self.p\n",
    ],
)
def test_a_method_reaches_its_class_by_the_attributes_it_reads(tmp_path: Path, code: str) -> None:
    one, other = (write(tmp_path / name, code.format(name)) for name in "ab")
    assert differ(one, other, "C.ask")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ASK.format("q"), "def ask(q: str) -> str:\n    '''A docstring.'''\n    return q  # and a comment\n"),
        (
            "def ask(q):\n    x = q\n    return x\n",
            "def ask(q):\n    y: int\n    x: str = q\n    'text'\n    return x\n",
        ),
        ("M = 'a'\n" + ASK.format("M"), 'M: str = "a"\n' + ASK.format("M")),
        ("def h(q): return q\n" + ASK.format("h(q)"), "def h(q: str): return q\n" + ASK.format("h(q)")),
        (
            "def ask(q):\n    def h():\n        return 1\n    return h()\n",
            "def ask(q):\n    def h() -> int:\n        'What it does.'\n        return 1\n    return h()\n",
        ),
        ("class C:\n    P = 1\n" + ASK.format("C.P"), "class C:\n    'Some.'\n    P: int = 1\n" + ASK.format("C.P")),
        ("class C(B): pass\n" + ASK.format("C"), "class C(B):\n    'Some.'\n" + ASK.format("C")),
        ("import os\n" + ASK.format("os.path"), "import os.path\nimport os\n" + ASK.format("os.path")),
        ("@spot.mark\n" + ASK.format(1), "@spot.mark(ttl='1d')\n@spot.limiter(cost=2)\n" + ASK.format(1)),
        ("@spot.mark\n" + ASK.format(1), ASK.format(1) + "ask.__module__ = 'old'\nask = spot.mark(ttl='1d')(ask)\n"),
        ("class C: pass\n" + ASK.format("C"), "class C:\n    __module__ = 'old'\n" + ASK.format("C")),
        ("class C(B): pass\n" + ASK.format("C"), "class C(B):\n    __module__: str = 'old'\n" + ASK.format("C")),
    ],
)
def test_what_changes_no_answer_tells_nothing_apart(tmp_path: Path, one: str, other: str) -> None:
    assert not differ(write(tmp_path / "a", one), write(tmp_path / "b", other))


@pytest.mark.parametrize(
    "code",
    [
        "def x(): return {}\ndef ask(q):\n    x = q\n    return x\n",
        "x = {}\ndef ask(q, x):\n    return [q for x in q]\n",
        "x = {}\ndef ask(q):\n    def x(): return 1\n    return x()\n",
        "M, N = 1, {}\n" + ASK.format("M"),
        "if FAST:\n    M = 1\n    N = {}\n" + ASK.format("M"),
        "class C:\n    P = 1\n    def h(self): return {}\n" + ASK.format("C.P"),
        "spot = bs.Spot('app', tpm={})\n" + ASK.format("spot.flush()"),
        "with Spot('app', tpm={}) as spot:\n    pass\n" + ASK.format("spot.flush()"),
        "if __name__ == '__main__':\n    print({})\n" + ASK.format("q"),
    ],
)
def test_what_a_function_does_not_reach_tells_nothing_apart(tmp_path: Path, code: str) -> None:
    assert not differ(write(tmp_path / "a", code.format(1)), write(tmp_path / "b", code.format(2)))


@pytest.mark.parametrize(
    "code",
    [
        "from prompts import PROMPT\n" + ASK.format("PROMPT"),
        "from prompts import PROMPT as M\n" + ASK.format("M"),
        "from prompts import *\n" + ASK.format("PROMPT"),
        "import prompts\n" + ASK.format("prompts.PROMPT"),
        "import prompts as p\n" + ASK.format("p.PROMPT"),
        "def ask(q):\n    from prompts import PROMPT\n    return PROMPT\n",
        "from again import PROMPT\n" + ASK.format("PROMPT"),
    ],
)
def test_what_is_imported_from_beside_a_file_is_read_there(tmp_path: Path, code: str) -> None:
    one, other, third = (
        write(
            tmp_path / name, code, prompts=f"PROMPT = {prompt}\nMORE = '{name}'\n", again="from prompts import PROMPT"
        )
        for name, prompt in (("a", 1), ("b", 2), ("c", 1))
    )
    assert differ(one, other)
    assert not differ(one, third)


def test_packages_are_followed_from_above_them_and_by_dots(tmp_path: Path) -> None:
    files: list[Path] = []
    for name in "ab":
        package = tmp_path / name / "shop"
        (package / "inner").mkdir(parents=True)
        for folder in (package, package / "inner"):
            (folder / "__init__.py").touch()
        (package / "prompts.py").write_text(f"M = N = {name!r}\n")
        files += [package / "inner/dots.py", package / "inner/names.py"]
        files[-2].write_text("from .. import prompts\n" + ASK.format("prompts.M"))
        files[-1].write_text("from shop.prompts import N\n" + ASK.format("N"))
    assert [differ(files[0], files[2]), differ(files[1], files[3])] == [True, True]


def test_a_file_that_only_one_has_beside_it_tells_nothing_apart(tmp_path: Path) -> None:
    code = "from prompts import PROMPT\n" + ASK.format("PROMPT")
    assert not differ(write(tmp_path / "a", code, prompts="PROMPT = 1"), write(tmp_path / "b", code))


def test_modules_that_import_one_another_end_and_so_do_very_many(tmp_path: Path) -> None:
    chain = {f"m{n}": f"import main\nfrom m{n + 1} import M\n" for n in range(MOST_FILES * 2)}
    one, other = (
        write(
            tmp_path / name, "from m0 import M\n" + ASK.format("M"), **chain, **{f"m{MOST_FILES * 2}": f"M = {name!r}"}
        )
        for name in "ab"
    )
    assert not differ(one, other)


def test_names_are_followed_from_the_nearest_and_not_without_end(tmp_path: Path) -> None:
    far = "".join(f"def h{n}(): return h{n + 1}()\n" for n in range(MOST_NAMES))
    code = far + f"h{MOST_NAMES} = {{}}\nnear = {{}}\n" + ASK.format("[h0(), near]")
    one = write(tmp_path / "a", code.format(1, 1))
    assert not differ(one, write(tmp_path / "b", code.format(2, 1)))
    assert differ(one, write(tmp_path / "c", code.format(1, 2)))


@pytest.mark.parametrize(
    ("name", "qualname"), [("main.py", "other"), ("main.py", "C.ask"), ("main.txt", "ask"), ("app.pyz/main.py", "ask")]
)
def test_what_can_not_be_read_is_not_there(tmp_path: Path, name: str, qualname: str) -> None:
    write(tmp_path / "a", ASK.format("q"))
    assert reached(str(tmp_path / "a" / name), qualname) is None
