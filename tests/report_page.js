// What the tests of the report ask of a page in the browser.
(() => {
  // https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
  const channel = c => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const parse = text => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (a, b) => {
    const [lighter, darker] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const holds = (b, x, y) => b.x <= x && x <= b.x + b.width && b.y <= y && y <= b.y + b.height;
  const below = text => {
    const { x, y, width, height } = text.getBBox();
    const rects = [...document.querySelectorAll('svg rect')];
    const under = rects.filter(each => holds(each.getBBox(), x + width / 2, y + height / 2));
    return parse(getComputedStyle(under[under.length - 1]).fill);
  };

  // Each text with its contrast to what is behind it.
  window.contrasts = () => {
    const drawn = [...document.querySelectorAll('svg text')].map(
      text => [text.textContent, ratio(parse(getComputedStyle(text).fill), below(text))]);
    const written = [...document.querySelectorAll('body *')].filter(
      node => !node.closest('svg') && [...node.childNodes].some(each => each.nodeType === 3 && each.textContent.trim()));
    return drawn.concat(written.map(
      node => [node.textContent.slice(0, 40), ratio(parse(getComputedStyle(node).color), behind(node))]));
  };

  // Texts of the picture that leave their box, and pairs of them that overlap, as the browser has set them.
  window.misplaced = () => {
    const inside = (a, b) => a.x >= b.x - 0.5 && a.y >= b.y - 0.5
      && a.x + a.width <= b.x + b.width + 0.5 && a.y + a.height <= b.y + b.height + 0.5;
    const out = [...document.querySelectorAll('svg g.box text')].filter(
      text => !inside(text.getBBox(), text.parentNode.querySelector('rect').getBBox()));
    const texts = [...document.querySelectorAll('svg text')].map(text => [text.textContent, text.getBBox()]);
    const over = [];
    texts.forEach(([name, a], index) => texts.slice(index + 1).forEach(([other, b]) => {
      // The box of a line is higher than its letters.
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y + 1.5 < b.y + b.height && b.y + 1.5 < a.y + a.height) {
        over.push(`${name} | ${other}`);
      }
    }));
    return { count: texts.length, out: out.map(text => text.textContent), over };
  };

  // What scrolls within itself, and whether a keyboard and a screen reader get there.
  window.wider = () => [...document.querySelectorAll('body *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(each).overflowX))
    .map(each => ({ tag: each.tagName, reachable: each.tabIndex === 0 && Boolean(each.getAttribute('aria-label')) }));

  window.tables = () => [...document.querySelectorAll('table')].map(each => ({
    head: Boolean(each.tHead), rows: Boolean(each.querySelector('tbody th[scope=row]')),
    scopes: [...each.querySelectorAll('th')].every(cell => cell.scope),
  }));
})();
