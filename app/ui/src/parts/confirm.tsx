// A dialog that repeats what will happen on the button that does it.
import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./dialog";
import { CommandFailure } from "./failure";

type Props = {
  opened: boolean;
  title: string;
  /** The text of the button: what it does, with the sum. */
  action: string;
  isDangerous?: boolean;
  isPending: boolean;
  isDisabled?: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
};

export function Confirm({
  opened,
  title,
  action,
  isPending,
  error,
  onConfirm,
  onClose,
  children,
  ...rest
}: Props) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <Stack>
          {children}
          <CommandFailure error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("cancel")}
            </Button>
            <Button
              type="submit"
              color={rest.isDangerous ? "red.9" : undefined}
              loading={isPending}
              disabled={rest.isDisabled ?? false}
            >
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
