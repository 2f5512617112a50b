import { readFileSync } from "node:fs";
import { mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Place } from "./sphere.js";

/** Lines of a map, each a row of points. */
export type Lines = readonly (readonly Place[])[];

/** The outline of the continental US, and the borders between its states, from the `us-10m.json` of `vega-datasets`. */
export interface StateLines {
  readonly outline: Lines;
  readonly borders: Lines;
}

/** A TopoJSON file whose states carry their FIPS codes as ids. */
type StateTopology = Topology<{ states: GeometryCollection }>;

/** FIPS codes of what is not continental: Alaska, Hawaii, and the territories from 60 on. */
const isContinental = (fips: number): boolean => fips !== 2 && fips !== 15 && fips < 60;

const statesFile = new URL("../../node_modules/vega-datasets/data/us-10m.json", import.meta.url);

export function loadStates(): StateLines {
  const topology: StateTopology = JSON.parse(readFileSync(statesFile, "utf8"));
  return stateLines(topology);
}

export function stateLines(topology: StateTopology): StateLines {
  const { states } = topology.objects;
  const continental: GeometryCollection = {
    ...states,
    geometries: states.geometries.filter(({ id }) => isContinental(Number(id))),
  };
  const lines = (isWanted: (isShared: boolean) => boolean): Lines =>
    mesh(topology, continental, (one, other) => isWanted(one !== other)).coordinates.map((line) =>
      line.map(([longitude, latitude]) => ({ latitude: latitude!, longitude: longitude! })),
    );
  return { outline: lines((isShared) => !isShared), borders: lines((isShared) => isShared) };
}
