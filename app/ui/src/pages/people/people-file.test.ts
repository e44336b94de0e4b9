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
        { line: 2, person: { email: "a@b.example", name: "A\r\nA", role: "worker" } },
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
    expect(read("email;name;role\na@b.example;A;worker")).toEqual({
      unreadable: "missing",
      missing: "email",
    });
    expect(read("email,name,role\n\n")).toEqual({ unreadable: "empty" });
    const many = `email,name,role${"\na@b.example,A,worker".repeat(ROWS_MAX + 1)}`;
    expect(read(many)).toEqual({ unreadable: "too_many" });
  });

  it("counts an address once, in any case of its letters", () => {
    const text = "email,name,role\na@b.example,A,worker\nA@B.example,Again,worker\n,X,worker\n,Y,worker";
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
