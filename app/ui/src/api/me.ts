import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "./client";
import { may, type Permission } from "./permissions";

export type Me = Schemas["MeView"];

/** The person with the version that an update has to name. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => answerOf(api.GET("/api/v1/me", { signal })),
  staleTime: 60_000,
});

/** The person who is signed in. Only below the shell, which has loaded it. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data.data;
}

export function useMay(permission: Permission): boolean {
  return may(useMe(), permission);
}
