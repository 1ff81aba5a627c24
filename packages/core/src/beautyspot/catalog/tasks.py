"""Questions about the kept results: which there are, one by its key, how much they take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args
from unicodedata import normalize

from sqlalchemy import ColumnElement, Double, and_, exists, func, literal, or_, select, type_coerce

from beautyspot.catalog.newest import NUMBER, SEARCHED, Newest, functions_of
from beautyspot.catalog.pages import check_limit, page_of
from beautyspot.catalog.records import Page
from beautyspot.catalog.source import Source
from beautyspot.catalog.times import stored, time_of
from beautyspot.db.rows import checked, text_of
from beautyspot.durations import Duration, seconds
from beautyspot.errors import ConfigurationError
from beautyspot.records import Task

if TYPE_CHECKING:
    from beautyspot.catalog.source import AnyRow

FIELDS = tuple(name for name in Task._fields if name != "tags")
Order = Literal["newest", "oldest", "largest", "slowest"]
ORDERS: tuple[str, ...] = get_args(Order)
NUMBERS = {"largest": "size_bytes", "slowest": "elapsed_s"}
"""Orders by a number, which no index has: a file reads every row that the other conditions leave."""
FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
"""Of a text that is sought. Source: Unicode Standard Annex 15."""
NARROW = {ord(normalize("NFKC", chr(code))): code for code in range(0xFF61, 0xFFA0)}
WIDE = {0x20: 0x3000} | {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""The half-width form of a kana, and the full-width one of a letter. Source: Unicode's block U+FF00 to U+FFEF."""
FEW = 5_000
"""Tasks of one tag that are sorted in less time than it takes to look for them: 20 ms."""
MAX_TWINS = 10
"""Keys to name when a prefix stands for several."""
KEY_START, WHOLE_KEY = 8, 32
"""Letters from which on a text may be meant as the start of a key, and as a key."""


@dataclass(frozen=True, slots=True)
class TaskQuestion:
    """Which tasks: every condition that is not None or False holds."""

    function: str | None = None
    """`module.qualname`, or the bare qualname."""
    version: str | None = None
    tag: str | None = None
    content_type: str | None = None
    older_than: Duration | None = None
    newer_than: Duration | None = None
    expired: bool = False
    text: str | None = None
    """In any letters' case: part of the function, input id, content type or a tag, or the start of the key."""
    min_bytes: int | None = None
    max_bytes: int | None = None
    order: Order = "newest"
    look: int | None = None
    """Rows of a file to look at for one page at most."""


def tasks_page(source: Source, question: TaskQuestion, now: datetime, limit: int, after: str | None, /) -> Page[Task]:
    """Return one page of tasks."""
    check_limit(limit)
    # In any order, and beside any tag: a search behind an order by a number reads every row.
    whole = [question.text] if question.text and len(question.text) >= WHOLE_KEY and after is None else []
    if by_key := _under(source, question, now, whole):
        return Page(tuple(by_key), None)
    # A tag or an expiry has an index of its own, and what it finds is few enough to be sorted.
    by_time = question.order not in NUMBERS
    if by_time and source.path and source.indexed and not question.expired and not _is_rare(source, question):
        return _newest_page(source, question, now, limit, after)
    key = source.column("tasks", "cache_key")
    first = source.column("tasks", "updated_at") if by_time else _number(source, NUMBERS[question.order])
    statement = select(*_columns(source), *([] if by_time else [first])).where(*_conditions(source, question, now))
    rows, following = page_of(source, statement, (first, key), limit, after, upwards=question.order == "oldest")
    return Page(tuple(_with_tags(source, rows)), following)


def _is_rare(source: Source, question: TaskQuestion) -> bool:
    """Say whether a tag is carried by so few that its own index finds them sooner than a look at the newest."""
    if question.tag is None:
        return False
    tag = source.column("tags", "tag")
    few = select(tag).where(tag == question.tag).limit(FEW + 1)
    return question.look is None or len(source.rows(few)) <= FEW


def _number(source: Source, name: str) -> ColumnElement[Any]:
    column = size_column(source) if name == "size_bytes" else source.column("tasks", name)
    return func.coalesce(type_coerce(column, Double), -1.0, type_=Double).label("number")


def _newest_page(source: Source, question: TaskQuestion, now: datetime, limit: int, after: str | None) -> Page[Task]:
    keys = _keys_meant(source, question.text) if question.text and limit > MAX_TWINS else []
    by_key = _under(source, question, now, keys) if after is None else []
    page = _searched_page(source, question, now, limit - len(by_key), after, keys)
    return replace(page, rows=(*by_key, *page.rows))


