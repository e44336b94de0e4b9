// The columns of a table of what the company earned on each day.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Money } from "../format/money";
import { Amount } from "./amount";
import type { Column } from "./data-table";
import { TextLink } from "./text-link";
import { useFormat } from "./use-format";

/** The earnings of a day, as the books and analytics have them. */
export type EarningsRow = {
  date: string;
  fees: Money;
  rewards: Money;
  reversed_fees: Money;
  reversed_rewards: Money;
  earned: Money;
};

export function useEarningsColumns(): Column<EarningsRow>[] {
  const { t } = useTranslation();
  const { day } = useFormat();
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
      { id: "fees", header: t("books.fees"), align: "right", cell: ({ fees }) => <Amount of={fees} /> },
      {
        id: "rewards",
        header: t("books.rewards"),
        align: "right",
        cell: ({ rewards }) => <Amount of={rewards} />,
      },
      {
        id: "reversed",
        header: t("books.reversed"),
        align: "right",
        cell: ({ reversed_fees, reversed_rewards }) => (
          <Amount
            of={{
              ...reversed_fees,
              amount_minor: reversed_rewards.amount_minor - reversed_fees.amount_minor,
            }}
            change
          />
        ),
      },
      {
        id: "earned",
        header: t("books.company_earned"),
        align: "right",
        cell: ({ earned }) => <Amount of={earned} change />,
      },
    ],
    [t, day],
  );
}
