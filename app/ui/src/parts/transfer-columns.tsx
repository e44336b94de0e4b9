// The columns that several tables of ledger lines share.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Transfer } from "../api/queries";
import { Amount } from "./amount";
import type { Column } from "./data-table";
import { Moment } from "./moment";
import { TransferReason } from "./transfer-cells";

/** What a line is for, when it was booked, and its amount. */
export function useTransferColumns(): Column<Transfer>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "reason",
        header: t("transfer.reason"),
        card: "title",
        cell: (transfer) => <TransferReason transfer={transfer} />,
      },
      {
        id: "booked",
        header: t("transfer.booked_at"),
        width: 130,
        cell: ({ booked_at }) => <Moment at={booked_at} />,
      },
      {
        id: "amount",
        header: t("transfer.amount"),
        align: "right",
        width: 110,
        cell: ({ amount, kind }) => (
          <Amount of={amount} change={kind !== "payout"} neutral={kind === "payout"} />
        ),
      },
    ],
    [t],
  );
}

/** The lines of one wallet, with the balance after each of them. */
export function useWalletLineColumns(): Column<Transfer>[] {
  const { t } = useTranslation();
  const columns = useTransferColumns();
  return useMemo(
    () => [
      ...columns,
      {
        id: "balance",
        header: t("transfer.balance_after"),
        align: "right",
        width: 130,
        cell: ({ balance_after }) => <Amount of={balance_after} />,
      },
    ],
    [columns, t],
  );
}
