"""What a learner's code may take, and that nothing of the limit stays behind."""

import subprocess
import sys

import pytest

TRACED = """
import sys, time
from rustgpt_lab.course.guard import TimeUp, within

def endless():
    while True:
        pass

def in_vain():  # over the time, but it ends before anything can be raised
    time.sleep(0.35)

try:
    within({seconds}, {function})
except TimeUp:
    pass
seen = []
sys.settrace(lambda frame, event, value: seen.append(event))
(lambda: None)()
sys.settrace(None)
print(seen[0])
"""


@pytest.mark.parametrize("function", ["lambda: None", "endless", "in_vain"])
def test_a_debugger_works_after_a_limit(function: str) -> None:
    """A mark of an exception that was taken back made CPython 3.11 wait for ever at the first call that is traced."""
    code = TRACED.format(seconds=0.1, function=function)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("call\n", "")
