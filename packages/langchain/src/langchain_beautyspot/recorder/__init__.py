"""The recorder: every call of a model, tool, retriever and chain becomes a row of `runs`."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from langchain_beautyspot.recorder.context import record_runs
    from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler
    from langchain_beautyspot.recorder.hits import note_hit, note_text_hit
    from langchain_beautyspot.recorder.prices import Price
    from langchain_beautyspot.recorder.totals import Totals
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotCallbackHandler": "langchain_beautyspot.recorder.handler",
            "note_hit": "langchain_beautyspot.recorder.hits",
            "note_text_hit": "langchain_beautyspot.recorder.hits",
            "Price": "langchain_beautyspot.recorder.prices",
            "record_runs": "langchain_beautyspot.recorder.context",
            "Totals": "langchain_beautyspot.recorder.totals",
        },
    )

__all__ = ["BeautySpotCallbackHandler", "note_hit", "note_text_hit", "Price", "record_runs", "Totals"]
