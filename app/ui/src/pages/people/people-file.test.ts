import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { decode, ROWS_MAX, readPeople } from "./people-file";

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
      faults: [],
      unusedColumns: [],
    });
  });

  it("may have its columns in any order, and others", () => {
    expect(read("Role,phone,Name,Email\nworker,1,A,a@b.example")).toEqual({
      rows: [{ line: 2, person: { email: "a@b.example", name: "A", role: "worker" } }],
      faults: [],
      unusedColumns: ["phone"],
    });
  });

  it("names the lines that cannot be read", () => {
    const text = 'email,name,role\na@b.example,A,boss\nb@c.example,B,worker,more\nd@e.example,"D,worker';
    expect(read(text)).toEqual({
      rows: [],
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

  it("is UTF-8, or UTF-16 with a mark", () => {
    expect(decode(bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa9))).toBe("é");
    expect(decode(bytes(0xff, 0xfe, 0xe9, 0x00))).toBe("é");
    expect(decode(bytes(0xfe, 0xff, 0x00, 0xe9))).toBe("é");
    expect(decode(bytes(0x61, 0xe9))).toBeNull();
  });
});
