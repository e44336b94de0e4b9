// Which kind of lines a wallet shows.
import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";

export const TRANSFER_KINDS = ["assignment_fee", "completion_reward", "payout", "correction"] as const;
export type TransferKind = (typeof TRANSFER_KINDS)[number];

type Props = { kind: TransferKind | undefined; onChange: (kind: TransferKind | undefined) => void };

export function TransferKindSelect({ kind, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <Select
      size="xs"
      aria-label={t("wallet.kind")}
      data={[
        { value: "", label: t("wallet.every_kind") },
        ...TRANSFER_KINDS.map((value) => ({ value, label: t(`transfer.${value}`) })),
      ]}
      value={kind ?? ""}
      allowDeselect={false}
      onChange={(value) => onChange(TRANSFER_KINDS.find((known) => known === value))}
    />
  );
}
