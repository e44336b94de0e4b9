// All rows of a list as a CSV file, with the filters of the list.
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { textOf } from "../api/client";
import { useCommand } from "../api/command";
import { problemText } from "./problem-text";

export const AS_CSV = { headers: { Accept: "text/csv" }, parseAs: "text" } as const;

export function CsvButton({
  name,
  read,
}: {
  name: string;
  read: () => Promise<{ data?: unknown; error?: unknown; response: Response }>;
}) {
  const { t } = useTranslation();
  const { mutate, isPending } = useCommand({
    send: () => textOf(read()),
    onSuccess: (text) => {
      const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
      const link = Object.assign(document.createElement("a"), { href: address, download: `${name}.csv` });
      link.click();
      URL.revokeObjectURL(address);
    },
    onError: (error) =>
      notifications.show({ color: "red", title: t("csv.failed"), message: problemText(t, error) }),
  });
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<Download size={14} aria-hidden />}
      loading={isPending}
      onClick={() => mutate()}
    >
      {t("csv.download")}
    </Button>
  );
}
