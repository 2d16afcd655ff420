/** How the page looks: on a phone, on paper, by day and in the dark. */

/** Colours by day; each text has a contrast of at least 4.5 to 1 on both grounds. */
const light = `
--ground:#f6f7f9;--surface:#fff;--host:#eef1f5;--text:#1c2430;--muted:#525e6e;--line:#d6dce4;
--entry:#1d5bbf;--media:#0a6e5c;--admin:#8a4b00;--internal:#5c6878;
--error:#a81e1e;--warning:#7d4a00;--note:#35618f;--used:#4a7fd0;--there:#dfe5ee;`;

const dark = `
--ground:#12161c;--surface:#1a2028;--host:#20272f;--text:#e8ecf1;--muted:#a9b4c2;--line:#36404d;
--entry:#86b4ff;--media:#5ed3b8;--admin:#f0b562;--internal:#9aa7b8;
--error:#ff9a93;--warning:#f3bd6b;--note:#9cc4f0;--used:#5f97ea;--there:#323c49;`;

/**
 * The page's style.
 * @param drawingPx width of the drawing as it is laid out: it may shrink a little, then it scrolls.
 */
export const styleOf = (drawingPx: number): string => `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:76rem;padding:1.5rem 1rem 3rem;background:var(--ground);color:var(--text);
font:1rem/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
html{background:var(--ground)}
h1,h2,h3,p,ul,dl,dd,figure{margin:0;padding:0}
h1{font-size:2rem;line-height:1.2;letter-spacing:-.01em}
h2{font-size:1.25rem;line-height:1.3;margin-bottom:.5rem}
h3{font-size:1rem}
a{color:var(--entry);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--entry);outline-offset:2px;border-radius:4px}
code{font:.875em/1.4 ui-monospace,"SF Mono",Consolas,"Liberation Mono",monospace}
.aside{color:var(--muted);font-weight:400}
.kind{color:var(--muted);font-size:.8125rem;font-weight:600;letter-spacing:.08em;text-transform:uppercase}
.lead{color:var(--muted);margin-top:.375rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin-top:1.25rem}
.figures>div,.card{background:var(--surface);border:1px solid var(--line);border-radius:.75rem;padding:.75rem 1rem}
.figures dt{color:var(--muted);font-size:.8125rem}
.figures .value{display:block;font-size:1.375rem;font-weight:600;line-height:1.3}
.figures .note{display:block;color:var(--muted);font-size:.8125rem;line-height:1.35}
nav{margin-top:.75rem}
nav ul,.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none}
nav a{display:inline-block;padding:.25rem 0}
section{margin-top:1.75rem}
.alerts{list-style:none;background:var(--surface);border:1px solid var(--line);border-radius:.75rem;padding:.5rem 1rem}
.alerts li{display:flex;gap:.5rem;padding:.125rem 0;font-size:.9375rem}
@media (max-width:30rem){.alerts li{display:block;padding:.375rem 0}}
.severity{flex:none;white-space:nowrap;width:4.25rem;font-size:.8125rem;line-height:1.5rem}
.error{--tone:var(--error)}.warning{--tone:var(--warning)}.note{--tone:var(--note)}
strong.severity{color:var(--tone)}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:.75rem}
section>*+.scroll,section>*+p{margin-top:1rem}
section>h2+.scroll,section>h2+p{margin-top:0}
table{border-collapse:collapse;width:100%;font-size:.9375rem;overflow-wrap:break-word}
caption{padding:.75rem 1rem;text-align:left;color:var(--muted);font-size:.875rem}
th,td{padding:.5rem 1rem;text-align:left;vertical-align:top;border-top:1px solid var(--line);min-width:4rem;max-width:26rem}
th{font-weight:600}
thead th{color:var(--muted);font-size:.8125rem;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.long{min-width:15rem}
tfoot{font-weight:600}
tr:target{background:var(--host)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:.75rem}
.card p{color:var(--muted);font-size:.9375rem}
.gauges{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:.75rem 1.5rem;margin-top:.75rem}
.gauges dt{font-weight:600;font-size:.9375rem}
.gauges dd{font-size:.875rem;color:var(--muted)}
.bar{display:block;margin-top:.25rem;border-radius:5px}
.there{fill:var(--there)}.used{fill:var(--used)}.over .used{fill:var(--error)}
.hatch{stroke:var(--surface);stroke-width:2}
.drawing .scroll{padding:.5rem}
.drawing .scroll>svg{display:block;margin:0 auto;height:auto;max-width:100%;min-width:${Math.round(drawingPx * 0.85)}px}
.drawing text{fill:var(--text);text-anchor:middle;font-size:11.5px}
.drawing .host text{text-anchor:start}
.drawing .name{font-size:13px;font-weight:600}
.drawing .line{fill:var(--muted);font-size:11.5px}
.host rect{fill:var(--host);stroke:var(--line)}
.box rect{fill:var(--surface);stroke:var(--muted);stroke-width:1.25}
.people rect{fill:var(--text);stroke:var(--text)}
.drawing .people text{fill:var(--surface)}
.machine rect{stroke-dasharray:4 3}
.entry{--tone:var(--entry)}.media{--tone:var(--media)}.admin{--tone:var(--admin)}.internal{--tone:var(--internal)}
.arrow{fill:none;stroke:var(--tone);stroke-width:2}
.arrow.media{stroke-dasharray:9 4}
.arrow.admin{stroke-dasharray:2 4}
.arrow.internal{stroke-width:1.25}
.head{fill:var(--tone)}
.label rect{fill:var(--surface);stroke:var(--tone)}
figcaption{color:var(--muted);font-size:.875rem;margin-top:.75rem}
figcaption p{margin-top:.25rem}
.legend li{display:flex;align-items:center;gap:.5rem}
.hint{display:none}
@media screen and (max-width:60rem){.hint{display:block}}
.none{color:var(--muted)}
footer{margin-top:2.5rem;color:var(--muted);font-size:.875rem}
@media print{
body{max-width:none;padding:0;background:#fff;font-size:10pt}
nav{display:none}
.scroll{overflow:visible;border:0}
.drawing .scroll>svg{min-width:0;max-height:90vh}
tr,.card,figure{break-inside:avoid}
h2,caption{break-after:avoid}
table{font-size:8.5pt}
td,code{overflow-wrap:anywhere}
thead th,.severity{overflow-wrap:normal}
th,td,td.long{padding:.25rem .5rem;min-width:0}
thead th{white-space:normal;font-size:8pt}
caption{padding:.25rem .5rem;font-size:9pt}
a{color:inherit;text-decoration:none}
}
`;
