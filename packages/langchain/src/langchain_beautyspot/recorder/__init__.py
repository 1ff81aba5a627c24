"""The recorder: every call of a model, tool, retriever and chain becomes a row of `runs`."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.recording.prices import Price
    from beautyspot.recording.totals import Totals

    from langchain_beautyspot.recorder.context import record_runs
    from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler
    from langchain_beautyspot.recorder.hits import note_hit, note_text_hit
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotCallbackHandler": "langchain_beautyspot.recorder.handler",
            "note_hit": "langchain_beautyspot.recorder.hits",
            "note_text_hit": "langchain_beautyspot.recorder.hits",
            "Price": "beautyspot.recording.prices",
            "record_runs": "langchain_beautyspot.recorder.context",
            "Totals": "beautyspot.recording.totals",
        },
    )

__all__ = ["BeautySpotCallbackHandler", "note_hit", "note_text_hit", "Price", "record_runs", "Totals"]
