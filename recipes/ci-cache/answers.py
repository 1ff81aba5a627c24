"""Asks a model every question of `questions.txt`, and keeps each answer."""

import os
import sys
from pathlib import Path

import beautyspot as bs

MODEL = os.environ.get("MODEL", "gpt-4o-mini")

# The `beautyspot` command reads the same variable.
spot = bs.Spot("answers", db=os.environ.get("BEAUTYSPOT_DB", "answers.db"))


@spot.mark(version="1")
def ask(model: str, question: str) -> str:
    """Ask a model behind OpenAI's API; address and key come from `OPENAI_BASE_URL` and `OPENAI_API_KEY`."""
    from openai import OpenAI  # a run that finds every answer needs neither it nor a key

    answer = OpenAI().chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    return answer.choices[0].message.content or ""


def main() -> None:
    """Write `answers.txt`; with --offline name the questions without an answer instead of asking them."""
    lines = Path("questions.txt").read_text("utf-8-sig").splitlines()  # some editors begin a file with a mark
    questions = [question for question in dict.fromkeys(map(str.strip, lines)) if question]
    missing = [question for question in questions if not ask.is_cached(MODEL, question)]
    if missing and "--offline" in sys.argv:
        sys.exit("\n".join(f"no answer is kept for {question!r}" for question in missing))
    answers = [f"{question}\n  {ask(MODEL, question)}\n" for question in questions]
    Path("answers.txt").write_text("".join(answers), "utf-8")
    print(f"{len(questions)} answers, {len(missing)} of them new")


if __name__ == "__main__":
    main()
