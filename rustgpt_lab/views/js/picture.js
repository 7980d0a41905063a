// A part of the page as a picture of its own: SVG text that holds its elements, and a PNG file made of that.

/**
 * The SVG text of an element: `css` is the style that it has on the page, `dressed` the element that it hangs on.
 * @param {HTMLElement} node @param {HTMLElement} dressed @param {string} css
 */
function drawing(node, dressed, css) {
  const copy = /** @type {HTMLElement} */ (node.cloneNode(true));
  const shown = node.querySelectorAll("canvas");
  copy.querySelectorAll("canvas").forEach((canvas, i) => {
    const image = document.createElement("img"); // a copied canvas is empty
    image.src = shown[i].toDataURL();
    image.style.cssText = canvas.style.cssText;
    canvas.replaceWith(image);
  });
  const frame = /** @type {HTMLElement} */ (dressed.cloneNode(false));
  const style = document.createElement("style");
  style.textContent = css;
  frame.style.setProperty("--rl-paper", getComputedStyle(node).backgroundColor); // no page lies below it
  frame.append(style, copy);
  const [width, height] = [node.offsetWidth, node.offsetHeight];
  const body = new XMLSerializer().serializeToString(frame);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`
    + `<foreignObject width="100%" height="100%">${body}</foreignObject></svg>`;
  return { width, height, text };
}

/**
 * A PNG file of an element, with twice as many points as it has on the page.
 * @param {HTMLElement} node @param {HTMLElement} dressed @param {string} css @returns {Promise<Blob>}
 */
export async function png(node, dressed, css) {
  const { width, height, text } = drawing(node, dressed, css);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(/** @type {BlobCallback} */ (done), "image/png"); });
}
