// One person: what an admin may change, and what a change costs.
import { Alert, Button, Grid, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { openTasksOfQuery, personQuery, ROLES, type Role } from "../../api/admin";
import { answerOf, api, dataOf, done, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMay, useMe } from "../../api/me";
import { isProblem } from "../../api/problem";
import { Confirm } from "../../parts/confirm";
import { Fact } from "../../parts/fact";
import { CommandFailure } from "../../parts/failure";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { fieldTexts, problemText } from "../../parts/problem-text";
import { Section } from "../../parts/section";
import { TextLink } from "../../parts/text-link";
import { useDraft } from "../../parts/use-draft";
import { OneTimeLink } from "./one-time-link";
import { Activity } from "./people";

type Person = Schemas["PersonView"];
type Update = Schemas["UpdatePersonRequest"];

export function PersonPage() {
  const { t } = useTranslation();
  const { personId } = useParams({ from: "/shell/people/$personId" });
  const query = useQuery(personQuery(personId));
  return (
    <>
      <TextLink to="/people">{t("people.all")}</TextLink>
      <Loaded query={query} lines={6}>
        {({ data: person, etag }) => (
          <>
            <PageTitle title={person.name} />
            <Grid gap="xl">
              <Grid.Col span={{ base: 12, md: 6 }}>
                <Section title={t("account.profile")}>
                  <EditPerson key={person.id} person={person} etag={etag} />
                </Section>
              </Grid.Col>
              <Grid.Col span={{ base: 12, md: 6 }}>
                <Stack gap="xl">
                  <Section title={t("people.access")}>
                    <Access person={person} etag={etag} />
                  </Section>
                  <MoneyLink person={person} />
                </Stack>
              </Grid.Col>
            </Grid>
          </>
        )}
      </Loaded>
    </>
  );
}

function MoneyLink({ person }: { person: Person }) {
  const { t } = useTranslation();
  const maySee = useMay("see_books");
  if (!maySee) return null;
  return (
    <TextLink to="/books/wallets/$personId" params={{ personId: person.id }}>
      {t("people.wallet")}
    </TextLink>
  );
}

function useUpdatePerson(person: Person, etag: string | null) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { queryKey } = personQuery(person.id);
  return useCommand({
    send: (body: Update) =>
      answerOf(
        api.PATCH("/api/v1/people/{id}", {
          params: { path: { id: person.id }, header: { "If-Match": etag ?? "*" } },
          body,
        }),
      ),
    onSuccess: (answer) => {
      queryClient.setQueryData(queryKey, answer);
      void queryClient.invalidateQueries({ queryKey: ["people", "list"] });
      void queryClient.invalidateQueries({ queryKey: ["people", "names"] });
      notifications.show({ color: "green", title: t("account.saved"), message: answer.data.name });
    },
    // Changed by another admin: the page shows their values beside what was typed here.
    onError: (error) => {
      if (isProblem(error, "precondition_failed")) void queryClient.invalidateQueries({ queryKey });
    },
  });
}

/** Whether tasks can be assigned to the person (DOMAIN, People). */
const isAssignable = (active: boolean, role: Role) => active && (role === "worker" || role === "accountant");

type Typed = { name?: string; email?: string; role?: Role };

