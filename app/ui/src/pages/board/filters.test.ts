import { describe, expect, it } from "vitest";
import { parseBoardSearch, possibleSorts, tasksFilter } from "./filters";

describe("the address of the board", () => {
  it("is the open tasks of everyone without filters", () => {
    expect(tasksFilter(parseBoardSearch({}))).toEqual({ status: "open" });
  });

  it("keeps what it knows and leaves out the rest", () => {
    const search = parseBoardSearch({ status: "lost", assignee: "me", q: 42, sort: "reward", other: "x" });
    expect(search).toEqual({ assignee: "me", q: "42", sort: "reward" });
  });

  it("asks only for an order that the program has", () => {
    expect(tasksFilter({ sort: "reward" })).toEqual({ status: "open" });
    expect(tasksFilter({ sort: "reward", assignee: "me" })).toEqual({
      status: "open",
      assignee: "me",
      sort: "reward",
    });
    expect(tasksFilter({ sort: "completed", status: "completed" }).sort).toBe("completed");
    expect(possibleSorts({ status: "all", assignee: "me" })).toEqual(["created"]);
  });
});
