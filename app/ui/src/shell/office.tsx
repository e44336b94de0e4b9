// Loads the pages that not everybody may see: when a person who may see one signs in, so that they are
// there when the connection is lost.
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Me } from "../api/me";
import { Loaded } from "../parts/loaded";
import { EVERYONES, pagesOf } from "./navigation";

type Office = typeof import("../pages/office");

export const officeQuery = queryOptions({
  queryKey: ["office"],
  queryFn: (): Promise<Office> => import("../pages/office"),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  networkMode: "always",
  structuralSharing: false,
});

export const needsOffice = (me: Me) =>
  pagesOf(me).some(({ permission }) => !EVERYONES.some((known) => known === permission));

/** A page of the office; a skeleton or an error while it is not there. */
export function OfficePage({ name }: { name: keyof Office }) {
  const query = useQuery(officeQuery);
  return (
    <Loaded query={query} lines={8}>
      {(pages) => {
        const Page = pages[name];
        return <Page />;
      }}
    </Loaded>
  );
}
