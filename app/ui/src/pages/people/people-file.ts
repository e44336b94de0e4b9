// Reads a CSV file of people. The program checks the values; what the file itself breaks is found here.
import type Papa from "papaparse";
import { ROLES, type Role } from "../../api/admin";
import type { Schemas } from "../../api/client";

export type FileRow = { line: number; person: Schemas["NewPersonRow"] };
export type FileFault =
  | { line: number; fault: "quotes" | "columns" }
  | { line: number; fault: "role"; role: string };
export type PeopleFile = {
  /** One row for each address. */
  rows: FileRow[];
  /** Number of rows whose address an earlier row has. */
  repeated: number;
  faults: FileFault[];
  unusedColumns: string[];
};
export type UnreadableFile = { unreadable: "encoding" | "empty" | "too_many" | "missing"; missing?: string };

/** The most rows of a file. Larger ones are imported on the command line. */
export const ROWS_MAX = 20_000;
/** The most people that the program takes at once. */
export const SLICE_MAX = 500;
const REQUIRED = ["email", "name", "role"] as const;

/** The text of a file in UTF-8, or in UTF-16 with a byte order mark; null if it is neither. */
export function decode(bytes: ArrayBuffer): string | null {
  const [first, second] = new Uint8Array(bytes);
  const mark = `${first},${second}`;
  const encoding = mark === "255,254" ? "utf-16le" : mark === "254,255" ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

type Line = { line: number; cells: string[]; isBroken: boolean };

/** The rows with the line that an editor shows. Empty rows are none. */
function linesOf(parser: typeof Papa, text: string): Line[] {
  const lines: Line[] = [];
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  let begin = 0;
  let line = 1;
  parser.parse<string[]>(text, {
    delimiter: ",",
    newline,
    step: ({ data, errors, meta }) => {
      if (data.some((cell) => cell.trim() !== "")) {
        lines.push({ line, cells: data.map((cell) => cell.trim()), isBroken: errors.length > 0 });
      }
      line += text.slice(begin, meta.cursor).split("\n").length - 1;
      begin = meta.cursor;
    },
  });
  return lines;
}

export function readPeople(parser: typeof Papa, text: string): PeopleFile | UnreadableFile {
  const [head, ...lines] = linesOf(parser, text);
  if (!head || lines.length === 0) return { unreadable: "empty" };
  const names = head.cells.map((name) => name.toLowerCase());
  const missing = REQUIRED.find((name) => !names.includes(name));
  if (missing) return { unreadable: "missing", missing };
  if (lines.length > ROWS_MAX) return { unreadable: "too_many" };
  const file: PeopleFile = {
    rows: [],
    repeated: 0,
    faults: [],
    unusedColumns: names.filter((name) => name !== "" && !REQUIRED.some((known) => known === name)),
  };
  const addresses = new Set<string>();
  for (const { line, cells, isBroken } of lines) {
    const cell = (name: (typeof REQUIRED)[number]) => cells[names.indexOf(name)] ?? "";
    const role = cell("role");
    const known = ROLES.find((value) => value === role.toLowerCase()) as Role | undefined;
    if (isBroken) file.faults.push({ line, fault: "quotes" });
    else if (cells.slice(names.length).some((extra) => extra !== ""))
      file.faults.push({ line, fault: "columns" });
    else if (!known) file.faults.push({ line, fault: "role", role });
    // Of an address that stands in two slices, a dry run would count both.
    else if (addresses.has(cell("email").toLowerCase())) file.repeated += 1;
    else {
      if (cell("email")) addresses.add(cell("email").toLowerCase());
      file.rows.push({ line, person: { email: cell("email"), name: cell("name"), role: known } });
    }
  }
  return file;
}

/** The rows as the program takes them: in slices. */
export function slicesOf(rows: readonly FileRow[]): FileRow[][] {
  const slices = [];
  for (let begin = 0; begin < rows.length; begin += SLICE_MAX)
    slices.push(rows.slice(begin, begin + SLICE_MAX));
  return slices;
}
