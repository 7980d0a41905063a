"""A page for the class: which exercise is stuck, which mistake is common."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from ..course.exercise import find_exercise, find_question, find_sketch

if TYPE_CHECKING:
    from .grade import Grades

STUCK = 0.5
"""An exercise is stuck if at most this share of those who tried it have passed."""
COMMON = 5
"""Mistakes of an exercise that are shown."""
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
       color: #1b1b1b; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; vertical-align: top;
       border-bottom: 1px solid #767676 } td.n { text-align: right }
.bar { display: flex; height: 1rem; width: 12rem; border: 1px solid #767676 } .bar span { height: 100% }
.passed { background: #1a5fb4 } .wrong { background: #c64600 } .open { background: #deddda }
@media (prefers-color-scheme: dark) { body { color: #f0f0f0; background: #161616 } .open { background: #5e5c64 } }
"""


def page(graded: list[Grades], exercises: list[str], questions: list[str]) -> str:
    """One HTML page, whole in itself, about the exercises and questions of these ids."""
    tried = [
        id for id in exercises if any(g.results.get(id, ("",))[0] not in ("", "not yet") for g in graded)
    ]
    stuck = [id for id in tried if _shares(graded, id)[0] <= STUCK]
    listed = ", ".join(f"{id} {escape(find_exercise(id).title)}" for id in stuck) or "none"
    head = ["exercise", "passed, wrong, not yet", "passed", "most common mistakes"]
    learners = [_learner(grades, len(exercises)) for grades in graded]
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>The class</title><style>{STYLE}</style>',
            f"<h1>The class</h1><p>{len(graded)} learners.",
            f"Stuck (at most half of those who tried have passed): {listed}.</p>",
            "<h2>Exercises</h2>",
            _table(head, [_exercise(graded, id) for id in exercises]),
            "<h2>Predictions</h2>",
            _table(
                ["question", "answers", "right", "sure, on average"],
                [_question(graded, id) for id in questions],
            ),
            "<h2>Learners</h2>",
            _table(["learner", "passed", "predictions", "what went wrong"], learners),
            "</html>",
        ]
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Cells are HTML."""
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _shares(graded: list[Grades], id: str) -> tuple[float, float, int, int]:
    """Of those who tried: the share that passed; of all: that failed; how many passed, and how many tried."""
    results = [grades.results.get(id, ("", ""))[0] for grades in graded]
    passed = results.count("passed")
    tried = sum(result not in ("", "not yet") for result in results)
    return passed / max(tried, 1), (tried - passed) / max(len(graded), 1), passed, tried


def _exercise(graded: list[Grades], id: str) -> list[str]:
    _, wrong, passed, tried = _shares(graded, id)
    parts = {"passed": passed / len(graded), "wrong": wrong, "open": 1 - tried / len(graded)}
    bar = "".join(
        f'<span class="{kind}" style="width:{100 * share:.1f}%"></span>' for kind, share in parts.items()
    )
    told = f"{passed} passed, {tried - passed} wrong, {len(graded) - tried} not yet"
    failed = [
        g.results[id] for g in graded if id in g.results and g.results[id][0] not in ("passed", "not yet")
    ]
    mistakes = Counter((message.splitlines() or [status])[0] for status, message in failed)
    common = "<br>".join(f"{count} × {escape(text)}" for text, count in mistakes.most_common(COMMON))
    name = f"{id} {escape(find_exercise(id).title)}"
    return [
        name,
        f'<div class="bar" role="img" aria-label="{told}">{bar}</div>',
        f"{passed} of {tried}",
        common,
    ]


def _question(graded: list[Grades], id: str) -> list[str]:
    kept = [g.predictions[id] for g in graded if "choice" in g.predictions.get(id, {})]
    chosen = Counter(each["choice"] for each in kept)
    answers = ", ".join(f"{count} × {escape(str(choice))}" for choice, count in chosen.most_common())
    met = [each for each in kept if "truth" in each]
    right = f"{sum(each['choice'] == each['truth'] for each in met)} of {len(met)}" if met else ""
    sure = f"{sum(each['confidence'] for each in kept) / len(kept):.0f} %" if kept else ""
    asked = find_sketch(id) if ".s" in id else find_question(id)
    return [f"{id} {escape(asked.text)}", answers, right, sure]


def _learner(grades: Grades, exercises: int) -> list[str]:
    problems = "<br>".join(map(escape, grades.problems))
    answered = sum("choice" in kept for kept in grades.predictions.values())
    return [escape(grades.learner), f"{grades.passed} of {exercises}", str(answered), problems]
