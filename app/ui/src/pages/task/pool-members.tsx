// The people who were in the pool of a draw, in the order of their places.
import { Box, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, dataOf, type Schemas } from "../../api/client";
import { page, paged } from "../../api/queries";
import { drawnPlace } from "../../format/draw";
import { MoreButton } from "../../parts/data-table";
import { Loaded } from "../../parts/loaded";
import { Person } from "../../parts/person";
import { useFormat } from "../../parts/use-format";

export function PoolMembers({ draw }: { draw: Schemas["DrawView"] }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const id = draw.pool_id;
  const query = useInfiniteQuery({
    queryKey: ["pools", id],
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET("/api/v1/pools/{id}", { params: { path: { id }, query: page(pageParam) }, signal })),
    ...paged,
    // A pool never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const drawn = drawnPlace(draw.seed, draw.index, draw.pool_size);
  return (
    <Loaded query={query} lines={2}>
      {({ pages }) => (
        <Stack gap={4}>
          <Text size="sm" fw={500}>
            {t("task.pool")}
          </Text>
          <Box component="ol" m={0} p={0} fz="sm" style={{ listStyle: "none", columnWidth: "14rem" }}>
            {pages
              .flatMap(({ items }) => items)
              .map(({ place, person }) => (
                <Text component="li" size="sm" key={place} fw={place === drawn ? 600 : 400}>
                  {count(place + 1)}. <Person {...person} />
                  {place === drawn && ` (${t("task.pool_drawn")})`}
                </Text>
              ))}
          </Box>
          <Box>
            <MoreButton query={query} />
          </Box>
        </Stack>
      )}
    </Loaded>
  );
}
