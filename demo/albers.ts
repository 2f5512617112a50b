import { toRadians, type Place } from "./sphere.js";

/** A point on paper, in sphere radii: x to the east and y to the north of the map's origin. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const origin = { latitude: 37.5, longitude: -96 };
const southernParallel = toRadians(29.5);
const northernParallel = toRadians(45.5);

// Snyder, Map Projections: A Working Manual (USGS 1395), equations 14-1 to 14-6, with the parallels that he gives
// for the contiguous United States.
const n = (Math.sin(southernParallel) + Math.sin(northernParallel)) / 2;
const c = Math.cos(southernParallel) ** 2 + 2 * n * Math.sin(southernParallel);
const rho = (latitude: number): number => Math.sqrt(c - 2 * n * Math.sin(toRadians(latitude))) / n;
const rhoOfOrigin = rho(origin.latitude);

/** Albers' equal-area conic projection of the sphere for the contiguous United States. */
export function albers({ latitude, longitude }: Place): Point {
  const theta = n * toRadians(longitude - origin.longitude);
  const radius = rho(latitude);
  return { x: radius * Math.sin(theta), y: rhoOfOrigin - radius * Math.cos(theta) };
}
