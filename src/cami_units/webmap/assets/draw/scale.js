// The bar in the corner of a map that says how far is how long, on the map as on the drawing page.

// Leaflet writes km and m in Latin letters, whatever those of the reader are; word gives theirs.
export function scaleBar(word) {
  const scale = L.control.scale({ metric: true, imperial: false, maxWidth: 160, position: "bottomright" });
  scale._updateScale = function (bar, text, ratio) {
    const unit = text.endsWith("km") ? word("km") : word("km").slice(-1);
    L.Control.Scale.prototype._updateScale.call(this, bar, text.replace(/k?m$/, unit), ratio);
  };
  return scale;
}
