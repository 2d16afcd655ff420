/* Runs within the page: what can be measured there alone. Its value is what `page.evaluate` gives back. */
/* global document, window, getComputedStyle */
(() => {
  const slack = 1;
  const boxOf = (element) => element.getBoundingClientRect();
  const nameOf = (element) =>
    element.closest("[data-box]")?.getAttribute("data-box") ?? `label ${element.parentElement.textContent}`;
  const overlap = (one, other) =>
    one.left < other.right - slack &&
    other.left < one.right - slack &&
    one.top < other.bottom - slack &&
    other.top < one.bottom - slack;
  const within = (inner, outer) =>
    inner.left >= outer.left - slack &&
    inner.right <= outer.right + slack &&
    inner.top >= outer.top - slack &&
    inner.bottom <= outer.bottom + slack;

  const solid = [...document.querySelectorAll("figure svg .box > rect, figure svg .label > rect")];
  const overlaps = solid.flatMap((one, index) =>
    solid
      .slice(index + 1)
      .filter((other) => overlap(boxOf(one), boxOf(other)))
      .map((other) => `${nameOf(one)} on ${nameOf(other)}`),
  );
  const texts = [...document.querySelectorAll("figure svg text")];
  const cut = [
    ...texts
      .filter((text) => !within(boxOf(text), boxOf(text.parentElement.querySelector("rect"))))
      .map((text) => `drawn text ${text.textContent}`),
    ...[...document.body.querySelectorAll(":not(svg, svg *)")]
      .filter((element) => element.scrollWidth > element.clientWidth + slack && element.clientWidth > 0)
      .filter((element) => getComputedStyle(element).overflowX !== "auto")
      .map((element) => `${element.tagName} ${element.textContent.slice(0, 40)}`),
  ];
  return {
    boxes: document.querySelectorAll("figure svg [data-box]").length,
    overlaps,
    cut,
    // What is too wide scrolls within itself.
    pageScrollsSideways: document.documentElement.scrollWidth > window.innerWidth,
    smallestLetterPx: Math.min(...texts.map((text) => boxOf(text).height)),
  };
})();
