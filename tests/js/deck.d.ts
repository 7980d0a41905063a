// What deck.js takes from the scripts that stand before it in a deck.

/** reveal.js */
declare const Reveal: {
  on(event: "ready", heard: () => void): void;
  on(event: "slidechanged", heard: (change: { currentSlide: HTMLElement }) => void): void;
  initialize(options: Record<string, unknown> & {
    keyboardCondition: (event: { target: Element }) => boolean;
  }): void;
  layout(): void;
  next(): void;
  prev(): void;
};

/** Temml */
declare const temml: {
  renderMathInElement(element: HTMLElement, options: {
    delimiters: { left: string, right: string, display: boolean }[],
  }): void;
};
