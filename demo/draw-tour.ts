import { albers, type Point } from "./albers.js";
import type { Place } from "./sphere.js";
import type { Lines, StateLines } from "./states.js";

export interface Drawing {
  readonly places: readonly Place[];
  /** The numbers of the places in the order of visits. */
  readonly order: ArrayLike<number>;
  readonly states: StateLines;
  readonly title: string;
  readonly subtitle: string;
  /** What the lines and data are, in small print. */
  readonly source: string;
}

/** The picture's width in its own units. */
const width = 1600;
const margin = 64;
const headHeight = 124;
const footHeight = 40;
/** The tour is drawn in this many pieces, each of one colour. */
const pieces = 180;

const colours = {
  paper: "#fbfaf8",
  land: "#efece6",
  border: "#d9d4ca",
  coast: "#c9c3b6",
  ink: "#1d2733",
  faint: "#77808b",
};

/** Draws the tour on a map of the continental US, as the text of an SVG file. */
export function drawTour({ places, order, states, title, subtitle, source }: Drawing): string {
  const { toPaper, height } = fitToPaper(states.outline);
  const path = (lines: Lines): string => lines.map((line) => polyline(line.map(toPaper))).join("");
  const stops = places.map(toPaper);
  const text = (size: number, weight: number, colour: string): string =>
    `font-size="${size}" font-weight="${weight}" fill="${colour}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="'Source Sans 3', 'Source Sans Pro', system-ui, sans-serif">
<title>${escapeXml(title)}</title>
<rect width="${width}" height="${height}" fill="${colours.paper}"/>
<path d="${path(states.outline)}" fill="${colours.land}" stroke="${colours.coast}" stroke-width="1" fill-rule="evenodd" stroke-linejoin="round"/>
<path d="${path(states.borders)}" fill="none" stroke="${colours.border}" stroke-width="1" stroke-linejoin="round"/>
<g fill="none" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round">
${tourPieces(stops, order).join("\n")}
</g>
<g fill="${colours.ink}">
${stops.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="1.7"/>`).join("")}
</g>
<text x="${margin}" y="66" ${text(38, 600, colours.ink)}>${escapeXml(title)}</text>
<text x="${margin}" y="102" ${text(22, 400, colours.faint)}>${escapeXml(subtitle)}</text>
<text x="${margin}" y="${height - 36}" ${text(15, 400, colours.faint)}>${escapeXml(source)}</text>
</svg>
`;
}

interface Fit {
  readonly toPaper: (place: Place) => Point;
  readonly height: number;
}

/** Scales the map to the width between the margins; the height follows. */
function fitToPaper(outline: Lines): Fit {
  const points = outline.flat().map(albers);
  const [left, right] = extent(points.map(({ x }) => x));
  const [bottom, top] = extent(points.map(({ y }) => y));
  const scale = (width - 2 * margin) / (right - left);
  return {
    toPaper: (place) => {
      const { x, y } = albers(place);
      return { x: rounded(margin + (x - left) * scale), y: rounded(headHeight + (top - y) * scale) };
    },
    height: Math.ceil(headHeight + (top - bottom) * scale + footHeight),
  };
}

/** The closed tour in pieces whose colours go once round a circle, so that one sees where the way leads on. */
function tourPieces(stops: readonly Point[], order: ArrayLike<number>): string[] {
  const at = (index: number): Point => stops[order[index % order.length]!]!;
  const count = Math.min(pieces, order.length);
  return Array.from({ length: count }, (_, piece) => {
    const from = Math.round((piece * order.length) / count);
    const to = Math.round(((piece + 1) * order.length) / count);
    const points = Array.from({ length: to - from + 1 }, (_, step) => at(from + step));
    return `<path d="${polyline(points)}" stroke="${colourAlong((piece + 0.5) / count)}"/>`;
  });
}

/** Blue at the beginning, red half way, and blue again at the end. */
function colourAlong(share: number): string {
  const red = (1 - Math.cos(2 * Math.PI * share)) / 2;
  const mixed = [
    [28, 214],
    [98, 52],
    [186, 82],
  ].map(([blueEnd, redEnd]) => Math.round(blueEnd! + (redEnd! - blueEnd!) * red));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function polyline(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
}

function extent(values: readonly number[]): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
