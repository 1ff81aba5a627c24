"""Ids of the parts of an answer, as OpenAI's Responses API gives them, beside the id of the message.

A conversation may be given a kept answer twice. OpenAI refuses two parts of one id ("Duplicate item found"), and
langchain-openai puts the text of the second into the first. A text or a call of a function is as good without its id;
reasoning and calls of OpenAI's own tools are not, so answers with such parts stay as they are.
"""

import re
from typing import Any, cast

STANDS_ALONE = frozenset(("text", "output_text", "refusal", "function_call", "custom_tool_call", "tool_call"))
OWN_IDS = ("msg_", "fc_", "ctc_")
"""How they begin. The id of a `tool_call`, which its result names, begins with `call_`."""

_RANDOM = re.compile(r"lc_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id that LangChain gives a block, or a citation in it, without one. That of a call stays: its result names it."""


def without_random_ids(content: Any, /) -> Any:
    """Return the content of a message without the ids that LangChain draws for its blocks."""
    return [_undrawn(block) for block in cast("list[Any]", content)] if isinstance(content, list) else content


def without_item_ids(content: Any, /) -> Any:
    """Return the content of an answer without the ids of its parts, where all of these stand alone."""
    if not isinstance(content, list):
        return content
    parts = cast("list[Any]", content)
    return [_bare(part) for part in parts] if all(map(_stands_alone, parts)) else parts


def _stands_alone(part: Any) -> bool:
    return not isinstance(part, dict) or "id" not in part or cast("dict[str, Any]", part).get("type") in STANDS_ALONE


def _bare(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    bare = dict(cast("dict[str, Any]", part))
    if str(bare.get("id")).startswith(OWN_IDS):
        del bare["id"]
    extras = bare.get("extras")
    if isinstance(extras, dict) and "item_id" in extras:
        bare["extras"] = {name: each for name, each in cast("dict[str, Any]", extras).items() if name != "item_id"}
    return bare


def _undrawn(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    bare = dict(cast("dict[str, Any]", block))
    if not str(bare.get("type")).endswith("tool_call") and _RANDOM.fullmatch(str(bare.get("id"))):
        del bare["id"]
    if "annotations" in bare:
        bare["annotations"] = without_random_ids(bare["annotations"])
    return bare
