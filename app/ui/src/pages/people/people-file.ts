// Reads a CSV file of people. The program checks the values; what the file itself breaks is found here.
import type Papa from "papaparse";
import { ROLES, type Role } from "../../api/admin";
import type { Schemas } from "../../api/client";

export type FileRow = { line: number; person: Schemas["NewPersonRow"] };
export type FileFault =
  | { line: number; fault: "quotes" | "columns" | "few_columns" | "unnamed_column" }
  | { line: number; fault: "role"; role: string }
  | { line: number; fault: "repeated"; first: number };
export type PeopleFile = {
  /** One row for each address. */
  rows: FileRow[];
  /** Number of rows that say the same as an earlier one. */
  repeated: number;
  faults: FileFault[];
  unusedColumns: string[];
};
export type UnreadableFile = {
  unreadable:
    | "encoding"
    | "empty"
    | "too_many"
    | "missing"
    | "twice"
    | "semicolons"
    | "tabs"
    | "vertical_bars";
  /** The column that is missing, or that appears twice. */
  missing?: string;
};

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

const SEPARATORS = [
  { separator: ";", unreadable: "semicolons" },
  { separator: "\t", unreadable: "tabs" },
  { separator: "|", unreadable: "vertical_bars" },
] as const;

type Line = { line: number; cells: string[]; isBroken: boolean };

/** The text with LF at the end of each line, of those in quotes too. */
const withLineFeeds = (text: string) => text.replace(/\r\n?/g, "\n");

/** Whether the row has a quote within a field that does not begin with one. The parser accepts it. */
function hasStrayQuote(row: string): boolean {
  const withoutQuoted = row.replace(/(^|[,\n])"(?:[^"]|"")*"(?=[,\n]|$)/g, "$1");
  return withoutQuoted.includes('"');
}

/** The rows with the line that an editor shows. A row without a value is left out. */
function linesOf(parser: typeof Papa, text: string): Line[] {
  const lines: Line[] = [];
  let begin = 0;
  let line = 1;
  parser.parse<string[]>(text, {
    delimiter: ",",
    newline: "\n",
    step: ({ data, errors, meta }) => {
      const row = text.slice(begin, meta.cursor);
      if (data.some((cell) => cell.trim() !== "")) {
        const isBroken = errors.length > 0 || hasStrayQuote(row);
        lines.push({ line, cells: data.map((cell) => cell.trim()), isBroken });
      }
      line += row.split("\n").length - 1;
      begin = meta.cursor;
    },
  });
  return lines;
}

/** Another character that separates the columns of the first line with a text. */
function otherSeparator(text: string): UnreadableFile | undefined {
  const head = text.split("\n").find((line) => line.trim() !== "") ?? "";
  const known = (separator: string) =>
    head.split(separator).filter((name) => {
      const plain = name.replaceAll('"', "").trim().toLowerCase();
      return REQUIRED.some((required) => required === plain);
    }).length;
  const found = SEPARATORS.find(({ separator }) => known(separator) > known(","));
  return found && { unreadable: found.unreadable };
}

/** What is wrong with the cells of a row below these names of columns. */
function faultOfCells(cells: readonly string[], names: readonly string[]) {
  const width = names.findLastIndex((name) => name !== "") + 1;
  if (cells.slice(names.length).some((extra) => extra !== "")) return "columns";
  if (cells.length < width) return "few_columns";
  if (cells.some((cell, place) => cell !== "" && names[place] === "")) return "unnamed_column";
  return undefined;
}

export function readPeople(parser: typeof Papa, content: string): PeopleFile | UnreadableFile {
  const text = withLineFeeds(content);
  const separated = otherSeparator(text);
  if (separated) return separated;
  const [head, ...lines] = linesOf(parser, text);
  if (!head || lines.length === 0) return { unreadable: "empty" };
  const names = head.cells.map((name) => name.toLowerCase());
  const twice = names.find((name, place) => name !== "" && names.indexOf(name) !== place);
  if (twice !== undefined) return { unreadable: "twice", missing: twice };
  const missing = REQUIRED.find((name) => !names.includes(name));
  if (missing) return { unreadable: "missing", missing };
  if (lines.length > ROWS_MAX) return { unreadable: "too_many" };
  const file: PeopleFile = {
    rows: [],
    repeated: 0,
    faults: [],
    unusedColumns: names.filter((name) => name !== "" && !REQUIRED.some((known) => known === name)),
  };
  const firstByAddress = new Map<string, FileRow>();
  for (const { line, cells, isBroken } of head.isBroken ? [head, ...lines] : lines) {
    const cell = (name: (typeof REQUIRED)[number]) => cells[names.indexOf(name)] ?? "";
    const [email, name, role] = [cell("email"), cell("name"), cell("role")];
    const known = ROLES.find((value) => value === role.toLowerCase()) as Role | undefined;
    const wrong = isBroken ? "quotes" : faultOfCells(cells, names);
    const first = firstByAddress.get(email.toLowerCase());
    if (wrong) file.faults.push({ line, fault: wrong });
    else if (!known) file.faults.push({ line, fault: "role", role });
    else if (first && (first.person.name !== name || first.person.role !== known))
      file.faults.push({ line, fault: "repeated", first: first.line });
    // Of an address that stands in two slices, a dry run would count both.
    else if (first) file.repeated += 1;
    else {
      const row = { line, person: { email, name, role: known } };
      if (email !== "") firstByAddress.set(email.toLowerCase(), row);
      file.rows.push(row);
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
