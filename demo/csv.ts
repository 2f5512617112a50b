/**
 * The rows of a CSV text (RFC 4180): fields may be quoted, a quote inside a quoted field is doubled, and a quoted
 * field may hold commas and line ends. Lines end with LF or CRLF; an empty line is no row.
 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  // One field and what ends it; the y flag makes a match begin exactly where the last one ended.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new SyntaxError(`CSV: a stray quote in row ${rows.length + 1}, at character ${at}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === ",") continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push([...row, ""]);
  return rows;
}
