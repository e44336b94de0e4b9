// The business days: the open one with what its close would pay, and the closed ones.
import { Badge, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { closePreviewQuery, type Day, dayQuery, daysQuery, isOfPreview } from "../../api/books";
import { api, dataOf, keyed } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMay } from "../../api/me";
import { OTHERS_REFETCH_MS } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { Boundary } from "../../parts/boundary";
import { Confirm } from "../../parts/confirm";
import { type Column, DataTable, ShowMore } from "../../parts/data-table";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";
import { DuePayouts } from "./due-payouts";

export function DaysPage() {
  const { t } = useTranslation();
  const query = useInfiniteQuery(daysQuery);
  const days = useRows(query);
  const open = days.find(({ status }) => status === "open");
  const columns = useDayColumns();
  return (
    <>
      <PageTitle title={t("books.days")} />
      <Loaded query={query} lines={8}>
        {() => (
          <Stack gap="xl">
            {open && (
              <Boundary>
                <OpenDay day={open} />
              </Boundary>
            )}
            <div>
              <DataTable
                label={t("books.days")}
                columns={columns}
                rows={days}
                rowKey={({ date }) => date}
                empty={<Text c="dimmed">{t("books.no_days")}</Text>}
              />
              <ShowMore shown={days.length} query={query} />
            </div>
          </Stack>
        )}
      </Loaded>
    </>
  );
}

export function DayStatus({ day }: { day: Day }) {
  const { t } = useTranslation();
  const isOpen = day.status === "open";
  return (
    <Badge color={isOpen ? "cyan" : "gray"} variant={isOpen ? "filled" : "outline"}>
      {t(isOpen ? "books.open" : "books.closed")}
    </Badge>
  );
}

function useDayColumns(): Column<Day>[] {
  const { t } = useTranslation();
  const { day, count } = useFormat();
  return useMemo(
    () => [
      {
        id: "day",
        header: t("wallet.day"),
        card: "title",
        cell: ({ date }) => (
          <TextLink to="/books/days/$date" params={{ date }} data-row-link>
            {day(date)}
          </TextLink>
        ),
      },
      { id: "status", header: t("board.status"), cell: (row) => <DayStatus day={row} /> },
      {
        id: "earned",
        header: t("books.company_earned"),
        align: "right",
        cell: ({ earnings }) => <Amount of={earnings.earned} change />,
      },
      {
        id: "payouts",
        header: t("books.people_paid"),
        align: "right",
        cell: ({ payouts }) => (payouts === null ? "–" : count(payouts)),
      },
      {
        id: "paid",
        header: t("wallet.paid"),
        align: "right",
        cell: ({ paid }) => (paid ? <Amount of={paid} /> : "–"),
      },
      {
        id: "debts",
        header: t("books.below_zero"),
        align: "right",
        cell: ({ wallets_below_zero }) => (wallets_below_zero === null ? "–" : count(wallets_below_zero)),
      },
    ],
    [t, day, count],
  );
}

function OpenDay({ day: { date } }: { day: Day }) {
  const { t } = useTranslation();
  const { day, count, money } = useFormat();
  const mayClose = useMay("close_days");
  const [isOpen, { open, close }] = useDisclosure();
  const preview = useQuery({
    ...closePreviewQuery(date),
    enabled: mayClose,
    // The sum on the button does not change while it is read.
    refetchInterval: isOpen ? false : OTHERS_REFETCH_MS,
  });
  const queryClient = useQueryClient();
  const closing = useCommand<Day>({
    send: (_, key) =>
      dataOf(api.POST("/api/v1/days/{date}/close", { params: { path: { date }, ...keyed(key) } })),
    onSuccess: (closed) => {
      queryClient.setQueryData(dayQuery(date).queryKey, closed);
      // The closed day has no preview any more.
      void queryClient.invalidateQueries({
        queryKey: ["books"],
        predicate: ({ queryKey }) => !isOfPreview(queryKey),
      });
      close();
      notifications.show({
        color: "green",
        title: t("books.day_closed", { day: day(date) }),
        message: closed.paid ? t("books.day_paid", { amount: money(closed.paid) }) : "",
      });
    },
  });
  if (!mayClose) return null;
  return (
    <Paper withBorder p="md" maw={640} component="section" aria-labelledby="open-day">
      <Title order={2} id="open-day" mb="sm">
        {t("books.open_day", { day: day(date, "long") })}
      </Title>
      <Loaded query={preview} lines={2}>
        {({ payouts, paid }) => {
          const sum = { count: payouts, number: count(payouts), amount: money(paid), day: day(date, "long") };
          return (
            <Stack gap="sm">
              <Group gap="xl">
                <Figure name={t("books.would_pay")}>
                  <Amount of={paid} />
                </Figure>
                <Figure name={t("books.would_be_paid")}>{count(payouts)}</Figure>
              </Group>
              <Text size="sm">{t("books.closes_itself")}</Text>
              <DuePayouts date={date} />
              <Group>
                <Button
                  variant="default"
                  onClick={() => {
                    closing.reset();
                    void preview.refetch();
                    open();
                  }}
                >
                  {t("books.close_now")}
                </Button>
              </Group>
              <Confirm
                opened={isOpen}
                title={t("books.close_title", sum)}
                action={t("books.close_confirm", sum)}
                isDangerous
                isPending={closing.isPending}
                isDisabled={preview.isFetching}
                error={closing.error}
                onConfirm={() => closing.mutate()}
                onClose={close}
              >
                <Text size="sm">{t("books.close_text", sum)}</Text>
              </Confirm>
            </Stack>
          );
        }}
      </Loaded>
    </Paper>
  );
}
