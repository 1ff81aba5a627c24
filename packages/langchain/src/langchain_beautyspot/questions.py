"""From the two strings that LangChain gives a cache to the key of an answer, and what is known of its model."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from beautyspot.checks import expect
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheSaveWarning, CacheWarning, UnkeyableArgument
from beautyspot.journal import Journal
from beautyspot.keys.digest import hasher
from beautyspot.notices import Notices
from beautyspot.tallies import Tally

from langchain_beautyspot.callers import arguments_of_text, settings_of_chat
from langchain_beautyspot.descriptions import Descriptions
from langchain_beautyspot.models import (
    WAITING,
    address_in,
    canonical_model,
    read_model,
    with_sets_in_order,
    without_waiting,
)
from langchain_beautyspot.prompts import MESSAGES, canonical_prompt
from langchain_beautyspot.schemas import class_names, schema_of

if TYPE_CHECKING:
    from _blake2 import blake2b

MAX_MODELS = 256
"""Descriptions of models that are remembered; arguments of one call make a description of their own."""
RESPONSE_IDS = '"use_previous_response_id": true'
TTL = Duration | Mapping[str, Duration] | None
MAX_ASKED = 256
"""Questions of one context that are remembered; of those before them nobody can tell that a setting changed."""


class Source(NamedTuple):
    """One description of a model: what all questions to it have in common."""

    func_name: str
    tally: Tally
    ttl_s: float | None
    hasher: "blake2b"
    """Has read the namespace and the description."""
    with_response_ids: bool
    classes: tuple[str, ...]
    """Named in the description; their schemas are part of each question, as a class may be defined anew."""


class Question(NamedTuple):
    """One prompt for one model."""

    key: str
    source: Source


_NONE: Mapping[int, str] = MappingProxyType({})
_asked: ContextVar[Mapping[int, str]] = ContextVar("langchain_beautyspot_asked", default=_NONE)


class Questions:
    """Makes questions. Both strings go into a key as a digest alone: they may hold headers, URLs and prompts."""

    def __init__(self, journal: Journal, notices: Notices, *, namespace: str, ttl: TTL) -> None:
        """Remember no model yet.

        Raises:
            ConfigurationError: a time to live is no span of time.
        """
        self._journal = journal
        self._notices = notices
        self._namespace = namespace
        self._ttl_s_of = _times_to_live(ttl)
        self._descriptions = Descriptions()
        self._sources: dict[str, Source] = {}

    def question(self, prompt: str, llm_string: str, /) -> Question:
        """Return the question that `prompt` is to the model which `llm_string` describes, as it is now.

        Raises:
            UnkeyableArgument: nothing tells what a field of the model holds.
        """
        llm_string = self._descriptions.now(llm_string)
        source = self._sources.get(llm_string) or self._source(llm_string)
        hash_ = source.hasher.copy()
        if source.classes:
            self._add_schemas(hash_, source)
        hash_.update(canonical_prompt(prompt, with_response_ids=source.with_response_ids))
        if llm_string.startswith("[") and not prompt.startswith(MESSAGES):
            self._warn_of_arguments(source)
        return Question(hash_.hexdigest(), source)

    def missed(self, prompt: str, llm_string: str, question: Question, /) -> None:
        """Remember a question until its answer comes, as the model may change meanwhile."""
        asked = {**_asked.get(), self._place(prompt, llm_string): question.key}
        while len(asked) > MAX_ASKED:
            del asked[next(iter(asked))]
        _asked.set(asked)

    def answered(self, prompt: str, llm_string: str, /) -> tuple[Question, str]:
        """Return the question as it is now, and the key that it was asked under in this context.

        They differ, and the user is told, where a setting changed meanwhile: nobody knows which of them was asked with.
        """
        question = self.question(prompt, llm_string)
        asked = _asked.get().get(self._place(prompt, llm_string), question.key)
        if asked != question.key:
            warn_of_change(self._notices, question.source.func_name)
        return question, asked

    def _place(self, prompt: str, llm_string: str) -> int:
        return hash((id(self), prompt, llm_string))

    def _source(self, llm_string: str) -> Source:
        model = read_model(llm_string)
        settings = settings_of_chat()
        described = canonical_model(with_sets_in_order(without_waiting(llm_string, settings), settings))
        beginning = json.dumps(["langchain generations", self._namespace, described]).encode()
        classes = class_names(llm_string)
        self._warn_of_address(model.func_name, address_in(llm_string))
        source = Source(
            model.func_name, self._journal.tally(model.func_name), self._ttl_s_of(model.name), hasher(beginning),
            RESPONSE_IDS in llm_string, classes,
        )  # fmt: skip
        if len(self._sources) >= MAX_MODELS:
            self._sources.clear()
        self._sources[llm_string] = source
        return source

    def _add_schemas(self, hash_: "blake2b", source: Source) -> None:
        """Add the fields of the classes that the description names, and warn of one that nobody knows."""
        settings = settings_of_chat()
        for name in source.classes:
            schema = schema_of(name, settings)
            hash_.update(schema or b"null")
            if schema is None:
                self._notices.tell(
                    ("langchain", "class"),
                    f"{source.func_name}: the answer's schema is the class {name!r}, of which a cache is told the name "
                    "alone, and no module has a pydantic model of that name: after a change of its fields old answers "
                    "come back; define it at the top of a module, or use "
                    "with_structured_output(Model.model_json_schema())",
                    CacheWarning,
                )

    def _warn_of_address(self, func_name: str, address: str | None) -> None:
        """Warn of what no key can be made right of."""
        if address is not None:
            self._notices.tell(
                ("langchain", "address"),
                f"{func_name}: the model's settings hold an object's address ({address!r}), so no later run will find "
                "its answers; give the model plain values, or give that object a __repr__ that says what it is",
                CacheWarning,
            )

    def _warn_of_arguments(self, source: Source) -> None:
        """Warn of arguments of one call of a text model, which LangChain tells no cache."""
        arguments = {*arguments_of_text()} - WAITING
        if arguments:
            self._notices.tell(
                ("langchain", "arguments"),
                f"{source.func_name}: LangChain tells a cache nothing of the arguments {sorted(arguments)} that this "
                "call of a text model has beside its prompt, so calls that differ in them share one answer; give them "
                "to the model's constructor, or give the model cache=False",
                CacheWarning,
            )


def warn_of_change(notices: Notices, func_name: str, /) -> None:
    """Warn of an answer that is not kept, as nobody knows the settings it was asked with."""
    notices.tell(
        (func_name, "changed"),
        f"{func_name}: a setting of the model changed while it was asked, so its answer is not kept; change settings "
        "between calls, or give a field of your own class in which the model itself remembers something "
        "Field(exclude=True)",
        CacheSaveWarning,
    )


def warn_of_untold(notices: Notices, error: Exception, /) -> bool:
    """Warn of a model that nothing tells from others, if `error` says that; its answers are neither given nor kept."""
    is_untold = isinstance(error, UnkeyableArgument)
    if is_untold:
        notices.tell(("langchain", "untold", str(error)), f"{error}; until then it is asked each time", CacheWarning)
    return is_untold


def _times_to_live(ttl: TTL) -> Callable[[str], float | None]:
    if isinstance(ttl, Mapping):
        by_name = all(isinstance(name, str) for name in ttl)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(by_name, "ttl", ttl, 'times by the names of models, such as {"gpt-4.1": "7d", "*": "30d"}')
        by_model = {model: seconds(each) for model, each in ttl.items()}
        return lambda model: by_model.get(model, by_model.get("*"))
    ttl_s = None if ttl is None else seconds(ttl)
    return lambda _: ttl_s
