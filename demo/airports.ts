import { readFileSync } from "node:fs";
import { parseCsv } from "./csv.js";
import type { Place } from "./sphere.js";

export interface Airport extends Place {
  /** IATA or FAA code, e.g. `JFK`. */
  readonly code: string;
  readonly name: string;
  readonly city: string;
  /** Postal code of the state, e.g. `NY`. */
  readonly state: string;
}

/** The 48 contiguous states and the District of Columbia. */
const continental = new Set(
  (
    "AL AR AZ CA CO CT DC DE FL GA IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR PA " +
    "RI SC SD TN TX UT VA VT WA WI WV WY"
  ).split(" "),
);

/** The continental airports of an `airports.csv`, in its order; of several at one place only the first. */
export function continentalAirports(csv: string): Airport[] {
  const [head, ...rows] = parseCsv(csv);
  const column = (name: string): number => {
    const index = head?.indexOf(name) ?? -1;
    if (index < 0)
      throw new Error(`airports.csv has no column "${name}", only ${head?.join(", ") ?? "no head"}`);
    return index;
  };
  const [code, name, city, state, country] = ["iata", "name", "city", "state", "country"].map(column);
  const [latitude, longitude] = ["latitude", "longitude"].map(column);
  const at = (row: string[], index: number | undefined): string => row[index ?? -1] ?? "";

  const places = new Map<string, Airport>();
  for (const row of rows) {
    if (at(row, country) !== "USA" || !continental.has(at(row, state))) continue;
    const airport = {
      code: at(row, code),
      name: at(row, name),
      city: at(row, city),
      state: at(row, state),
      latitude: Number(at(row, latitude)),
      longitude: Number(at(row, longitude)),
    };
    if (!Number.isFinite(airport.latitude) || !Number.isFinite(airport.longitude)) {
      throw new TypeError(`airports.csv: airport ${airport.code} has no position`);
    }
    const place = `${airport.latitude} ${airport.longitude}`;
    if (!places.has(place)) places.set(place, airport);
  }
  return [...places.values()];
}

/**
 * The real data, as the npm package `vega-datasets` carries them. Named in this way, the file goes along when this module is
 * sent to a worker that has nothing of the demo.
 */
const airportsFile = new URL("../../node_modules/vega-datasets/data/airports.csv", import.meta.url);

export function loadAirports(): Airport[] {
  return continentalAirports(readFileSync(airportsFile, "utf8"));
}
