/** A point on the globe, in degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** The mean radius of the Earth, (2a + b) / 3 of WGS 84, in kilometres. */
export const earthRadiusKm = 6371.0088;

const radiansPerDegree = Math.PI / 180;

export const toRadians = (degrees: number): number => degrees * radiansPerDegree;

/**
 * Places prepared for distances: each as a vector of half the unit length, so that the distance between two vectors
 * is half their chord on the unit sphere, which is the sine of half the angle between them.
 */
export class Sphere {
  readonly size: number;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #z: Float64Array;

  constructor(places: readonly Place[]) {
    this.size = places.length;
    this.#x = Float64Array.from(places, (p) => halfCos(p.latitude) * Math.cos(toRadians(p.longitude)));
    this.#y = Float64Array.from(places, (p) => halfCos(p.latitude) * Math.sin(toRadians(p.longitude)));
    this.#z = Float64Array.from(places, (p) => Math.sin(toRadians(p.latitude)) / 2);
  }

  /** The great-circle distance between the places with these two numbers, in kilometres. */
  distance(a: number, b: number): number {
    const dx = this.#x[a]! - this.#x[b]!;
    const dy = this.#y[a]! - this.#y[b]!;
    const dz = this.#z[a]! - this.#z[b]!;
    return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(dx * dx + dy * dy + dz * dz)));
  }
}

const halfCos = (latitude: number): number => Math.cos(toRadians(latitude)) / 2;
