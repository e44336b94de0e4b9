import { Button, Divider, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf } from "../../api/client";
import { useCommand } from "../../api/command";
import { ProblemError } from "../../api/problem";
import { announceSession } from "../../api/session";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { TextLink } from "../../parts/text-link";
import { useDraft } from "../../parts/use-draft";
import { SignInCard } from "./card";

const ssoQuery = {
  queryKey: ["sso"],
  queryFn: () => dataOf(api.GET("/api/v1/auth/sso")),
  staleTime: Number.POSITIVE_INFINITY,
};

export function SignInPage() {
  const { t } = useTranslation();
  const { return_to, sso_error } = useSearch({ from: "/login" });
  const { draft, change, clear } = useDraft("sign-in", "anybody", { email: "" });
  const [password, setPassword] = useState("");
  const { data: sso } = useQuery(ssoQuery);

  const signIn = useCommand({
    send: (body: { email: string; password: string }) =>
      dataOf(api.POST("/api/v1/auth/login", { body: { ...body, cookies: true } })),
    onSuccess: () => {
      clear();
      // Every tab that shows the sign-in page goes on, this one too.
      announceSession("began");
    },
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email: draft.email, password });
  };
  const fields = fieldTexts(t, signIn.error);
  const ssoHref = `/api/v1/auth/sso/login?return_to=${encodeURIComponent(return_to ?? "/")}`;
  const failure = signIn.error ?? (sso_error ? new ProblemError({ code: sso_error }, 403) : null);

  return (
    <SignInCard title={t("sign_in.title")}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            type="email"
            name="email"
            autoComplete="username"
            label={t("sign_in.email")}
            value={draft.email}
            onChange={(event) => change({ email: event.currentTarget.value })}
            error={fields.email}
            required
            withAsterisk={false}
          />
          <PasswordInput
            name="password"
            autoComplete="current-password"
            label={t("sign_in.password")}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={fields.password}
            visibilityToggleButtonProps={{ "aria-label": t("sign_in.show_password"), tabIndex: 0 }}
            required
            withAsterisk={false}
          />
          <CommandFailure error={failure} />
          <Button type="submit" loading={signIn.isPending}>
            {t("sign_in.submit")}
          </Button>
          <TextLink to="/forgot-password" size="sm">
            {t("sign_in.forgot")}
          </TextLink>
          {sso?.enabled && (
            <>
              <Divider label={t("sign_in.or")} />
              <Button component="a" href={ssoHref} variant="default">
                {t("sign_in.sso", { name: sso.name ?? "SSO" })}
              </Button>
            </>
          )}
        </Stack>
      </form>
    </SignInCard>
  );
}
