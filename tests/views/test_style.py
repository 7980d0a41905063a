"""The palettes: even, and clear to eyes that see fewer colours."""

import io
import itertools

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import pyplot, rc_context, rcParams

from rustgpt_lab.course.show import show
from rustgpt_lab.views.style import CATEGORIES, PALETTE, colormap, image, plot, png, share, use

# Machado, Oliveira and Fernandes 2009, severity 1: what a colour looks like without one kind of cone (linear RGB).
BLIND = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # sRGB, D65


def seen(colours: list[str], eyes: str) -> np.ndarray:
    """Hex colours -> (n, 3) CIELAB (D65), as those eyes see them; distance there is about visible difference."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ BLIND[eyes].T, 0, 1)
    f = np.cbrt(np.maximum(linear @ TO_XYZ.T / [0.9505, 1, 1.089], 0.008856))
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("eyes", BLIND)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_more_is_always_visibly_more(mode: str, eyes: str) -> None:
    lightness = seen(PALETTE["sequential"][mode], eyes)[:, 0]
    steps = np.diff(lightness) * (1 if mode == "dark" else -1)
    assert steps.min() > 5
    assert steps.max() < 2.5 * steps.min()


@pytest.mark.parametrize("eyes", BLIND)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_two_signs_differ_and_grow_alike(mode: str, eyes: str) -> None:
    lab = seen(PALETTE["diverging"][mode], eyes)
    middle = len(lab) // 2
    away = np.abs(lab[:, 0] - lab[middle, 0])
    assert (np.diff(away[middle:]) > 0).all()
    assert (np.diff(away[: middle + 1]) < 0).all()
    assert np.abs(away - away[::-1]).max() < 12
    assert np.linalg.norm(lab[0] - lab[-1]) > 30


@pytest.mark.parametrize("eyes", ["none", "protan", "deutan", "tritan"])
def test_categories_can_be_told_apart(eyes: str) -> None:
    lab = seen(CATEGORIES, eyes)
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)) > 10


def test_what_is_set_for_other_figures_changes_nothing() -> None:
    """A dark style, LaTeX, another file format: each would break a figure, or make it unreadable."""

    def draw(figure, ax):
        ax.imshow(np.eye(3), cmap=colormap("sequential"))
        ax.set_title("$100 of 2^3")

    plain = png(plot(draw, 2, 2))
    with rc_context():
        pyplot.style.use("dark_background")
        rcParams.update({"text.usetex": True, "savefig.format": "pdf", "savefig.dpi": 10, "font.size": 30})
        assert png(plot(draw, 2, 2)) == plain
        assert rcParams["text.usetex"], "the user's settings are theirs again"
        rcParams["text.usetex"] = (
            False  # a lesson's own figure is made under the user's settings, and saved under ours
        )
        figure, _ = pyplot.subplots()
        assert show(figure, "nothing").png.startswith(b"\x89PNG")


def test_a_figure_is_an_image_wherever_html_is_not_known() -> None:
    """LaTeX takes the image, a page the one with alternative text, a terminal the text."""
    figure, _ = pyplot.subplots()
    picture = show(figure, "an empty frame")
    data, _ = DisplayFormatter().format(picture)
    assert data["image/png"] == picture.png
    assert 'alt="an empty frame"' in data["text/html"]
    assert data["text/plain"] == "Picture: an empty frame"


def test_paper_is_the_page_s_own() -> None:
    """Outside of what is drawn nothing covers the page; on a dark page the ink is turned over."""
    file = png(plot(lambda figure, ax: ax.plot([1, 2]), 2, 2))
    pixels = pyplot.imread(io.BytesIO(file))
    assert pixels[0, 0, 3] == 0
    assert np.median(pixels[..., 3]) == 0
    html = image(file, "a <line>")
    assert 'alt="a &lt;line&gt;"' in html
    assert "width:192px" in html
    assert "invert(1)" in html


def test_every_script_is_drawn_without_a_warning(recwarn: pytest.WarningsRecorder, caplog) -> None:
    words = ["太阳", "सूरज", "الشمس", "🌞", "sun"]

    def draw(figure, ax):
        ax.set_yticks(range(len(words)), words)

    png(plot(draw, 3, 3))
    assert [str(warning.message) for warning in recwarn] == []
    assert caplog.records == []


def test_a_share_has_two_digits_or_none() -> None:
    assert [share(x) for x in (1, 0.126, 0.0101, 0.0099, 0)] == ["1.00", "0.13", "0.01", "", ""]


def test_the_same_figure_is_the_same_file() -> None:
    def draw(figure, ax):
        ax.imshow(np.eye(3), cmap=colormap("sequential"))

    assert png(plot(draw, 2, 2)) == png(plot(draw, 2, 2))


def test_a_lesson_that_draws_by_hand_looks_as_the_others_do() -> None:
    with rc_context():
        for _ in range(2):  # as often as its cell is run
            use()
        _, axes = pyplot.subplots()
        image = axes.imshow(np.eye(2), cmap="diverging")
        label = axes.set_xlabel("x")
        pyplot.close("all")
    assert image.get_cmap()(1.0) == colormap("diverging")(1.0)
    assert label.get_size() * 96 / 72 == pytest.approx(14)
    assert not axes.spines["top"].get_visible()
