import type { Neighbours } from "./neighbours.js";
import type { Sphere } from "./sphere.js";

/** Goes from `first` to the nearest place not yet visited, until all are; of two as near, the lower number. */
export function nearestNeighbourTour(sphere: Sphere, neighbours: Neighbours, first: number): Uint32Array {
  const order = new Uint32Array(sphere.size);
  const isVisited = new Uint8Array(sphere.size);
  for (let at = 0, place = first; at < order.length; at++) {
    order[at] = place;
    isVisited[place] = 1;
    if (at + 1 < order.length) {
      place = nearestListed(place, neighbours, isVisited) ?? nearestOfAll(place, sphere, isVisited);
    }
  }
  return order;
}

function nearestListed(
  place: number,
  { flat, perPlace }: Neighbours,
  isVisited: Uint8Array,
): number | undefined {
  return flat.subarray(place * perPlace, (place + 1) * perPlace).find((other) => !isVisited[other]);
}

function nearestOfAll(place: number, sphere: Sphere, isVisited: Uint8Array): number {
  let nearest = -1;
  let nearestDistance = Infinity;
  for (let other = 0; other < sphere.size; other++) {
    if (isVisited[other]) continue;
    const distance = sphere.distance(place, other);
    if (distance < nearestDistance) {
      nearest = other;
      nearestDistance = distance;
    }
  }
  return nearest;
}
