"""No file can be opened any more, as other code of the process holds too many: neither the store's nor a module's."""

from typing import Any

import pytest

pytest.importorskip("resource")

WITHOUT = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))

def take_all():
    taken = []
    try:
        while True: taken.append(os.open("/dev/null", 0))
    except OSError:
        return taken

def without(call):
    def work():  # in a thread that has no connection of its own yet
        taken = take_all()
        try: got.append(call())
        finally:
            for each in taken: os.close(each)
    got, thread = [], threading.Thread(target=work)
    thread.start(); thread.join()
    return got

def forget(*modules):
    for name in modules: sys.modules.pop(name, None)
"""

SYNC = """
answer = new_answer(new_spot())
answer(0), answer(10)
from beautyspot.walk import batch
got = without(lambda: answer(1)) + without(lambda: answer.map([2, 4], progress=False))
say(got == [value_of(1), [value_of(2), value_of(4)]], [answer.is_cached(n) for n in (1, 2, 4)], sorted(runs))
"""

ASYNC = """
@new_spot().mark
async def later(n):
    runs.append(n)
    return n

async def scene():
    await later(0)
    forget("beautyspot.threads", "concurrent.futures.thread")
    taken = take_all()
    try: return await asyncio.gather(*map(later, range(1, 5)))
    finally:
        for each in taken: os.close(each)

say(asyncio.run(scene()), [later.is_cached(n) for n in range(1, 5)], runs)
"""

BROKEN_HOOK = """
class Broken(bs.Hook):
    def on_miss(self, event): raise RuntimeError("hook down")

spot = new_spot()
new_answer(spot)(0)
answer = new_answer(spot, hooks=(Broken(),), version="2")
warnings.simplefilter("ignore")
forget("logging", "warnings")
say(without(lambda: answer(1)) == [value_of(1)], answer.is_cached(1))
"""


def test_what_a_call_returns_meanwhile_is_given_to_its_caller_and_kept_later(stage: Any) -> None:
    assert stage.run(WITHOUT + SYNC)[-1] == "True [True, True, True] [0, 1, 2, 4, 10]"


def test_what_a_coroutine_returns_meanwhile_is_given_to_its_caller_and_kept_later(stage: Any) -> None:
    assert stage.run(WITHOUT + ASYNC)[-1] == "[1, 2, 3, 4] [True, True, True, True] [0, 1, 2, 3, 4]"


def test_what_could_only_be_told_costs_nobody_a_result(stage: Any) -> None:
    assert stage.run(WITHOUT + BROKEN_HOOK) == ["True True"]
