import { formatPortRange, portsFrom, type PortRange } from "../util/port-range.js";
import type { Listener, ListenOptions, Transport } from "./transport.js";

export interface ListenInRangeOptions extends Omit<ListenOptions, "port"> {
  readonly ports: PortRange;
  /** Where in the range to begin: another place for each process of a machine, so that they do not try the same ones. */
  readonly start: number;
}

/** Listens on a port of the range that is free. Rejects with an error that names the range if all are taken. */
export async function listenInRange(
  transport: Transport,
  { host, ports, start, accept }: ListenInRangeOptions,
): Promise<Listener> {
  let taken: unknown;
  for (const port of portsFrom(ports, start)) {
    try {
      return await transport.listen({ host, port, accept });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      taken = error;
    }
  }
  const range = formatPortRange(ports);
  throw new Error(
    ports.from === ports.to
      ? `the port ${range} of ${host} is taken by another program`
      : `every port of ${range} is taken on ${host}: give a wider range, or start fewer workers on one machine`,
    { cause: taken },
  );
}
