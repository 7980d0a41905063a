"""Rotary positions in the browser are those of the layer, and only the distance counts."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from rustgpt_lab import views
from rustgpt_lab.errors import ShapeError
from rustgpt_lab.layers.rotary import rotate, turns
from rustgpt_lab.views.style import JS

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("base", [10000.0, 100.0])
@pytest.mark.parametrize("width", [2, 8, 64])
def test_the_browser_turns_as_the_layer_does(width: int, base: float) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on this machine")
    query, key = RNG.normal(size=(2, width))
    places = [(0, 0), (5, 2), (63, 1), (2000, 1990)]
    given = json.dumps([query.tolist(), key.tolist(), places, base])
    code = (
        f"import {{ scored }} from {(JS / 'rotary.js').as_uri()!r};"
        f"const [query, key, places, base] = {given};"
        "console.log(JSON.stringify(places.map((pair) => scored(query, key, pair, base))));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    for (at, seen), found in zip(places, json.loads(done.stdout), strict=True):
        cos, sin = turns(np.array([at, seen]), width, base, np.dtype(float))
        q, k = rotate(np.stack([query, key])[:, None], cos, sin, "adjacent")[:, 0]
        np.testing.assert_allclose(found["q"], q, atol=1e-9)
        np.testing.assert_allclose(found["k"], k, atol=1e-9)
        assert found["score"] == pytest.approx(q @ k / width**0.5, abs=1e-9)
        assert sum(found["parts"]) == pytest.approx(found["score"], abs=1e-9)


def test_only_the_distance_counts() -> None:
    data = views.rotation(*RNG.normal(size=(2, 8))).data
    for distance in (0, 4, 17):
        scores = [data.score(start + distance, start) for start in range(0, 64 - distance)]
        np.testing.assert_allclose(scores, scores[0], atol=1e-9)
    assert data.score(4, 0) != pytest.approx(data.score(17, 0))


def test_the_twin() -> None:
    view = views.rotation([1, 0], [0, 1], places=(9, 4))
    twin = view.twin()
    assert twin == view.twin()
    assert "Query at 9, key at 4: distance 5, score " in twin["text/plain"]
    assert view.widget.data["query"] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (([1, 2, 3], [1, 2, 3]), "two vectors of the same even length"),
        (([1, 2], [1, 2, 3, 4]), "two vectors of the same even length"),
        (([], []), "two vectors of the same even length"),
        (([1, 2], [1, 2], (3, 4)), "0 to 63, the key not after the query"),
        (([1, 2], [1, 2], (64, 4)), "0 to 63, the key not after the query"),
    ],
)
def test_what_cannot_be_turned(given, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        views.rotation(*given)