def _keys_meant(source: Source, text: str) -> list[str]:
    """Return the keys that begin with a text long enough to be a part of one; none if they are many."""
    # By the index: a search looks at the newest rows, and might come to an old one after a minute.
    keys = keys_starting(source, text) if len(text) >= KEY_START else []
    return keys if len(keys) <= MAX_TWINS else []


def _under(source: Source, question: TaskQuestion, now: datetime, keys: Sequence[str]) -> list[Task]:
    if not keys:
        return []
    key, time = source.column("tasks", "cache_key"), source.column("tasks", "updated_at")
    statement = select(*_columns(source)).where(key.in_(keys), *_conditions(source, question, now))
    return _with_tags(source, source.rows(statement.order_by(time if question.order == "oldest" else time.desc())))


def _searched_page(
    source: Source, question: TaskQuestion, now: datetime, limit: int, after: str | None, without: Sequence[str]
) -> Page[Task]:
    """Return one page of the tasks that are under none of the keys `without`."""
    names = functions_of(source) if question.function is None else _functions(source, question.function)
    plain = replace(question, function=None, text=None)
    others = [source.column("tasks", "cache_key").not_in(without)] if without else []
    search = and_(_mentions(source, question.text), *others) if question.text else None
    if question.look is not None:
        plain = TaskQuestion(older_than=question.older_than, newer_than=question.newer_than)
        sought = replace(question, function=None, older_than=None, newer_than=None, tag=None)
        conditions = _conditions(source, sought, now)
        if (tag := question.tag) is not None:
            # Asked of each row: the keys of all that carry it would be read anew for each window, 0.4 s of 100 000.
            conditions.append(_has_tag(source, lambda each: each == tag))
        search = and_(*conditions, *others) if conditions else None
    newest = Newest(
        source,
        names,
        _conditions(source, plain, now),
        search,
        looks=question.look or SEARCHED,
        upwards=question.order == "oldest",
    )
    numbers, following, looked = newest.page(limit, after)
    statement = select(*_columns(source), NUMBER).where(NUMBER.in_(numbers))
    rows = {row.number: row for row in source.rows(statement)}
    found = _with_tags(source, [rows[number] for number in numbers if number in rows])
    return Page(tuple(found), following, looked)


def only_key(keys: Sequence[str], start: str, /) -> str:
    """Return the only one of the `keys` that begin with `start`.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    if not keys:
        raise ConfigurationError(f"no result under a key that begins with {start!r}; `beautyspot list` shows the keys")
    if len(keys) > 1:
        named = ", ".join(keys[:MAX_TWINS]) + (", …" if len(keys) > MAX_TWINS else "")
        raise ConfigurationError(f"several keys begin with {start!r}: {named}; give more of it")
    return keys[0]


def tasks_named(source: Source, keys: Sequence[str], /) -> list[Task]:
    """Return the tasks under `keys`."""
    statement = select(*_columns(source)).where(source.column("tasks", "cache_key").in_(keys))
    return _with_tags(source, source.rows(statement))


def keys_starting(source: Source, start: str, /) -> list[str]:
    """Return some keys that begin with `start`, or the exact one alone if it is there."""
    key = source.column("tasks", "cache_key")
    if source.rows(select(key).where(key == start)):
        return [start]
    # A range instead of LIKE, which ignores case and so can't use the primary key's index.
    statement = select(key).where(key >= start, key < start + "\U0010ffff").order_by(key).limit(MAX_TWINS + 1)
    return [row[0] for row in source.rows(statement)]


def expired_tasks(source: Source, now: datetime, /) -> int:
    """Return how many tasks have expired."""
    statement = select(func.count()).select_from(source.table("tasks"))
    return source.rows(statement.where(source.column("tasks", "expires_at") <= stored(source, now)))[0][0]


def size_column(source: Source, /) -> ColumnElement[Any]:
    """Return the bytes of a task's value."""
    # Rows of earlier releases don't say; the length of an inline value is in the row's header, so no value is read.
    return func.coalesce(source.column("tasks", "size_bytes"), func.length(source.column("tasks", "result_data")))


