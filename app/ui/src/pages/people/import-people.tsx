// Adds the people of a CSV file: first a dry run, which names what is wrong by line, then slice by slice.
import { Alert, Button, Checkbox, FileInput, Group, List, Progress, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { ProblemError } from "../../api/problem";
import { CommandFailure } from "../../parts/failure";
import { fieldText } from "../../parts/problem-text";
import { SideDrawer } from "../../parts/side-drawer";
import { useFormat } from "../../parts/use-format";
import {
  decode,
  type FileRow,
  type PeopleFile,
  ROWS_MAX,
  readPeople,
  slicesOf,
  type UnreadableFile,
} from "./people-file";

type Request = Schemas["CreatePeopleRequest"];
type Kept = { line: number } & Pick<Schemas["KeptPersonView"], "name" | "role">;
type Counts = { added: number; skipped: number; kept: Kept[] };
type RowProgress = { done: number; total: number };

/** The most lines of the file that are listed. */
const LINES_SHOWN_MAX = 100;

const send = (body: Request, key: string) =>
  dataOf(api.POST("/api/v1/people/batch", { body, params: keyed(key) }));

export function ImportPeople({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const [isSending, setSending] = useState(false);
  // A person who leaves would not see how far it came.
  useBlocker({ shouldBlockFn: () => true, disabled: !isSending, enableBeforeUnload: isSending });
  const close = () => {
    if (!isSending) onClose();
  };
  return (
    <SideDrawer opened={opened} onClose={close} title={t("people.import")} size="lg">
      <ImportForm onClose={onClose} onSending={setSending} />
    </SideDrawer>
  );
}

/** Adds the people of a file, slice by slice. A second attempt continues with the slice that failed. */
function useAddPeople(onDone: (added: number) => void, onSending: (isSending: boolean) => void) {
  const queryClient = useQueryClient();
  const [sent, setSent] = useState({ slices: 0, rows: 0, added: 0 });
  const slice = useCommand({ send });
  const { mutate, isPending, error, reset } = useMutation({
    networkMode: "always",
    mutationFn: async ({ rows, invite }: { rows: readonly FileRow[]; invite: boolean }) => {
      let { slices, rows: done, added } = sent;
      for (const rest of slicesOf(rows).slice(slices)) {
        const people = rest.map(({ person }) => person);
        const counts = await slice.mutateAsync({ people, invite, dry_run: false });
        slices += 1;
        done += rest.length;
        added += counts.added;
        setSent({ slices, rows: done, added });
      }
      return added;
    },
    onMutate: () => onSending(true),
    onSuccess: onDone,
    onSettled: () => {
      onSending(false);
      void queryClient.invalidateQueries({ queryKey: ["people"] });
    },
  });
  const forget = () => {
    reset();
    setSent({ slices: 0, rows: 0, added: 0 });
  };
  return { mutate, isPending, error, forget, sent };
}

function ImportForm({
  onClose,
  onSending,
}: {
  onClose: () => void;
  onSending: (isSending: boolean) => void;
}) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const [file, setFile] = useState<File | null>(null);
  const [invite, setInvite] = useState(true);
  const [progress, setProgress] = useState<RowProgress | null>(null);
  const check = useMutation({
    mutationFn: (file: File) => checkFile(file, setProgress),
    networkMode: "always",
  });
  const add = useAddPeople((added) => {
    const message = t("people.import_added", { count: added, number: count(added) });
    notifications.show({ color: "green", title: t("people.import"), message });
    onClose();
  }, onSending);
  const { sent } = add;
  const checked = check.data;
  const counts = checked && "counts" in checked ? checked.counts : undefined;
  const rows = checked && "rows" in checked ? checked.rows : [];
  const hasBegun = add.isPending || sent.slices > 0;
  return (
    <Stack>
      <Text size="sm">{t("people.import_text", { max: count(ROWS_MAX) })}</Text>
      <FileInput
        label={t("people.import_file")}
        placeholder={t("people.import_choose")}
        accept=".csv,text/csv"
        value={file}
        clearable
        clearButtonProps={{ "aria-label": t("people.import_remove_file") }}
        disabled={add.isPending}
        onChange={(file) => {
          setFile(file);
          add.forget();
          check.reset();
          setProgress(null);
          if (file) check.mutate(file);
        }}
      />
      <Checkbox
        label={t("people.import_invite")}
        checked={invite}
        disabled={hasBegun}
        onChange={(event) => setInvite(event.currentTarget.checked)}
      />
      <div role="status">
        {check.isPending && <Text size="sm">{t("people.import_checking")}</Text>}
        {checked && !hasBegun && <Checked result={checked} />}
        {add.isPending && <Text size="sm">{t("people.import_sending")}</Text>}
        {add.error !== null && sent.slices > 0 && (
          <Text size="sm">
            {t("people.import_partly", {
              added: t("people.import_added", { count: sent.added, number: count(sent.added) }),
              left: count(rows.length - sent.rows),
            })}
          </Text>
        )}
      </div>
      {check.isPending && progress && <Sent {...progress} />}
      {hasBegun && <Sent done={sent.rows} total={rows.length} />}
      <CommandFailure error={add.error ?? check.error} />
      <Group justify="flex-end">
        <Button variant="default" disabled={add.isPending} onClick={onClose}>
          {t(sent.slices > 0 ? "close" : "cancel")}
        </Button>
        <Button
          disabled={!counts || counts.added === 0}
          loading={add.isPending}
          onClick={() => add.mutate({ rows, invite })}
        >
          {counts && !hasBegun
            ? t("people.import_add", { count: counts.added, number: count(counts.added) })
            : t(hasBegun ? "people.import_continue" : "people.import")}
        </Button>
      </Group>
    </Stack>
  );
}

/** How many rows of the file the program has had. */
function Sent({ done, total }: RowProgress) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const text = t("people.import_progress", { done: count(done), total: count(total) });
  return (
    <div>
      <Progress.Root size="lg">
        <Progress.Section
          value={Math.floor((100 * done) / Math.max(total, 1))}
          color="cyan.9"
          aria-label={t("reassign.progress")}
        />
      </Progress.Root>
      <Text size="sm" mt={4}>
        {text}
      </Text>
    </div>
  );
}

