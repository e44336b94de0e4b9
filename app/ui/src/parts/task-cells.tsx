// The cells that several tables of tasks share.

import { Badge, Button, Group, Text } from "@mantine/core";
import { Check } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe } from "../api/me";
import type { Task } from "../api/queries";
import { useCompleteTask, useCompletion } from "../live/completions";
import { TextLink } from "./text-link";

export function TaskTitle({ task }: { task: Pick<Task, "id" | "title" | "reference"> }) {
  return (
    <Group gap={6} wrap="nowrap" miw={0}>
      {task.reference && (
        <Text span size="xs" c="dimmed" ff="monospace" style={{ whiteSpace: "nowrap" }}>
          {task.reference}
        </Text>
      )}
      <TextLink to="/tasks/$taskId" params={{ taskId: task.id }} size="sm" lineClamp={2} data-row-link>
        {task.title}
      </TextLink>
    </Group>
  );
}

export function TaskStatus({ task }: { task: Task }) {
  const { t } = useTranslation();
  const isCompleted = useCompletion(task.id) !== undefined || task.status === "completed";
  return (
    <Badge
      color={isCompleted ? "gray" : "cyan"}
      leftSection={isCompleted ? <Check size={12} aria-hidden /> : undefined}
    >
      {t(isCompleted ? "task.completed" : "task.open")}
    </Badge>
  );
}

/** The button of an open task that is the person's own; else nothing. */
export function CompleteButton({ task, size = "compact-sm" }: { task: Task; size?: "compact-sm" | "sm" }) {
  const { t } = useTranslation();
  const complete = useCompleteTask();
  const completion = useCompletion(task.id);
  const me = useMe();
  if (completion) {
    // As high as the button, so that the rows below stay.
    return (
      <Badge size="lg" color="green" variant="outline" leftSection={<Check size={12} aria-hidden />}>
        {t("task.completed")}
      </Badge>
    );
  }
  if (task.status === "completed" || task.assignee.id !== me.id) return null;
  return (
    <Button
      size={size}
      variant="light"
      onClick={(event) => {
        keepFocus(event.currentTarget);
        complete(task);
      }}
      data-complete
      aria-label={t("complete.label", { title: task.title })}
    >
      {t("complete.action")}
    </Button>
  );
}

/** The button goes; its row keeps the focus. */
function keepFocus(button: HTMLElement): void {
  if (document.activeElement !== button) return;
  const row = button.closest("[data-row]");
  const next = row
    ? row.querySelector<HTMLElement>("[data-row-link]")
    : document.querySelector<HTMLElement>("h1");
  next?.focus({ preventScroll: true });
}
