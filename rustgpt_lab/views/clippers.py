"""The clippings that a view offers, by method and site."""

from ..optim.clipping import (
    AGC,
    AdaptiveClippingConfig,
    AdaptiveGradientClipping,
    Clipping,
    L2GradientClipping,
)
from ..optim.rustgpt import RustGPTLogitClipping

METHODS = {"l2": "L2 norm", "agc": "AGC", "adaptive": "AGC, centralized"}
SITES = {"parameters": "parameters", "logits": "logits, as RustGPT"}


def clipper(method: str, threshold: float, site: str = "parameters") -> Clipping:
    """The clipping of one of `METHODS` at one of `SITES`.

    Raises:
        TrainingError: the threshold is not a finite number above 0.
    """
    config = AdaptiveClippingConfig(threshold, method == "adaptive", method != "l2", threshold)
    return RustGPTLogitClipping(config) if site == "logits" else AdaptiveGradientClipping(config)


def described(clipping: Clipping | None) -> str:
    """A clipping in a few words."""
    match clipping:
        case None:
            return "none"
        case L2GradientClipping(threshold):
            return f"L2 norm up to {threshold:g}"
        case AGC(threshold):
            return f"AGC, {threshold:g}"
        case AdaptiveGradientClipping(config) | RustGPTLogitClipping(config):
            centralized = ", centralized" if config.use_centralization else ""
            kind = (
                f"AGC, {config.agc_threshold:g}"
                if config.use_agc
                else f"L2 norm up to {config.l2_threshold:g}"
            )
            site = ", on the logits" if isinstance(clipping, RustGPTLogitClipping) else ""
            return kind + centralized + site
        case _:
            return type(clipping).__name__
