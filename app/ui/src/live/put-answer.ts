// The answer of a command goes into the cache at once.
import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Changes what is cached of one read. The answer is newer than any read that is under way, so such a
 * read is cancelled and begins again.
 */
export function putAnswer<Data>(
  queryClient: QueryClient,
  queryKey: QueryKey,
  change: (data: Data | undefined) => Data | undefined,
): void {
  const isUnderWay = queryClient.isFetching({ queryKey, exact: true }) > 0;
  void queryClient.cancelQueries({ queryKey, exact: true });
  queryClient.setQueryData<Data>(queryKey, change);
  if (isUnderWay) void queryClient.invalidateQueries({ queryKey, exact: true });
}
