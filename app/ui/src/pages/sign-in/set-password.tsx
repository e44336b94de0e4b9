// Invitations, resets and the link that creates the first admin. The token is in the fragment, so that
// no log of a server contains it.

import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { announceSession } from "../../api/session";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { TextLink } from "../../parts/text-link";
import { useDraft } from "../../parts/use-draft";
import { SignInCard } from "./card";

const PASSWORD_LENGTH_MIN = 8;

function readLink() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  return { token: fragment.get("token") ?? "", isFirstAdmin: fragment.has("first-admin") };
}

export function SetPasswordPage() {
  const { t } = useTranslation();
  const [{ token, isFirstAdmin }] = useState(readLink);
  // Nobody is signed in yet. The passwords are in no draft.
  const { draft, change, clear } = useDraft("first-admin", "nobody", { name: "", email: "" });
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [isChecked, setChecked] = useState(false);

  const setUp = useCommand({
    send: async (body: Schemas["SetPasswordRequest"]) => {
      const me = await dataOf(api.POST("/api/v1/auth/set-password", { body }));
      const login = { email: me.email, password: body.password, cookies: true };
      await dataOf(api.POST("/api/v1/auth/login", { body: login }));
      return me;
    },
    onSuccess: () => {
      clear();
      // The link was used: "back" does not lead to it.
      history.replaceState(null, "", "/login");
      announceSession("began");
      location.replace("/");
    },
  });

  if (token === "") {
    return (
      <SignInCard title={t("set_password.title")}>
        <Stack>
          <Text size="sm">{t("set_password.no_token")}</Text>
          <TextLink to="/forgot-password" size="sm">
            {t("set_password.ask_again")}
          </TextLink>
        </Stack>
      </SignInCard>
    );
  }

  const fields = fieldTexts(t, setUp.error);
  const tooShort = isChecked && password.length < PASSWORD_LENGTH_MIN && t("set_password.too_short");
  const different = isChecked && repeated !== password && t("set_password.different");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (password.length < PASSWORD_LENGTH_MIN || repeated !== password) return;
    setUp.mutate({ token, password, ...(isFirstAdmin ? draft : {}) });
  };

  return (
    <SignInCard title={t(isFirstAdmin ? "set_password.first_admin" : "set_password.title")}>
      <form onSubmit={submit}>
        <Stack>
          {isFirstAdmin && (
            <>
              <TextInput
                label={t("set_password.name")}
                autoComplete="name"
                value={draft.name}
                onChange={(event) => change({ name: event.currentTarget.value })}
                error={fields.name}
                required
                withAsterisk={false}
              />
              <TextInput
                type="email"
                label={t("sign_in.email")}
                autoComplete="username"
                value={draft.email}
                onChange={(event) => change({ email: event.currentTarget.value })}
                error={fields.email}
                required
                withAsterisk={false}
              />
            </>
          )}
          <PasswordInput
            label={t("set_password.new")}
            description={t("set_password.rule")}
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={tooShort || fields.password}
            visibilityToggleButtonProps={{ "aria-label": t("sign_in.show_password"), tabIndex: 0 }}
            required
            withAsterisk={false}
          />
          <PasswordInput
            label={t("set_password.repeat")}
            autoComplete="new-password"
            value={repeated}
            onChange={(event) => setRepeated(event.currentTarget.value)}
            error={different}
            visibilityToggleButtonProps={{ "aria-label": t("sign_in.show_password"), tabIndex: 0 }}
            required
            withAsterisk={false}
          />
          <CommandFailure error={setUp.error} />
          <Button type="submit" loading={setUp.isPending}>
            {t(isFirstAdmin ? "set_password.create" : "set_password.submit")}
          </Button>
        </Stack>
      </form>
    </SignInCard>
  );
}