function EditPerson({ person, etag }: { person: Person; etag: string | null }) {
  const { t } = useTranslation();
  const me = useMe();
  const { draft: typed, change: type, clear } = useDraft<Typed>(`person.${person.id}`, me.id, {});
  const [isConfirming, setConfirming] = useState(false);
  const update = useUpdatePerson(person, etag);
  const { name = person.name, email = person.email, role = person.role } = typed;
  const change: Update = {
    ...(name !== person.name ? { name } : {}),
    ...(email !== person.email ? { email } : {}),
    ...(role !== person.role ? { role } : {}),
  };
  const isChanged = Object.keys(change).length > 0;
  const leavesPool = isAssignable(person.active, person.role) && !isAssignable(person.active, role);
  const send = () =>
    update.mutate(change, {
      onSuccess: () => {
        clear();
        setConfirming(false);
      },
      onError: () => setConfirming(false),
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (leavesPool) setConfirming(true);
    else send();
  };
  const isConflict = isProblem(update.error, "precondition_failed");
  const fields = fieldTexts(t, update.error);
  const nowText = (field: "name" | "email", value: string) =>
    isConflict && typed[field] !== undefined && typed[field] !== value
      ? t("conflict.now", { value })
      : fields[field];

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t("set_password.name")}
          value={name}
          maxLength={200}
          onChange={(event) => type({ name: event.currentTarget.value })}
          error={nowText("name", person.name)}
          required
        />
        <TextInput
          type="email"
          label={t("sign_in.email")}
          value={email}
          onChange={(event) => type({ email: event.currentTarget.value })}
          error={nowText("email", person.email)}
          required
        />
        <Select
          label={t("people.role")}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
          value={role}
          allowDeselect={false}
          onChange={(value) => value && type({ role: value as Role })}
        />
        {leavesPool && <Redraw personId={person.id} />}
        <CommandFailure error={update.error} />
        <Group>
          <Button type="submit" variant="default" disabled={!isChanged} loading={update.isPending}>
            {t("account.save")}
          </Button>
        </Group>
      </Stack>
      <Confirm
        opened={isConfirming}
        title={t("people.role_title", { name: person.name, role: t(`roles.${role}`) })}
        action={t("people.role_confirm", { role: t(`roles.${role}`) })}
        isDangerous
        isPending={update.isPending}
        error={null}
        onConfirm={send}
        onClose={() => setConfirming(false)}
      >
        <Redraw personId={person.id} />
      </Confirm>
    </form>
  );
}

/** What it costs that a person leaves the pool (DOMAIN T7). */
function Redraw({ personId }: { personId: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(openTasksOfQuery(personId));
  if (!data) return null;
  const number = data.isMore ? `${data.count}+` : String(data.count);
  return (
    <Alert color="yellow" variant="outline" p="xs">
      {data.count === 0 ? t("people.no_redraw") : t("people.redraw", { count: data.count, number })}
    </Alert>
  );
}

function Access({ person, etag }: { person: Person; etag: string | null }) {
  const { t } = useTranslation();
  const [isConfirming, setConfirming] = useState(false);
  const update = useUpdatePerson(person, etag);
  const invite = useCommand<unknown>({
    send: (_, key) =>
      done(
        api.POST("/api/v1/people/{id}/invitation", { params: { path: { id: person.id }, ...keyed(key) } }),
      ),
    onSuccess: () =>
      notifications.show({ color: "green", title: t("people.invited"), message: person.email }),
    onError: (error) =>
      notifications.show({ color: "red", title: t("people.not_invited"), message: problemText(t, error) }),
  });
  const link = useCommand<Schemas["SetPasswordLinkView"]>({
    send: (_, key) =>
      dataOf(
        api.POST("/api/v1/people/{id}/set-password-links", {
          params: { path: { id: person.id }, ...keyed(key) },
        }),
      ),
  });
  return (
    <Stack>
      <Fact name={t("board.status")}>
        <Activity active={person.active} />
      </Fact>
      <Fact name={t("people.created_at")}>
        <Moment at={person.created_at} />
      </Fact>
      {person.active && (
        <Group gap="xs">
          <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate()}>
            {t("people.invite")}
          </Button>
          <Button variant="default" loading={link.isPending} onClick={() => link.mutate()}>
            {t("people.create_link")}
          </Button>
        </Group>
      )}
      <CommandFailure error={link.error} />
      {link.data && <OneTimeLink token={link.data.set_password_token} />}
      <Group>
        {person.active ? (
          <Button variant="outline" color="red" onClick={() => setConfirming(true)}>
            {t("people.deactivate")}
          </Button>
        ) : (
          <Button
            variant="default"
            loading={update.isPending}
            onClick={() => update.mutate({ active: true })}
          >
            {t("people.activate")}
          </Button>
        )}
      </Group>
      {!isConfirming && <CommandFailure error={update.error} />}
      <Confirm
        opened={isConfirming}
        title={t("people.deactivate_title", { name: person.name })}
        action={t("people.deactivate_confirm", { name: person.name })}
        isDangerous
        isPending={update.isPending}
        error={update.error}
        onConfirm={() => update.mutate({ active: false }, { onSuccess: () => setConfirming(false) })}
        onClose={() => setConfirming(false)}
      >
        <Text size="sm">{t("people.deactivate_text")}</Text>
        {isAssignable(true, person.role) && <Redraw personId={person.id} />}
      </Confirm>
    </Stack>
  );
}
