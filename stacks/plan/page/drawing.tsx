/** The drawn topology: inline SVG. Colours and lines are the page's style's. */
import type { VNode } from "preact";
import type { Plan } from "../schema";
import { type Drawn, type PlacedArrow, type PlacedBox, type PlacedHost, sizes } from "./drawn";
import type { ArrowKind, Graph } from "./graph";
import { pathOf } from "./route";
import { shortened } from "./measure";
import { drawingInWords } from "./words";

/** What each kind of arrow means. */
const kinds: Readonly<Record<ArrowKind, string>> = {
  entry: "web, through the reverse proxy",
  media: "voice, video and screens, straight",
  admin: "administration, and the machine itself",
  internal: "between services",
};
const kindNames = Object.keys(kinds) as ArrowKind[];
const short = (value: number): number => Math.round(value * 10) / 10;

interface Given {
  plan: Plan;
  graph: Graph;
  drawn: Drawn;
}

export const Drawing = ({ plan, graph, drawn }: Given): VNode => (
  <figure class="drawing">
    <div class="scroll" role="group" aria-label="The drawing; scrolls sideways" tabIndex={0}>
      <svg
        viewBox={`0 0 ${short(drawn.width)} ${short(drawn.height)}`}
        width={Math.ceil(drawn.width)}
        height={Math.ceil(drawn.height)}
        role="img"
        aria-labelledby="picture-title"
        aria-describedby="picture-words"
      >
        <title id="picture-title">{`Who reaches what in the stack ${plan.stack}, and through which ports`}</title>
        <desc id="picture-words">{drawingInWords(graph, plan.hosts)}</desc>
        <defs>
          {kindNames.map((kind) => (
            <marker
              id={`head-${kind}`}
              class={`head ${kind}`}
              viewBox="0 0 10 10"
              refX="9"
              refY="5"
              markerWidth="9"
              markerHeight="9"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0.5L10 5L0 9.5Z" />
            </marker>
          ))}
        </defs>
        {drawn.hosts.map((host) => (
          <Host host={host} place={plan.hosts.find(({ name }) => name === host.name)?.place ?? ""} />
        ))}
        {drawn.arrows.map((arrow) => (
          <path
            class={`arrow ${arrow.arrow.kind}`}
            d={pathOf(arrow.points)}
            marker-end={`url(#head-${arrow.arrow.kind})`}
          />
        ))}
        {drawn.arrows.map((arrow) => (
          <Label arrow={arrow} />
        ))}
        {drawn.boxes.map((box) => (
          <BoxOf box={box} />
        ))}
      </svg>
    </div>
    <figcaption>
      <ul class="legend">
        {kindNames
          .filter((kind) => graph.arrows.some((arrow) => arrow.kind === kind))
          .map((kind) => (
            <li>
              <svg width="44" height="12" aria-hidden="true">
                <path class={`arrow ${kind}`} d="M1 6H40" marker-end={`url(#head-${kind})`} />
              </svg>
              {kinds[kind]}
            </li>
          ))}
      </ul>
      <p class="hint">The drawing scrolls sideways; the tables below say the same.</p>
      <p>No other port of a service is open, and no other two services can talk.</p>
    </figcaption>
  </figure>
);

const rectangle = ({ x, y, width, height }: PlacedHost | PlacedBox | PlacedArrow["label"]) => ({
  x: short(x - width / 2),
  y: short(y - height / 2),
  width: short(width),
  height: short(height),
});

function Host({ host, place }: { host: PlacedHost; place: string }): VNode {
  const { x, y, width } = rectangle(host);
  const room = width - 32;
  return (
    <g class="host" data-box={`host ${host.name}`}>
      <rect {...rectangle(host)} rx="14" />
      <text class="name" x={x + 16} y={y + 24}>
        {shortened(host.name, room, sizes.title, true)}
      </text>
      <text class="line" x={x + 16} y={y + 40}>
        {shortened(place, room, sizes.line)}
      </text>
    </g>
  );
}

/** Lines of text around the middle of a place. */
const lineY = (y: number, index: number, count: number): number =>
  short(y + (index - (count - 1) / 2) * sizes.lineHeight + 4);

const Label = ({ arrow: { arrow, label } }: { arrow: PlacedArrow }): VNode => (
  <g class={`label ${arrow.kind}`}>
    <rect {...rectangle(label)} rx="9" />
    {label.lines.map((line, index) => (
      <text x={short(label.x)} y={lineY(label.y, index, label.lines.length)}>
        {line}
      </text>
    ))}
  </g>
);

const BoxOf = ({ box: { box, title, lines, ...place } }: { box: PlacedBox }): VNode => (
  <g class={`box ${box.kind}`} data-box={box.id}>
    <rect {...rectangle({ ...place, box, title, lines })} rx={box.kind === "people" ? 18 : 8} />
    <text class="name" x={short(place.x)} y={lineY(place.y, 0, lines.length + 1)}>
      {title}
    </text>
    {lines.map((line, index) => (
      <text class="line" x={short(place.x)} y={lineY(place.y, index + 1, lines.length + 1)}>
        {line}
      </text>
    ))}
  </g>
);
