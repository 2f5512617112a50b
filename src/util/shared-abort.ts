import { setMaxListeners } from "node:events";

/** A controller on whose signal any number of waits may listen at once; by default Node takes more than 10 for a leak. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