type Result =
  | UnreadableFile
  | (PeopleFile & { counts?: Counts; errors: { line: number; error: Schemas["FieldError"] }[] });

/** Reads the file and lets the program check its rows. */
async function checkFile(file: File, onProgress: (progress: RowProgress) => void): Promise<Result> {
  const [bytes, { default: Papa }] = await Promise.all([file.arrayBuffer(), import("papaparse")]);
  const text = decode(bytes);
  if (text === null) return { unreadable: "encoding" };
  const people = readPeople(Papa, text);
  if ("unreadable" in people) return people;
  const counts: Counts = { added: 0, skipped: people.repeated, kept: [] };
  const errors: { line: number; error: Schemas["FieldError"] }[] = [];
  let done = 0;
  for (const rows of slicesOf(people.rows)) {
    try {
      const body = { people: rows.map(({ person }) => person), dry_run: true, invite: false };
      const slice = await send(body, crypto.randomUUID());
      counts.added += slice.added;
      counts.skipped += slice.skipped;
      counts.kept.push(
        ...slice.kept.map(({ index, name, role }) => ({ line: rows[index]?.line ?? 0, name, role })),
      );
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== "invalid_request") throw error;
      errors.push(...error.errors.map((error) => ({ line: lineOf(rows, error), error })));
    }
    done += rows.length;
    onProgress({ done, total: people.rows.length });
  }
  // A line that is not valid refuses the whole file.
  const isValid = errors.length === 0 && people.faults.length === 0;
  return { ...people, errors, ...(isValid ? { counts } : {}) };
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
      {counts && counts.kept.length > 0 && (
        <Alert color="yellow" variant="outline" title={t("people.import_kept")}>
          <Lines
            lines={counts.kept.map(({ line, name, role }) => ({
              line,
              text: `${name}, ${t(`roles.${role}`)}`,
            }))}
          />
        </Alert>
      )}
      {lines.length > 0 && (
        <Alert color="red" variant="outline" title={t("people.import_refused")}>
          <Lines lines={lines} />
        </Alert>
      )}
    </Stack>
  );
}

/** Lines of the file, the first ones by number, and how many more there are. */
function Lines({ lines }: { lines: readonly { line: number; text: string }[] }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  return (
    <>
      <List size="sm">
        {lines.slice(0, LINES_SHOWN_MAX).map(({ line, text }) => (
          <List.Item key={`${line} ${text}`}>
            {t("people.import_line", { line: count(line), text })}
          </List.Item>
        ))}
      </List>
      {lines.length > LINES_SHOWN_MAX && (
        <Text size="sm">
          {t("people.import_more_lines", { number: count(lines.length - LINES_SHOWN_MAX) })}
        </Text>
      )}
    </>
  );
}
