import { parseArgs } from "node:util";
import { deserialize, serialize } from "node:v8";
import { Packr } from "msgpackr";
import { Decoder, Encoder } from "#dist/protocol/codec.js";

interface Encoded {
  readonly body: Uint8Array;
  readonly segments: readonly Uint8Array[];
}

/** One way to turn a value into bytes and back. */
interface Contender {
  readonly name: string;
  readonly encode: (value: unknown) => Encoded;
  readonly decode: (encoded: Encoded) => unknown;
}

const inOnePiece = (body: Uint8Array): Encoded => ({ body, segments: [] });

/** As if it had been received: in memory of its own. */
const received = ({ body, segments }: Encoded): Encoded => ({
  body: Buffer.from(body),
  segments: segments.map((segment) => Uint8Array.from(segment)),
});

interface Workload {
  readonly name: string;
  readonly value: unknown;
  /** Encodings per measurement, so that one takes some ten milliseconds. */
  readonly repeats: number;
}

const encoder = new Encoder();
const decoder = new Decoder();
const packr = new Packr({ structuredClone: false, useRecords: true, moreTypes: true });

const contenders: readonly Contender[] = [
  {
    name: "rollcall",
    encode: (value) => encoder.encode(value),
    decode: ({ body, segments }) => decoder.decode(body, segments),
  },
  {
    name: "msgpackr-records",
    encode: (value) => inOnePiece(packr.pack(value)),
    decode: ({ body }) => packr.unpack(body) as unknown,
  },
  {
    name: "v8.serialize",
    encode: (value) => inOnePiece(serialize(value)),
    decode: ({ body }) => deserialize(body) as unknown,
  },
  {
    name: "JSON",
    encode: (value) => inOnePiece(Buffer.from(JSON.stringify(value))),
    decode: ({ body }) => JSON.parse((body as Buffer).toString()) as unknown,
  },
];

const smallObjects = (): object[] =>
  Array.from({ length: 1_000 }, (_, id) => ({ id, name: `item ${id}`, x: id + 0.5, done: id % 2 === 0 }));

/** Other shapes, decoded between the measured ones: a real program's call sites see many. */
const otherShapes = Array.from({ length: 40 }, (_, shape) =>
  Object.fromEntries(Array.from({ length: 5 }, (_, key) => [`field${shape}_${key}`, key])),
);

const workloads: readonly Workload[] = [
  { name: "small call", value: [17, { id: 1, name: "abc", x: 1.5 }], repeats: 50_000 },
  { name: "1,000 small objects", value: smallObjects(), repeats: 100 },
  {
    name: "10,000 doubles in an array",
    value: Array.from({ length: 10_000 }, (_, n) => n + 0.5),
    repeats: 50,
  },
  { name: "10 MB Float64Array", value: new Float64Array(1_310_720).fill(1.5), repeats: 4 },
];

function nanosecondsEach(repeats: number, run: () => unknown): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < repeats; index++) run();
  return Number(process.hrtime.bigint() - start) / repeats;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

interface Row {
  readonly workload: string;
  readonly codec: string;
  readonly encodeNs: number;
  readonly decodeNs: number;
  /** Against msgpackr with records in the same run. */
  readonly encodeRatio: number;
  readonly decodeRatio: number;
}

function measure(workload: Workload, rounds: number): Row[] {
  const times = contenders.map(() => ({ encode: [] as number[], decode: [] as number[] }));
  // The first round only warms up.
  for (let round = -1; round < rounds; round++) {
    contenders.forEach(({ encode, decode }, index) => {
      for (const other of otherShapes) decode(encode(other));
      const encoded = encode(workload.value);
      const held = received(encoded);
      const encodeNs = nanosecondsEach(workload.repeats, () => encode(workload.value));
      const decodeNs = nanosecondsEach(workload.repeats, () => decode(held));
      if (round < 0) return;
      times[index]?.encode.push(encodeNs);
      times[index]?.decode.push(decodeNs);
    });
  }
  const medians = times.map(({ encode, decode }) => ({ encode: median(encode), decode: median(decode) }));
  const anchor = medians[1] ?? { encode: Number.NaN, decode: Number.NaN };
  return contenders.map(({ name }, index) => {
    const own = medians[index] ?? { encode: Number.NaN, decode: Number.NaN };
    return {
      workload: workload.name,
      codec: name,
      encodeNs: own.encode,
      decodeNs: own.decode,
      encodeRatio: own.encode / anchor.encode,
      decodeRatio: own.decode / anchor.decode,
    };
  });
}

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "9" } },
});
const rows = workloads.flatMap((workload) => measure(workload, Number(options.rounds)));
if (options.json) console.log(JSON.stringify(rows, undefined, 2));
else {
  console.log(
    `Node ${process.version}, medians of ${options.rounds} interleaved rounds, ratios to msgpackr-records`,
  );
  for (const row of rows) {
    const encode = `${row.encodeNs.toFixed(0).padStart(10)} ns (${row.encodeRatio.toFixed(2)})`;
    const decode = `${row.decodeNs.toFixed(0).padStart(10)} ns (${row.decodeRatio.toFixed(2)})`;
    console.log(`${row.workload.padEnd(28)}${row.codec.padEnd(18)} encode ${encode}   decode ${decode}`);
  }
}
