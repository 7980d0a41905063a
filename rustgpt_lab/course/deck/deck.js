/* global Reveal, temml */
// Starts the deck. A slide takes the largest type and the largest pictures with which it fits; no type under 18 px.
const WIDTH = 1920, HEIGHT = 1080;
const TYPE = [1, 0.9, 0.8, 0.7, 0.62, 0.54]; // times 40 px, 34 px for code
const PICTURE = [2.2, 2, 1.8, 1.65, 1.5]; // times their size in a notebook, whose ticks have 12 px

/** Lay a slide out so; whether it fits. */
function fits(slide, type, picture) {
  slide.style.setProperty("--fit", type);
  for (const image of slide.querySelectorAll("img.rl-figure")) {
    image.dataset.width ??= image.style.width;
    image.style.width = `${Math.min(parseFloat(image.dataset.width) * picture, WIDTH - 40)}px`;
  }
  return slide.scrollHeight <= HEIGHT && slide.scrollWidth <= WIDTH;
}

function fit(slide) {
  for (const type of TYPE) {
    for (const picture of slide.querySelector("img.rl-figure") ? PICTURE : [1]) {
      if (fits(slide, type, picture)) return;
    }
  }
}

temml.renderMathInElement(document.querySelector(".slides"), {
  delimiters: [
    { left: "$$", right: "$$", display: true },
    { left: "$", right: "$", display: false },
  ],
});
Reveal.on("ready", () => {
  for (const slide of document.querySelectorAll(".slides section:not(.stack)")) {
    const hidden = [slide, slide.parentElement].filter((e) => getComputedStyle(e).display === "none");
    for (const element of hidden) element.style.setProperty("display", "block", "important");
    fit(slide);
    for (const element of hidden) element.style.removeProperty("display");
  }
  Reveal.layout();
  document.body.dataset.ready = "yes";
});
Reveal.on("slidechanged", ({ currentSlide }) => {
  fit(currentSlide);
  Reveal.layout();
});
Reveal.initialize({
  width: WIDTH, height: HEIGHT, margin: 0, center: true, hash: true, slideNumber: "c/t", transition: "none",
});
