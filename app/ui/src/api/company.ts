// What everyone who is signed in may know of the company.
import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type Company = Pick<Schemas["Company"], "time_zone"> & {
  /** The open business day; null until the program has said it. */
  business_day: string | null;
};

export const DEFAULT_COMPANY: Company = { time_zone: "UTC", business_day: null };

export const companyQuery = queryOptions({
  queryKey: ["company"],
  queryFn: ({ signal }): Promise<Company> => dataOf(api.GET("/api/v1/company", { signal })),
  staleTime: 60_000,
});
