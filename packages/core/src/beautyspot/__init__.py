"""Keep every result of a slow, paid or limited function, pace the calls, survive a crash."""
