"""What the page that draws pictures does besides drawing: it brings the font along, and turns into lines what would come out as bitmaps."""

import json

from analysis.export.fonts import FAMILY, face_css

# A picture is drawn as SVG first, which then holds the font; a PNG is that SVG on a canvas, since a picture in a picture sees no font
# of its page.
SCRIPT = """(() => {
const css = CSS, prefix = 'data:image/svg+xml,';
document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
const loaded = Promise.all([400, 700].map(weight => document.fonts.load(weight + ' 20px "FAMILY"')));

window.painted = async (svg, width, height, scale = 1) => {
  const image = new Image();
  image.src = prefix + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png');
};

// Browsers print a pattern as a bitmap. A hatch is rising lines in place of it, within the shape that they fill.
function hatched(svg) {
  if (!svg.includes('<pattern')) return svg;
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  const add = (before, tag, attributes) => {
    const element = document.createElementNS(root.namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    before.after(element);
    return element;
  };
  document.body.append(root);  // only what is on the page has a size
  for (const pattern of root.querySelectorAll('pattern')) {
    const tile = pattern.querySelector('path'), scale = pattern.patternTransform.baseVal.consolidate()?.matrix.a ?? 1;
    const step = pattern.width.baseVal.value * scale, { stroke, strokeWidth } = getComputedStyle(tile);
    if (!/M0,[0-9.]+L[0-9.]+,0M/.test(tile.getAttribute('d'))) continue;  // another pattern than rising lines
    root.querySelectorAll(`[style*="#${pattern.id}'"]`).forEach((shape, number) => {
      const { x, y, width, height } = shape.getBBox(), id = `${pattern.id}-${number}`;
      const transform = shape.getAttribute('transform') ?? '';
      let d = '', sum = Math.ceil((x + y) / step) * step;
      for (; sum < x + y + width + height; sum += step) d += `M${x},${sum - x}l${width},${-width}`;
      const group = add(shape, 'g', { 'clip-path': `url(#${id})` });
      group.append(add(shape, 'path', { d, transform, stroke, 'stroke-width': parseFloat(strokeWidth) * scale }));
      const clip = add(shape, 'clipPath', { id });
      clip.append(add(shape, 'path', { d: shape.getAttribute('d'), transform }));
      shape.style.fill = 'none';
    });
    pattern.remove();
  }
  root.remove();
  return new XMLSerializer().serializeToString(root);
}

// So are the shadows around names, and several for each.
const printed = svg => svg.replace(/text-shadow:[^;]*;/g, '');

const draw = Plotly.toImage;
Plotly.toImage = async (figure, options) => {
  await loaded;
  if (!['svg', 'png'].includes(options.format)) return draw(figure, options);
  const plain = hatched(await draw(figure, { ...options, format: 'svg', scale: 1, imageDataOnly: true }));
  const end = plain.indexOf('>', plain.indexOf('<svg')) + 1;
  const whole = plain.slice(0, end) + '<style>' + css + '</style>' + plain.slice(end);
  const svg = typeof options.setBackground === 'function' ? printed(whole) : whole;  // so Kaleido asks for what it prints as PDF
  if (options.format === 'svg') return options.imageDataOnly ? svg : prefix + encodeURIComponent(svg);
  const png = await painted(svg, options.width, options.height, options.scale);
  return options.imageDataOnly ? png.slice(png.indexOf(',') + 1) : png;
};
})();
""".replace("CSS", json.dumps(face_css()), 1).replace("FAMILY", FAMILY)
"""JavaScript for the page: it waits for the font before Plotly measures text, and changes what Plotly.toImage makes."""
