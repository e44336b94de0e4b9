import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { decode, ROWS_MAX, readPeople, SLICE_MAX, slicesOf } from "./people-file";

const read = (text: string) => readPeople(Papa, text);
const bytes = (...values: number[]) => new Uint8Array(values).buffer;

describe("a file of people", () => {
  it("has the lines that an editor shows", () => {
    const text = 'email,name,role\r\na@b.example,"A\r\nA",worker\r\n\r\n,,\r\nc@d.example,C,Admin\r\n';
    expect(read(text)).toEqual({
      rows: [
        { line: 2, person: { email: "a@b.example", name: "A\nA", role: "worker" } },
        { line: 6, person: { email: "c@d.example", name: "C", role: "admin" } },
      ],
      repeated: 0,
      faults: [],
      unusedColumns: [],
    });
  });

  it("may have its columns in any order, and others", () => {
    expect(read("Role,phone,Name,Email\nworker,1,A,a@b.example")).toEqual({
      rows: [{ line: 2, person: { email: "a@b.example", name: "A", role: "worker" } }],
      repeated: 0,
      faults: [],
      unusedColumns: ["phone"],
    });
  });

  it("names the lines that cannot be read", () => {
    const text = 'email,name,role\na@b.example,A,boss\nb@c.example,B,worker,more\nd@e.example,"D,worker';
    expect(read(text)).toEqual({
      rows: [],
      repeated: 0,
      faults: [
        { line: 2, fault: "role", role: "boss" },
        { line: 3, fault: "columns" },
        { line: 4, fault: "quotes" },
      ],
      unusedColumns: [],
    });
  });

  it("is refused as a whole without a column, without rows, and with too many", () => {
    expect(read("email,name\na@b.example,A")).toEqual({ unreadable: "missing", missing: "role" });
    expect(read("email,name,role\n\n")).toEqual({ unreadable: "empty" });
    const many = `email,name,role${"\na@b.example,A,worker".repeat(ROWS_MAX + 1)}`;
    expect(read(many)).toEqual({ unreadable: "too_many" });
  });

  it("is refused if a column appears twice, or if something else than commas separates the columns", () => {
    expect(read("email,name,role,Email\na@b.example,A,worker,c@d.example")).toEqual({
      unreadable: "twice",
      missing: "email",
    });
    expect(read('\n"email";"name";"role"\na@b.example;A;worker')).toEqual({ unreadable: "semicolons" });
    expect(read("email\tname\trole\na@b.example\tA\tworker")).toEqual({ unreadable: "tabs" });
    expect(read("email|name|role\na@b.example|A|worker")).toEqual({ unreadable: "vertical_bars" });
  });

  it("names the lines with a value in a column without a name, and those with too few cells", () => {
    expect(read("email,,name,role,\na@b.example,x,A,worker,\nb@c.example,,B,worker\nc@d.example,,C")).toEqual(
      {
        rows: [{ line: 3, person: { email: "b@c.example", name: "B", role: "worker" } }],
        repeated: 0,
        faults: [
          { line: 2, fault: "unnamed_column" },
          { line: 4, fault: "few_columns" },
        ],
        unusedColumns: [],
      },
    );
  });

  it("names the lines with text after a closing quote, or with a quote inside a field", () => {
    const rows = ['c@d.example,"a ""C""",worker', 'b@c.example,5" pipe,worker', 'a@b.example,"A" B,worker'];
    expect(read(`email,name,role\n${rows.join("\n")}`)).toMatchObject({
      rows: [{ line: 2, person: { name: 'a "C"' } }],
      faults: [
        { line: 3, fault: "quotes" },
        { line: 4, fault: "quotes" },
      ],
    });
  });

  it("may have lines that end in any way, also in different ways", () => {
    const rows = [
      { line: 2, person: { email: "a@b.example", name: "A", role: "worker" } },
      { line: 3, person: { email: "b@c.example", name: "B", role: "admin" } },
    ];
    for (const text of [
      "email,name,role\ra@b.example,A,worker\rb@c.example,B,admin\r",
      "email,name,role\na@b.example,A,worker\r\nb@c.example,B,admin\n",
      "email,name,role\r\na@b.example,A,worker\rb@c.example,B,admin",
    ]) {
      expect(read(text)).toEqual({ rows, repeated: 0, faults: [], unusedColumns: [] });
    }
    const quoted = 'email,name,role\na@b.example,"A\r\nA",worker\nb@c.example,B,admin\n';
    expect(read(quoted)).toMatchObject({ rows: [{ line: 2 }, { line: 4 }], faults: [] });
  });

  it("names the lines that say something else of an address than an earlier one", () => {
    const lines = [
      "a@b.example,A,worker",
      "A@b.example,A,worker",
      "a@b.example,A,admin",
      "a@b.example,B,worker",
    ];
    expect(read(`email,name,role\n${lines.join("\n")}`)).toMatchObject({
      rows: [{ line: 2 }],
      repeated: 1,
      faults: [
        { line: 4, fault: "repeated", first: 2 },
        { line: 5, fault: "repeated", first: 2 },
      ],
    });
  });

  it("counts an address once, in any case of its letters", () => {
    const text = "email,name,role\na@b.example,A,worker\nA@B.example,A,worker\n,X,worker\n,Y,worker";
    const file = read(text);
    expect(file).toMatchObject({ repeated: 1, faults: [] });
    // Without an address, each row is shown to be wrong.
    expect("rows" in file && file.rows.map(({ line }) => line)).toEqual([2, 4, 5]);
  });

  it("is sent in slices that the program takes", () => {
    const row = (line: number) => ({
      line,
      person: { email: `a${line}@b.example`, name: "A", role: "worker" as const },
    });
    const rows = Array.from({ length: SLICE_MAX * 2 + 1 }, (_, index) => row(index + 2));
    const slices = slicesOf(rows);
    expect(slices.map(({ length }) => length)).toEqual([SLICE_MAX, SLICE_MAX, 1]);
    expect(slices.flat()).toEqual(rows);
  });

  it("is UTF-8, or UTF-16 with a mark", () => {
    expect(decode(bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa9))).toBe("é");
    expect(decode(bytes(0xff, 0xfe, 0xe9, 0x00))).toBe("é");
    expect(decode(bytes(0xfe, 0xff, 0x00, 0xe9))).toBe("é");
    expect(decode(bytes(0x61, 0xe9))).toBeNull();
  });
});
