import { Alert, Button, Stack, TextInput } from "@mantine/core";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../../api/client";
import { useCommand } from "../../api/command";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { TextLink } from "../../parts/text-link";
import { useDraft } from "../../parts/use-draft";
import { SignInCard } from "./card";

export function ForgotPasswordPage() {
  const { t } = useTranslation();
  const { draft, change } = useDraft("sign-in", "anybody", { email: "" });
  const ask = useCommand({
    send: (body: { email: string }) => done(api.POST("/api/v1/auth/password-reset", { body })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate({ email: draft.email });
  };
  return (
    <SignInCard title={t("forgot.title")}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            type="email"
            autoComplete="username"
            label={t("sign_in.email")}
            description={t("forgot.what")}
            value={draft.email}
            onChange={(event) => change({ email: event.currentTarget.value })}
            error={fieldTexts(t, ask.error).email}
            required
            withAsterisk={false}
          />
          {ask.isSuccess && (
            <Alert color="green" variant="outline" role="status">
              {t("forgot.sent")}
            </Alert>
          )}
          <CommandFailure error={ask.error} />
          <Button type="submit" loading={ask.isPending}>
            {t("forgot.submit")}
          </Button>
          <TextLink to="/login" size="sm">
            {t("forgot.back")}
          </TextLink>
        </Stack>
      </form>
    </SignInCard>
  );
}
