// Who did what, when and from where.
import { Group, Select, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { AUDIT_ACTIONS, type AuditAction, type AuditFilter, auditQuery } from "../../api/admin";
import type { Schemas } from "../../api/client";
import type { Column } from "../../parts/data-table";
import { DayRange } from "../../parts/day-range";
import { Filters } from "../../parts/filters";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { PersonSelect } from "../../parts/person-select";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";
import { detailsOf } from "./audit-details";

type AuditRecord = Schemas["AuditRecordView"];

export function AuditPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/system/audit" });
  const navigate = useNavigate({ from: "/system/audit" });
  const change = (change: { [K in keyof AuditFilter]: AuditFilter[K] | undefined }) =>
    void navigate({
      search: Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    });
  const { companyZone: zone } = useFormat();
  const query = useInfiniteQuery(auditQuery(filter, zone));
  const rows = useRows(query);
  const columns = useMemo<Column<AuditRecord>[]>(
    () => [
      {
        id: "what",
        header: t("audit.what"),
        card: "title",
        cell: ({ action }) => t(`audit.actions.${action}` as never, { defaultValue: action }),
      },
      { id: "who", header: t("audit.who"), cell: (record) => <Actor actor={record.actor} /> },
      { id: "subject", header: t("audit.subject"), cell: (record) => <Subject record={record} /> },
      {
        id: "details",
        header: t("audit.details"),
        cell: ({ details }) => <Details details={details} />,
      },
      { id: "address", header: t("audit.address"), cell: ({ address }) => address ?? "–" },
      {
        id: "when",
        header: t("audit.when"),
        align: "right",
        width: 130,
        cell: ({ occurred_at }) => <Moment at={occurred_at} />,
      },
    ],
    [t],
  );
  return (
    <>
      <PageTitle title={t("system.audit")} />
      <Group gap="xs" mb="md" align="flex-end">
        <Filters values={[filter.action, filter.actor, filter.from]}>
          <Select
            label={t("audit.what")}
            data={[
              { value: "", label: t("audit.everything") },
              ...AUDIT_ACTIONS.map((value) => ({
                value,
                label: t(`audit.actions.${value}` as never) as string,
              })),
            ]}
            value={filter.action ?? ""}
            allowDeselect={false}
            searchable
            onChange={(action) => change({ action: (action || undefined) as AuditAction | undefined })}
          />
          <PersonSelect
            label={t("audit.who")}
            value={filter.actor ?? null}
            anybody={t("board.everyone")}
            onChange={(actor) => change({ actor: actor ?? undefined })}
          />
          <DayRange from={filter.from} to={filter.to} onChange={change} />
        </Filters>
      </Group>
      <PagedTable
        query={query}
        lines={8}
        label={t("system.audit")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text c="dimmed">{t("audit.none")}</Text>}
      />
    </>
  );
}

function Actor({ actor }: { actor: AuditRecord["actor"] }) {
  const { t } = useTranslation();
  if (actor.person) return <Person {...actor.person} />;
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      {t(`audit.actors.${actor.kind}` as never, { defaultValue: actor.kind }) as string}
      {actor.operating_system_user && ` (${actor.operating_system_user})`}
    </span>
  );
}

/** What was changed: a person, a day, a run, or the id of something that has no page. */
function Subject({ record: { subject, subject_person, action } }: { record: AuditRecord }) {
  const { t } = useTranslation();
  const { day } = useFormat();
  if (!subject) return "–";
  if (subject_person) {
    return (
      <TextLink to="/people/$personId" params={{ personId: subject_person.id }}>
        {subject_person.name}
      </TextLink>
    );
  }
  if (action === "day_closed") {
    return (
      <TextLink to="/books/days/$date" params={{ date: subject }}>
        {day(subject)}
      </TextLink>
    );
  }
  if (action === "reassign_requested") {
    return (
      <TextLink to="/reassign/$runId" params={{ runId: subject }}>
        {t("reassign.run")}
      </TextLink>
    );
  }
  return (
    <>
      {t(`audit.subjects.${action}` as never, { defaultValue: "" }) as string}{" "}
      <Text span size="xs" ff="monospace" style={{ overflowWrap: "anywhere" }}>
        {subject}
      </Text>
    </>
  );
}

function Details({ details }: { details: AuditRecord["details"] }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const lines = detailsOf(t, count, details);
  if (lines.length === 0) return "–";
  return lines.map(({ name, label, value, title }) => (
    <Text key={name} size="xs" title={title} style={{ overflowWrap: "anywhere" }}>
      <Text span inherit c="dimmed">
        {label}:
      </Text>{" "}
      {value}
    </Text>
  ));
}
