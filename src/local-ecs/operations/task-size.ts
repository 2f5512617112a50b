import { ServiceError } from "../errors.js";
import type { RequestReader } from "../validation.js";

/** Task-level `cpu`, a string: CPU units ("256") or vCPUs (".5 vCPU"). */
export function parseCpu(reader: RequestReader): number | undefined {
  return parseSize(reader, "cpu", /^(\d*\.?\d+)\s*(vcpu)?$/i, 1024);
}

/** Task-level `memory`, a string: MiB ("512") or GB ("1GB"). */
export function parseMemory(reader: RequestReader): number | undefined {
  return parseSize(reader, "memory", /^(\d*\.?\d+)\s*(gb)?$/i, 1024);
}

function parseSize(
  reader: RequestReader,
  member: "cpu" | "memory",
  pattern: RegExp,
  unit: number,
): number | undefined {
  const text = reader.string(member);
  if (text === undefined || text === "") return undefined;
  const [, digits, suffix] = pattern.exec(text.trim()) ?? [];
  const value = Number(digits) * (suffix === undefined ? 1 : unit);
  if (digits === undefined || !Number.isInteger(value) || value === 0) {
    const example = member === "cpu" ? `"256" or "0.25 vCPU"` : `"512" or "1 GB"`;
    throw new ServiceError(
      reader.invalid,
      `Invalid '${member}' setting for task: "${text}" is not a size such as ${example}.`,
    );
  }
  return value;
}
