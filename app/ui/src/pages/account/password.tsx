import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, keyed } from "../../api/client";
import { useCommand } from "../../api/command";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";

export function Password() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useCommand({
    send: (body: { current_password: string; new_password: string }, key: string) =>
      done(api.POST("/api/v1/me/password", { body, params: keyed(key) })),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      void queryClient.invalidateQueries({ queryKey: ["account"] });
      notifications.show({
        color: "green",
        title: t("account.password_changed"),
        message: t("account.others_ended"),
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ current_password: current, new_password: next });
  };
  const fields = fieldTexts(t, change.error);
  const reveal = { "aria-label": t("sign_in.show_password"), tabIndex: 0 };
  return (
    <form onSubmit={submit}>
      <Stack>
        <PasswordInput
          label={t("account.current_password")}
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          error={fields.current_password}
          visibilityToggleButtonProps={reveal}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label={t("set_password.new")}
          description={t("set_password.rule")}
          autoComplete="new-password"
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
          error={fields.new_password}
          visibilityToggleButtonProps={reveal}
          required
          withAsterisk={false}
        />
        <Text size="sm" c="dimmed">
          {t("account.others_end")}
        </Text>
        <CommandFailure error={change.error} />
        <Group>
          <Button type="submit" variant="default" loading={change.isPending}>
            {t("account.change_password")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
