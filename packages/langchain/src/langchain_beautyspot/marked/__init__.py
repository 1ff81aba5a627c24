"""Tools and Runnables of LangChain that keep what they give."""
