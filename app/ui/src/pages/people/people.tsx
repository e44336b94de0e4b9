// Everyone who may work here.
import { Badge, Button, Group, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { FileUp, Search, UserPlus } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ListedPerson, type PeopleFilter, peopleQuery, ROLES, type Role } from "../../api/admin";
import type { Column } from "../../parts/data-table";
import { Filters } from "../../parts/filters";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { AddPerson } from "./add-person";
import { ImportPeople } from "./import-people";

export function PeoplePage() {
  const { t } = useTranslation();
  const [isOpen, { open, close }] = useDisclosure();
  const [isImporting, importing] = useDisclosure();
  return (
    <>
      <PageTitle title={t("nav.people")}>
        <Button variant="default" leftSection={<FileUp size={16} aria-hidden />} onClick={importing.open}>
          {t("people.import")}
        </Button>
        <Button leftSection={<UserPlus size={16} aria-hidden />} onClick={open}>
          {t("people.add")}
        </Button>
      </PageTitle>
      <SearchAndFilters />
      <People />
      <AddPerson opened={isOpen} onClose={close} />
      <ImportPeople opened={isImporting} onClose={importing.close} />
    </>
  );
}

function SearchAndFilters() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/people" });
  const navigate = useNavigate({ from: "/people" });
  const change = (change: { [K in keyof PeopleFilter]: PeopleFilter[K] | undefined }) =>
    void navigate({
      search: Object.fromEntries(
        Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined),
      ),
      replace: true,
      resetScroll: false,
    });
  const [typed, setTyped] = useState(filter.q ?? "");
  useEffect(() => setTyped(filter.q ?? ""), [filter.q]);
  const find = useDebouncedCallback((q: string) => change({ q: q.trim() || undefined }), 300);
  return (
    <Group gap="xs" mb="md" align="flex-end" role="search" aria-label={t("nav.people")}>
      <TextInput
        type="search"
        label={t("board.search")}
        placeholder={t("people.search_hint")}
        leftSection={<Search size={16} aria-hidden />}
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          find(event.currentTarget.value);
        }}
        data-search
        style={{ flex: "1 1 200px" }}
      />
      <Filters values={[filter.role, filter.active]}>
        <Select
          label={t("people.role")}
          data={[
            { value: "", label: t("people.every_role") },
            ...ROLES.map((value) => ({ value, label: t(`roles.${value}`) })),
          ]}
          value={filter.role ?? ""}
          allowDeselect={false}
          onChange={(role) => change({ role: (role || undefined) as Role | undefined })}
          style={{ flex: "1 1 140px" }}
          maw={{ sm: 220 }}
        />
        <Select
          label={t("board.status")}
          data={[
            { value: "", label: t("board.all") },
            { value: "true", label: t("people.active") },
            { value: "false", label: t("people.inactive") },
          ]}
          value={filter.active === undefined ? "" : String(filter.active)}
          allowDeselect={false}
          onChange={(active) => change({ active: active ? active === "true" : undefined })}
          style={{ flex: "1 1 140px" }}
          maw={{ sm: 220 }}
        />
      </Filters>
    </Group>
  );
}

function People() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/people" });
  const query = useInfiniteQuery(peopleQuery(filter));
  const rows = useRows(query);
  const columns = useMemo<Column<ListedPerson>[]>(
    () => [
      {
        id: "name",
        header: t("set_password.name"),
        card: "title",
        cell: ({ id, name }) => (
          <TextLink to="/people/$personId" params={{ personId: id }} data-row-link>
            {name}
          </TextLink>
        ),
      },
      {
        id: "email",
        header: t("sign_in.email"),
        cell: ({ email }) => <span style={{ overflowWrap: "anywhere" }}>{email}</span>,
      },
      { id: "role", header: t("people.role"), cell: ({ role }) => t(`roles.${role}`) },
      { id: "status", header: t("board.status"), cell: ({ active }) => <Activity active={active} /> },
    ],
    [t],
  );
  return (
    <PagedTable
      query={query}
      lines={8}
      label={t("nav.people")}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      empty={<Text c="dimmed">{t("person.not_found")}</Text>}
    />
  );
}

export function Activity({ active }: { active: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge color={active ? "cyan" : "gray"} variant={active ? "light" : "outline"}>
      {t(active ? "people.active" : "people.inactive")}
    </Badge>
  );
}
