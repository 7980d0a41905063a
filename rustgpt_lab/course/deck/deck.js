/* global Reveal, temml */
// Starts the deck. A slide takes the largest type and the largest pictures with which it fits; no type under 18 px.
const WIDTH = 1920, HEIGHT = 1080;
const TYPE = [1, 0.9, 0.8, 0.7, 0.62, 0.54]; // times 40 px, 34 px for code
const PICTURE = [2.2, 2, 1.8, 1.65, 1.5]; // times their size in a notebook, whose ticks have 12 px
const CARD = [1.7, 1.6, 1.5, 1.4, 1.3]; // the same of a live one, whose words have 14 px

/** Lay a slide out so; whether it fits. @param {HTMLElement} slide @param {number} type @param {number} picture */
function fits(slide, type, picture) {
  slide.style.setProperty("--fit", String(type));
  /** @type {NodeListOf<HTMLImageElement>} */
  const images = slide.querySelectorAll("img.rl-figure");
  for (const image of images) {
    image.dataset.width ??= image.style.width;
    image.style.width = `${Math.min(parseFloat(image.dataset.width) * picture, WIDTH - 40)}px`;
  }
  return slide.scrollHeight <= HEIGHT && slide.scrollWidth <= WIDTH;
}

/** @param {HTMLElement} slide */
function fit(slide) {
  for (const type of TYPE) {
    for (const picture of slide.querySelector("img.rl-figure") ? PICTURE : [1]) {
      if (fits(slide, type, picture)) return;
    }
  }
}

const STILL = new Map([...document.querySelectorAll(".rl-twin")].map((twin) => [twin.parentNode, twin]));

/**
 * The same for a slide with live pictures, which draw themselves in the next frame; too tall, they stand still.
 * @param {HTMLElement} slide
 */
async function fitLive(slide) {
  for (const type of TYPE) {
    slide.style.setProperty("--fit", String(type));
    for (const card of CARD) {
      slide.style.setProperty("--card", String(card));
      for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);
      if (slide.scrollHeight <= HEIGHT && slide.scrollWidth <= WIDTH) return;
    }
  }
  for (const picture of slide.querySelectorAll(".rl-live")) picture.replaceWith(STILL.get(picture.parentNode) ?? "");
  fit(slide);
}

temml.renderMathInElement(/** @type {HTMLElement} */ (document.querySelector(".slides")), {
  delimiters: [
    { left: "$$", right: "$$", display: true },
    { left: "$", right: "$", display: false },
  ],
});
Reveal.on("ready", async () => {
  const loading = document.readyState === "loading"; // live pictures come with the whole page
  if (loading) await new Promise((done) => { document.addEventListener("DOMContentLoaded", done); });
  /** @type {NodeListOf<HTMLElement>} */
  const slides = document.querySelectorAll(".slides section:not(.stack)");
  for (const slide of slides) {
    const above = /** @type {HTMLElement} */ (slide.parentElement);
    const hidden = [slide, above].filter((e) => getComputedStyle(e).display === "none");
    for (const element of hidden) element.style.setProperty("display", "block", "important");
    if (slide.querySelector(".rl-live")) await fitLive(slide);
    else fit(slide);
    for (const element of hidden) element.style.removeProperty("display");
  }
  for (const picture of document.querySelectorAll(".rl-live")) picture.setAttribute("data-prevent-swipe", "");
  Reveal.layout();
  document.body.dataset.ready = "yes";
});
Reveal.on("slidechanged", ({ currentSlide }) => {
  /** @type {HTMLElement?} */ (document.activeElement)?.blur(); // the keys are the deck's again
  if (!currentSlide.querySelector(".rl-live")) fit(currentSlide);
  Reveal.layout();
});

// What has the focus in a live picture has the keys, until Escape; those of a presenter turn the slides everywhere.
document.addEventListener("keydown", (event) => {
  const turn = event.key === "PageDown" ? Reveal.next : event.key === "PageUp" ? Reveal.prev : null;
  const target = /** @type {HTMLElement} */ (event.target);
  if (!target.closest(".rl-live")) return;
  if (event.key === "Escape" && !target.closest("[popover]")) target.blur();
  if (!turn) return;
  event.preventDefault();
  event.stopPropagation();
  turn();
}, true);
Reveal.initialize({
  width: WIDTH, height: HEIGHT, margin: 0, center: true, hash: true, slideNumber: "c/t", transition: "none",
  keyboardCondition: ({ target }) => !target.closest?.(".rl-live"),
});
