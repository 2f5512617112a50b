import type { Bench } from "./bench.js";
import { bigArray } from "./big-array.js";
import { manyCalls } from "./many-calls.js";
import { map } from "./map.js";
import { networkCalls } from "./network-calls.js";
import { networkModes } from "./network-modes.js";
import { oneCall } from "./one-call.js";
import { startUp } from "./start-up.js";

/** All benches, in the order in which they run. */
export const benches: readonly Bench[] = [
  oneCall,
  manyCalls,
  bigArray,
  startUp,
  map,
  networkModes,
  networkCalls,
];
