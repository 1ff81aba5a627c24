"""The text that tells a model from others, made anew at each call."""

import json
from collections.abc import Container, Iterator, Mapping
from typing import Any, cast

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import pack
from beautyspot.keys.counted import asked_by
from beautyspot.keys.digest import digest
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name
from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd
from pydantic import BaseModel

from langchain_beautyspot.carriers import telling_setting
from langchain_beautyspot.clients import said_by_clients
from langchain_beautyspot.model_fields import (
    ANSWERS,
    DESCRIBES,
    OF_LANGCHAIN,
    counted,
    is_of_langchain,
    is_secret,
    is_told_by_library,
    is_users,
    says_nothing,
)
from langchain_beautyspot.models import answering
from langchain_beautyspot.part_forms import PartForms, blamed, said_as_client
from langchain_beautyspot.runnable_forms import CONTENTS


def model_text(
    model: BaseLanguageModel[Any], settings: Mapping[str, Any] | None = None, /, *, untold: list[Any] | None = None
) -> str:
    """Return what tells a model's answers; LangChain's own text stays as it was when a setting changes.

    Args:
        model: A chat or text model.
        settings: Of one call; what names another model goes into the text.
        untold: Takes what nothing tells in its fields, which counts by its class; None to refuse it.

    Raises:
        UnkeyableArgument: it is something else that passes for a model, or nothing tells what one of its fields holds.
    """
    named = {name: settings[name] for name in ("model", "model_name") if settings and name in settings}
    if not model.is_lc_serializable():
        # What a cache is told of the other models.
        told = {"_type": _hidden(model, "_llm_type"), **_hidden(model, DESCRIBES), **named}
        fields = fields_of(model) if says_nothing(model) else unsaid_fields(model)
        more = contents_of_fields(model, fields, untold=untold) + said_by_clients(model, fields | told)
        return f"{qualified_name(type(model))}{sorted(told.items())}{more}"
    described = dumpd(model)
    if described.get("type") != "constructor":
        name = type(model).__qualname__
        raise UnkeyableArgument(f"{name!r} passes for a model and says nothing of its settings; give a chat model")
    described = answering(described)
    fields = cast("dict[str, Any]", described["kwargs"])
    more = own_class(model) + contents_of_untold(model, fields, untold=untold) + said_by_clients(model, fields)
    return json.dumps(without_chance(described), sort_keys=True) + f"---{sorted(named.items())}{more}"


def own_class(model: BaseLanguageModel[Any], /) -> str:
    """Return the class of a model that is none of LangChain's own: a description tells its short name at most."""
    return "" if is_of_langchain(type(model)) else qualified_name(type(model))


def fields_of(model: BaseModel, /) -> dict[str, Any]:
    """Return a model's own fields but those that its calls count in or that change no answer."""
    return _fields(model, OF_LANGCHAIN | counted(model))


def unsaid_fields(model: BaseLanguageModel[Any], /) -> dict[str, Any]:
    """Return the settings that a library's class leaves out of what identifies a model, such as its server's address.

    Only those that were given: an answer that came over from a `SQLiteCache` is found by LangChain's words alone.
    Objects are none, as most are clients; they are looked at by themselves.
    """
    if not is_told_by_library(type(model)):
        return {}
    said, fields, own = [*_named(_hidden(model, DESCRIBES))], type(model).model_fields, fields_of(model)
    return {
        name: value
        for name, value in own.items()
        if name in model.model_fields_set
        and _is_setting(value)
        and value != fields[name].default
        and not (value and telling_setting(name, value, own) is None)
        and not any(value == each for said_name, each in said if said_name in (name, fields[name].alias))
    }


def contents_of_untold(model: BaseModel, described: Mapping[str, Any], /, *, untold: list[Any] | None = None) -> str:
    """Return a digest of the objects without a description in JSON, which tells of each the class alone.

    Raises:
        UnkeyableArgument: as for `contents_of_fields`.
    """
    fields = _fields(model, OF_LANGCHAIN).items()
    return contents_of_fields(
        model, {name: each for name, each in fields if is_untold(described.get(name))}, untold=untold
    )


def contents_of_fields(model: BaseModel, fields: Mapping[str, Any], /, *, untold: list[Any] | None = None) -> str:
    """Return a digest of a model's fields; "" where there are none.

    A client that is made of the others, as at the first call, counts as none.

    Args:
        model: A pydantic model.
        fields: Those that are meant.
        untold: As for `model_text`.

    Raises:
        UnkeyableArgument: a field that the user's class declares holds an object that nothing tells from others.
    """
    contents: dict[str, bytes] = {}
    for name, value in fields.items():
        if not is_secret(name, value):
            said = said_as_client(value, fields)
            setting = None if said == "" else telling_setting(name, value, fields)
            contents[name] = said.encode() if said else _content(type(model), name, setting, untold)
    return digest(pack(contents)).hex() if contents else ""


def is_untold(value: Any, /) -> bool:
    """Say whether a part of a description is, or holds, an object of which it tells the class alone."""
    if isinstance(value, list):
        return any(map(is_untold, cast("list[Any]", value)))
    if not isinstance(value, dict):
        return False
    fields = cast("dict[str, Any]", value)
    return fields.get("type") == "not_implemented" or any(map(is_untold, fields.values()))


def without_chance(value: Any, /) -> Any:
    """Return a description without addresses, and the drawings of Runnables, which number their parts by chance."""
    if isinstance(value, list):
        return [without_chance(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    chance = {"graph", "repr"} if fields.get("lc") == 1 else ()
    return {name: without_chance(each) for name, each in fields.items() if name not in chance}


def _fields(model: BaseModel, left_out: Container[str]) -> dict[str, Any]:
    fields = type(model).model_fields.items()
    return {name: getattr(model, name, None) for name, field in fields if not (name in left_out or field.exclude)}


def _named(described: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a description says by name, at any depth."""
    if isinstance(described, Mapping):
        for name, value in cast("Mapping[str, Any]", described).items():
            yield name, value
            yield from _named(value)


def _is_setting(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_setting, cast("Mapping[Any, Any]", value).values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_setting, cast("list[Any]", value)))
    return value is None or isinstance(value, str | int | float | BaseLanguageModel)


def _content(kind: type[BaseModel], name: str, value: Any, untold: list[Any] | None) -> bytes:
    # LangChain's classes say what identifies them, but for its fake model, whose answers are an iterator.
    untold = untold if is_users(kind, name) or issubclass(type(value), Iterator) else []
    forms = PartForms(HELD, asked=asked_by(kind, ANSWERS, name), untold=untold)
    try:
        return pack(forms.form(value))
    except Exception as error:  # noqa: BLE001 - the user's object is asked, and may raise anything
        if untold is not None:
            untold.append(value)
            return b""
        raise UnkeyableArgument(
            f"the field {name!r} of {kind.__name__!r} holds a {blamed(value, error)}, which nothing tells from "
            "others, so one model could be given another's answers; say what tells it in the _identifying_params of "
            "your class (of LangChain's own derive one), give that object a class of yours whose __repr__ says it, or "
            "write Field(exclude=True) in your class where it changes no answer"
        ) from None


def _hidden(model: Any, name: str) -> Any:
    return getattr(model, name)


HELD = KeyRegistry()
"""Knows what lies in a model's fields."""
for _class, _function in {**CONTENTS, BaseLanguageModel: model_text}.items():
    HELD.register(_class, _function)
