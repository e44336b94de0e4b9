// Whom the close of the open day would pay, and how much. Read when it is asked for.
import { Box, Button, Collapse, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { duePayoutsQuery } from "../../api/books";
import type { Schemas } from "../../api/client";
import { Amount } from "../../parts/amount";
import type { Column } from "../../parts/data-table";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { TextLink } from "../../parts/text-link";

type DuePayout = Schemas["DuePayout"];

export function DuePayouts({ date }: { date: string }) {
  const { t } = useTranslation();
  const [isOpen, { toggle }] = useDisclosure();
  return (
    <Box>
      <Button size="compact-sm" variant="subtle" ml={-8} mih={24} onClick={toggle} aria-expanded={isOpen}>
        {t("books.due_people")}
      </Button>
      <Collapse expanded={isOpen}>{isOpen && <People date={date} />}</Collapse>
    </Box>
  );
}

function People({ date }: { date: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(duePayoutsQuery(date));
  const rows = useRows(query);
  const columns = useMemo<Column<DuePayout>[]>(
    () => [
      {
        id: "person",
        header: t("books.person"),
        card: "title",
        cell: ({ person }) => (
          <TextLink to="/books/wallets/$personId" params={{ personId: person.id }} size="sm" data-row-link>
            <Person {...person} />
          </TextLink>
        ),
      },
      {
        id: "amount",
        header: t("transfer.amount"),
        align: "right",
        cell: ({ amount }) => <Amount of={amount} />,
      },
    ],
    [t],
  );
  return (
    <PagedTable
      query={query}
      lines={3}
      label={t("books.due_people")}
      columns={columns}
      rows={rows}
      rowKey={({ person }) => person.id}
      empty={<Text c="dimmed">{t("books.due_none")}</Text>}
    />
  );
}
