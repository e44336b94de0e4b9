// One business day: what the company earned, who was paid, and every line behind these figures.
import { Grid, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Day, type DayEarnings, dayQuery } from "../../api/books";
import { Amount } from "../../parts/amount";
import { Boundary } from "../../parts/boundary";
import { Fact } from "../../parts/fact";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { Person } from "../../parts/person";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";
import { DayLines } from "./day-lines";
import { DayStatus } from "./days";
import { PayoutsTable } from "./payouts";

export function DayPage() {
  const { t } = useTranslation();
  const { day } = useFormat();
  const { date } = useParams({ from: "/shell/books/days/$date" });
  const query = useQuery(dayQuery(date));
  return (
    <>
      <TextLink to="/books/days">{t("books.all_days")}</TextLink>
      <PageTitle title={day(date, "long")} />
      <Loaded query={query} lines={5}>
        {(loaded) => (
          <Stack gap="xl">
            <Grid gap="lg">
              <Grid.Col span={{ base: 12, sm: 6 }}>
                <Close day={loaded} />
              </Grid.Col>
              <Grid.Col span={{ base: 12, sm: 6 }}>
                <Earnings earnings={loaded.earnings} />
              </Grid.Col>
            </Grid>
            {loaded.status === "closed" && (
              <section aria-labelledby="payouts">
                <Title order={2} id="payouts" mb="sm">
                  {t("books.payouts")}
                </Title>
                <Boundary>
                  <PayoutsTable filter={{ from: date, to: date }} />
                </Boundary>
              </section>
            )}
            <Boundary>
              <DayLines date={date} />
            </Boundary>
          </Stack>
        )}
      </Loaded>
    </>
  );
}

function Close({ day }: { day: Day }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <DayStatus day={day} />
        <Fact name={t("books.opened_at")}>
          <Moment at={day.opened_at} />
        </Fact>
        {day.closed_at && (
          <>
            <Fact name={t("books.closed_at")}>
              <Moment at={day.closed_at} />
            </Fact>
            <Fact name={t("books.closed_by")}>
              {day.closed_by ? <Person {...day.closed_by} /> : t("reassign.by_system")}
            </Fact>
          </>
        )}
        {day.payouts !== null && <Fact name={t("books.people_paid")}>{count(day.payouts)}</Fact>}
        {day.paid && (
          <Fact name={t("wallet.paid")}>
            <Amount of={day.paid} />
          </Fact>
        )}
        {day.wallets_below_zero !== null && (
          <Fact name={t("books.below_zero")}>{count(day.wallets_below_zero)}</Fact>
        )}
      </Stack>
    </Paper>
  );
}

function Earnings({ earnings }: { earnings: DayEarnings }) {
  const { t } = useTranslation();
  const parts = [
    ["books.fees", earnings.fees],
    ["books.rewards", earnings.rewards],
    ["books.reversed_fees", earnings.reversed_fees],
    ["books.reversed_rewards", earnings.reversed_rewards],
  ] as const;
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        {parts.map(([name, amount]) => (
          <Fact key={name} name={t(name)}>
            <Amount of={amount} />
          </Fact>
        ))}
        <Fact name={t("books.company_earned")}>
          <Text span fw={600}>
            <Amount of={earnings.earned} change />
          </Text>
        </Fact>
      </Stack>
    </Paper>
  );
}