def _columns(source: Source) -> list[ColumnElement[Any]]:
    """Return the columns of a `Task` in its order, without the value."""
    special = {"result_data": literal(None), "size_bytes": size_column(source)}
    return [special[name].label(name) if name in special else source.column("tasks", name) for name in FIELDS]


def _with_tags(source: Source, rows: "Sequence[AnyRow]") -> list[Task]:
    tags: dict[str, list[str]] = {}
    if rows and source.has("tags"):
        key, tag = source.column("tags", "cache_key"), source.column("tags", "tag")
        statement = select(key, tag).where(key.in_([row.cache_key for row in rows]))
        for row in source.rows(statement):
            tags.setdefault(row[0], []).append(text_of(row[1]))
    return [_task_of(row, tags.get(row.cache_key, ())) for row in rows]


def _task_of(row: "AnyRow", tags: Sequence[str]) -> Task:
    task = checked(Task(*row[: len(FIELDS)], tags=tuple(sorted(tags))))
    expires_at = None if task.expires_at is None else time_of(task.expires_at)
    return task._replace(updated_at=time_of(task.updated_at), expires_at=expires_at)


def _conditions(source: Source, question: TaskQuestion, now: datetime) -> list[ColumnElement[bool]]:
    updated_at = source.column("tasks", "updated_at")
    found: list[ColumnElement[bool]] = []
    if question.function is not None:
        found.append(source.column("tasks", "func_name").in_(_functions(source, question.function)))
    if question.version is not None:
        found.append(source.column("tasks", "version") == question.version)
    if question.content_type is not None:
        found.append(_is_of_type(source, question.content_type))
    if question.tag is not None:
        found.append(_tagged(source, question.tag))
    if question.older_than is not None:
        found.append(updated_at < stored(source, now - timedelta(seconds=seconds(question.older_than))))
    if question.newer_than is not None:
        found.append(updated_at >= stored(source, now - timedelta(seconds=seconds(question.newer_than))))
    if question.min_bytes is not None:
        found.append(size_column(source) >= question.min_bytes)
    if question.max_bytes is not None:
        found.append(size_column(source) <= question.max_bytes)
    if question.expired:
        found.append(source.column("tasks", "expires_at") <= stored(source, now))
    if question.text:
        found.append(_mentions(source, question.text))
    return found


def _is_of_type(source: Source, content_type: str) -> ColumnElement[bool]:
    """Say whether a row has a media type, with any parameters: case is of no matter (RFC 9110, section 8.3.1)."""
    kept, asked = func.lower(source.column("tasks", "content_type")), content_type.strip().lower()
    return or_(kept == asked, *(kept.startswith(asked + end, autoescape=True) for end in (";", " ;")))


def _functions(source: Source, function: str) -> list[str]:
    """Return the full names that a full or bare name stands for."""
    name = source.column("tasks", "func_name")
    if source.rows(select(name).where(name == function).limit(1)):
        return [function]
    # The bare name is compared in Python: LIKE would take `_` for any letter, and small letters for capitals.
    return [each for each in functions_of(source) if text_of(each).endswith(f".{function}")]


def _tagged(source: Source, tag: str) -> ColumnElement[bool]:
    if not source.has("tags"):
        return literal(1) == literal(0)
    keys = select(source.column("tags", "cache_key")).where(source.column("tags", "tag") == tag)
    return source.column("tasks", "cache_key").in_(keys)


def _has_tag(source: Source, test: Callable[[ColumnElement[Any]], ColumnElement[bool]]) -> ColumnElement[bool]:
    if not source.has("tags"):
        return literal(1) == literal(0)
    tag, key = source.column("tags", "tag"), source.column("tags", "cache_key")
    return exists().where(key == source.column("tasks", "cache_key"), test(tag))


def _mentions(source: Source, text: str) -> ColumnElement[bool]:
    names = ("func_name", "input_id", "content_type")
    return or_(
        source.column("tasks", "cache_key").startswith(text, autoescape=True),
        *(_holds(source.column("tasks", name), text) for name in names),
        _has_tag(source, lambda tag: _holds(tag, text)),
    )


def _holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Find `text` in each form that a program may have kept it in: a database compares by code points."""
    # A function of Python that folds each row instead takes 2.8 to 8 µs of it, these 2.4.
    forms = {form: normalize(form, text) for form in FORMS}
    widths = (forms["NFKD"].translate(NARROW), forms["NFKC"].translate(WIDE))
    return or_(*(column.icontains(each, autoescape=True) for each in dict.fromkeys((text, *forms.values(), *widths))))
