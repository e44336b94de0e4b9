// Adds the people of a CSV file: first a dry run, which names what is wrong by line, then all or none.
import { Alert, Button, Checkbox, Drawer, FileInput, Group, List, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { ProblemError } from "../../api/problem";
import { CommandFailure } from "../../parts/failure";
import { fieldText } from "../../parts/problem-text";
import { useFormat } from "../../parts/use-format";
import {
  decode,
  type FileRow,
  type PeopleFile,
  ROWS_MAX,
  readPeople,
  type UnreadableFile,
} from "./people-file";

type Request = Schemas["CreatePeopleRequest"];
type Counts = Schemas["CreatedPeopleView"];

const send = (body: Request, key: string) =>
  dataOf(api.POST("/api/v1/people/batch", { body, params: keyed(key) }));

export function ImportPeople({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size="lg">
      <Drawer.Overlay />
      <Drawer.Content>
        <Drawer.Header component="div">
          <Drawer.Title component="h2" fw={600} fz="lg">
            {t("people.import")}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t("close")} />
        </Drawer.Header>
        <Drawer.Body>
          <ImportForm onClose={onClose} />
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function ImportForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const queryClient = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [invite, setInvite] = useState(true);
  const check = useMutation({ mutationFn: checkFile, networkMode: "always" });
  const add = useCommand({
    send,
    onSuccess: ({ added }) => {
      void queryClient.invalidateQueries({ queryKey: ["people"] });
      const message = t("people.import_added", { count: added, number: count(added) });
      notifications.show({ color: "green", title: t("people.import"), message });
      onClose();
    },
  });
  const checked = check.data;
  const counts = checked && "counts" in checked ? checked.counts : undefined;
  const rows = checked && "rows" in checked ? checked.rows : [];
  return (
    <Stack>
      <Text size="sm">{t("people.import_text", { max: count(ROWS_MAX) })}</Text>
      <FileInput
        label={t("people.import_file")}
        placeholder={t("people.import_choose")}
        accept=".csv,text/csv"
        value={file}
        clearable
        onChange={(file) => {
          setFile(file);
          add.reset();
          check.reset();
          if (file) check.mutate(file);
        }}
      />
      <Checkbox
        label={t("people.import_invite")}
        checked={invite}
        onChange={(event) => setInvite(event.currentTarget.checked)}
      />
      <div role="status">
        {check.isPending && <Text size="sm">{t("people.import_checking")}</Text>}
        {checked && <Checked result={checked} />}
      </div>
      <CommandFailure error={add.error ?? check.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t("cancel")}
        </Button>
        <Button
          disabled={!counts || counts.added === 0}
          loading={add.isPending}
          onClick={() => add.mutate({ people: rows.map(({ person }) => person), invite, dry_run: false })}
        >
          {counts
            ? t("people.import_add", { count: counts.added, number: count(counts.added) })
            : t("people.import")}
        </Button>
      </Group>
    </Stack>
  );
}

type Result =
  | UnreadableFile
  | (PeopleFile & { counts?: Counts; errors: { line: number; error: Schemas["FieldError"] }[] });

/** Reads the file and lets the program check its rows. */
async function checkFile(file: File): Promise<Result> {
  const [bytes, { default: Papa }] = await Promise.all([file.arrayBuffer(), import("papaparse")]);
  const text = decode(bytes);
  if (text === null) return { unreadable: "encoding" };
  const people = readPeople(Papa, text);
  if ("unreadable" in people) return people;
  if (people.rows.length === 0) return { ...people, errors: [] };
  try {
    const body = { people: people.rows.map(({ person }) => person), dry_run: true, invite: false };
    const counts = await send(body, crypto.randomUUID());
    // A line that cannot be read refuses the whole file.
    return { ...people, errors: [], ...(people.faults.length === 0 ? { counts } : {}) };
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== "invalid_request") throw error;
    return { ...people, errors: error.errors.map((error) => ({ line: lineOf(people.rows, error), error })) };
  }
}

/** The line of an error such as `/people/3/email`. */
function lineOf(rows: readonly FileRow[], { pointer }: Schemas["FieldError"]): number {
  return rows[Number(pointer.split("/")[2])]?.line ?? 0;
}

function Checked({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  if ("unreadable" in result) {
    return (
      <Alert color="red" variant="outline">
        {t(`people.import_unreadable.${result.unreadable}`, {
          column: result.missing,
          max: count(ROWS_MAX),
        })}
      </Alert>
    );
  }
  const { counts, faults, errors, unusedColumns } = result;
  const lines = [
    ...faults.map((found) => ({ line: found.line, text: t(`people.import_fault.${found.fault}`, found) })),
    ...errors.map(({ line, error }) => ({
      line,
      text: `${error.pointer.split("/")[3]}: ${fieldText(t, error)}`,
    })),
  ].sort((left, right) => left.line - right.line);
  return (
    <Stack gap="xs">
      {unusedColumns.length > 0 && (
        <Text size="sm">{t("people.import_unused", { columns: unusedColumns.join(", ") })}</Text>
      )}
      {counts && (
        <Alert color="green" variant="outline">
          {t("people.import_would_add", { count: counts.added, number: count(counts.added) })}{" "}
          {counts.skipped > 0 &&
            t("people.import_skipped", { count: counts.skipped, number: count(counts.skipped) })}
        </Alert>
      )}
      {lines.length > 0 && (
        <Alert color="red" variant="outline" title={t("people.import_refused")}>
          <List size="sm">
            {lines.map(({ line, text }) => (
              <List.Item key={`${line} ${text}`}>
                {t("people.import_line", { line: count(line), text })}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Stack>
  );
}
