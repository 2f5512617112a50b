import { loadAirports } from "./airports.js";
import { iterate } from "./iterated-search.js";
import { LocalSearch } from "./local-search.js";
import { nearestNeighbourTour } from "./nearest-neighbour-tour.js";
import { nearestNeighbours, type Neighbours } from "./neighbours.js";
import { Random } from "./random.js";
import { Sphere, type Place } from "./sphere.js";
import { Tour, tourLength } from "./tour.js";

/** One item of the parallel map: everything that decides its result. */
export interface TourStart {
  /** Its number in the row of starts, from 0. */
  readonly index: number;
  /** The seed of its random choices, a whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  /** How many times the tour is disturbed and repaired: the amount of work. */
  readonly kicks: number;
}

export interface TourResult {
  readonly index: number;
  readonly seed: number;
  /** The length of the nearest-neighbour tour from which the search set out. */
  readonly startKm: number;
  readonly lengthKm: number;
  /** The numbers of the airports in the order of visits. */
  readonly order: Uint32Array;
  /** The processor time that the worker's process spent on this item. */
  readonly cpuSeconds: number;
}

const neighboursPerPlace = 7;

/**
 * Searches for a short tour through the continental airports from one start. The result depends on the start alone
 * (`cpuSeconds` excepted), so it is the same on every worker.
 */
export function improveTour(start: TourStart): TourResult {
  const before = process.cpuUsage();
  const result = improveTourOf(readMap(), start);
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuSeconds: (user + system) / 1e6 };
}

/** What all starts share; it is only read once it is made. */
export interface TourMap {
  readonly sphere: Sphere;
  readonly neighbours: Neighbours;
}

export function drawUpMap(places: readonly Place[]): TourMap {
  const sphere = new Sphere(places);
  return { sphere, neighbours: nearestNeighbours(places, sphere, neighboursPerPlace) };
}

let map: TourMap | undefined;

/** The map of the airports, made with the first start that this process works on. */
function readMap(): TourMap {
  map ??= drawUpMap(loadAirports());
  return map;
}

export function improveTourOf(
  { sphere, neighbours }: TourMap,
  { index, seed, kicks }: TourStart,
): Omit<TourResult, "cpuSeconds"> {
  const random = new Random(seed);
  const order = nearestNeighbourTour(sphere, neighbours, random.below(sphere.size));
  const startKm = tourLength(order, sphere);
  const tour = new Tour(order);
  iterate(tour, new LocalSearch(tour, sphere, neighbours), random, kicks);
  return { index, seed, startKm, lengthKm: tourLength(tour.order, sphere), order: tour.order };
}
