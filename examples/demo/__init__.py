"""The stage of `quickstart.py`: a model API and the acts that are played on it."""

import signal

# Ctrl-C while the libraries of the models are imported ends the demo without a traceback; `stage` gives it back to
# Python when it is there. A Ctrl-C that somebody ignores stays ignored.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
