// The colours of every picture. What follows the `=` is JSON: style.py reads it, too.
// sequential: one hue, even steps of lightness in Oklab, for attention and probability. diverging: orange to blue
// through grey, for a sign. Both have a form for light and for dark pages. categories: Okabe and Ito 2008.
// inks: text, what stands back, hairlines, warnings, what is chosen or is after a change, and what was before it.
export const PALETTE = {
  "sequential": {
    "light": ["#f8fafd", "#c5e1ff", "#95c7fb", "#6dacec", "#4a91d7", "#2c77bc", "#165e9c", "#0b4677", "#0c2f50"],
    "dark": ["#222426", "#1e3c55", "#1d547e", "#216ea5", "#3288c8", "#4da3e6", "#70beff", "#acd8ff", "#e1f1ff"]
  },
  "diverging": {
    "light": ["#873d02", "#ab663e", "#c6957a", "#dec5b7", "#f5f5f5", "#bacde1", "#80a5cc", "#467eb6", "#035798"],
    "dark": ["#ffa571", "#c88158", "#8e6148", "#584337", "#262626", "#3a4a5b", "#4d7095", "#6099d3", "#89c3fe"]
  },
  "inks": {
    "light": {
      "text": "#1d2125", "muted": "#5b6168", "line": "#c9ced4",
      "warn": "#9a3b00", "accent": "#1662a6", "before": "#8a9097"
    },
    "dark": {
      "text": "#e6e8ea", "muted": "#a9b0b7", "line": "#4a5057",
      "warn": "#ffb07a", "accent": "#7cc0fb", "before": "#8a9097"
    }
  },
  "categories": ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"]
};
