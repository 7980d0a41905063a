"""What optax and PyTorch make of some random gradients, written into `reference.json`.

Run it where both are installed (`pip install -e .[bench]`): `python -m tests.optim.reference`. The tests read
the file, so that they need neither.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("reference.json")
WEIGHTS = {
    "1.w_q": (7, 5),
    "3.w1": (5, 11),
    "3.b1": (1, 11),
    "2.gamma": (1, 5),
    "bias": (4,),
    "13.w_out": (5, 9),
}
EMBEDDINGS = {"0.token_embeddings": (9, 4), "0.positional_embeddings": (6, 4)}
AGC, L2 = (0.01, 0.1, 3.0), (0.5, 1e6)
COSINE = {"warmup": 10, "steps": 100, "floor": 0.1}


def random_arrays(rng: np.random.Generator, shapes: dict) -> dict[str, np.ndarray]:
    """Columns (rows of embeddings) of very different sizes, so that some are clipped and some are not."""
    arrays = {}
    for name, shape in shapes.items():
        units = (shape[0], 1) if name in EMBEDDINGS else shape[-1]
        arrays[name] = (rng.normal(size=shape) * np.exp(rng.normal(0, 3, units))).astype(np.float32)
    return arrays


def case(seed: int) -> dict[str, Any]:
    """One set of weights and gradients, and what the other libraries make of the gradients."""
    import optax
    import torch

    rng = np.random.default_rng(seed)
    weights, gradients = (random_arrays(rng, WEIGHTS | EMBEDDINGS) for _ in range(2))
    weights["3.b1"][:] = 0  # AGC's floor of 1e-3 must hold
    result: dict[str, Any] = {"weights": weights, "gradients": gradients}
    for threshold in AGC:
        found = {}
        for axis, names in ((None, WEIGHTS), (1, EMBEDDINGS)):
            w, g = ({name: arrays[name] for name in names} for arrays in (weights, gradients))
            agc = optax.adaptive_grad_clip(threshold, eps=1e-3, axis=axis)
            found |= agc.update(g, agc.init(w), w)[0]
        result[f"agc {threshold:g}"] = found
    for threshold in L2:
        result[f"optax l2 {threshold:g}"] = optax.clip_by_global_norm(threshold).update(
            gradients, optax.EmptyState()
        )[0]
        tensors = {name: torch.nn.Parameter(torch.zeros(a.shape)) for name, a in gradients.items()}
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(gradients[name])
        torch.nn.utils.clip_grad_norm_(tensors.values(), threshold)
        result[f"torch l2 {threshold:g}"] = {name: tensor.grad.numpy() for name, tensor in tensors.items()}
    return {
        key: {name: np.asarray(a).tolist() for name, a in arrays.items()} for key, arrays in result.items()
    }


def main() -> None:
    import optax
    import torch

    c = COSINE
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1.0, c["warmup"], c["steps"], c["floor"])
    content = {
        "versions": {"optax": optax.__version__, "torch": torch.__version__},
        "cases": [case(seed) for seed in range(3)],
        "warmup and cosine": [float(schedule(step)) for step in range(1, 121)],
    }
    FILE.write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
