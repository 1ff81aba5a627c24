"""Warnings point at the line of whoever can do something about them."""

import sys
import types
import warnings

from beautyspot import CacheWarning
from beautyspot.notices import Notices, pass_over

HOST = """
def invoke(notices):
    notices.warn("x", "look here", CacheWarning)
"""


def test_a_warning_points_past_the_host_of_an_integration_at_the_users_line():
    host = types.ModuleType("some_host")
    exec(compile(HOST, "some_host.py", "exec"), {**vars(host), "CacheWarning": CacheWarning}, vars(host))
    pass_over("some_host")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = sys._getframe().f_lineno + 1
        host.invoke(Notices())
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]


def test_what_is_told_is_shown_and_not_raised_where_warnings_are_errors():
    notices = Notices()
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        notices.tell("x", "look here", CacheWarning)
        notices.tell("x", "look here", CacheWarning)
    assert [(str(each.message), each.category) for each in shown] == [("look here", CacheWarning)]
