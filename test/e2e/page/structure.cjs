/* Runs within the page: whether a browser, which mends what is in the wrong place, had anything to mend. */
/* global DOMParser */
(source) => {
  const tree = (element) => `${element.localName}(${[...element.children].map(tree).join(",")})`;
  const [, ...markup] = source.split("\n");
  const strict = new DOMParser().parseFromString(markup.join("\n"), "text/xml");
  const lenient = new DOMParser().parseFromString(source, "text/html");
  return { strict: tree(strict.documentElement), lenient: tree(lenient.documentElement) };
};
