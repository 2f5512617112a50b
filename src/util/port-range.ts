/** Ports, both ends included. From 0 to 0: any free one. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export const ANY_PORT: PortRange = { from: 0, to: 0 };

/** `7000` or `7000-7099`; undefined if the text is neither, or holds no port there is. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const from = Number(match[1]);
  const range = { from, to: Number(match[2] ?? from) };
  return isPortRange(range) ? range : undefined;
}

/** The reverse of `parsePortRange`. */
export function formatPortRange({ from, to }: PortRange): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

/** A range of ports that begins at 0 would be two things at once. */
export function isPortRange({ from, to }: PortRange): boolean {
  if (!Number.isInteger(from) || !Number.isInteger(to)) return false;
  return from >= (to === 0 ? 0 : 1) && from <= to && to <= 65_535;
}

/** All ports of the range, each once, from the nth on. */
export function* portsFrom({ from, to }: PortRange, start: number): Generator<number, void, undefined> {
  const count = to - from + 1;
  for (let index = 0; index < count; index++) yield from + ((start + index) % count);
}
