/** `names` in the order of how few single-character edits separate each from `name`; equal ones in their order. */
export function closestNames(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate) }))
    .toSorted((left, right) => left.edits - right.edits)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance, one row at a time, without regard to case. */
function editDistance(from: string, to: string): number {
  const target = to.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [index, character] of Array.from(from.toLowerCase()).entries()) {
    const next = [index + 1];
    for (let column = 0; column < target.length; column += 1) {
      const replaced = (row[column] ?? 0) + (target[column] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[target.length] ?? 0;
}
