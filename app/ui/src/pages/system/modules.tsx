// The modules: what waits in each of them, and what to do about it.
import { Alert, Badge, Box, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type ModulePlace, moduleQuery, modulesQuery } from "../../api/admin";
import type { Schemas } from "../../api/client";
import { databasesQuery } from "../../api/readiness";
import { Boundary } from "../../parts/boundary";
import { Fact } from "../../parts/fact";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { Section } from "../../parts/section";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";

export function ModulesPage() {
  const { t } = useTranslation();
  const query = useQuery(modulesQuery);
  return (
    <>
      <PageTitle title={t("system.modules")} />
      <Loaded query={query} lines={8}>
        {(places) => (
          <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
            {places.map((place) => (
              <Boundary key={place.name}>
                <Module place={place} />
              </Boundary>
            ))}
          </SimpleGrid>
        )}
      </Loaded>
      <Databases />
    </>
  );
}

/** The databases of the process that answers, and what to do if one does not. */
function Databases() {
  const { t } = useTranslation();
  const { count } = useFormat();
  const query = useQuery(databasesQuery);
  return (
    <Box mt="xl">
      <Section title={t("system.databases")}>
        <Loaded query={query}>
          {(databases) => (
            <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
              {databases.map(([name, { reads, writes, replicas }]) => {
                const answering = replicas.filter((replica) => replica === "healthy").length;
                return (
                  <Paper
                    key={name}
                    withBorder
                    p="md"
                    component="section"
                    aria-label={t("system.database", { name })}
                  >
                    <Group justify="space-between" mb="xs">
                      <Text fw={600} ff="monospace">
                        {name}
                      </Text>
                      <StateBadge isFine={reads && writes} />
                    </Group>
                    <Stack gap="xs">
                      <Fact name={t("system.reads")}>{t(reads ? "system.works" : "system.fails")}</Fact>
                      <Fact name={t("system.writes")}>{t(writes ? "system.works" : "system.fails")}</Fact>
                      <Fact
                        name={t("system.replicas")}
                      >{`${count(answering)} / ${count(replicas.length)}`}</Fact>
                      {!(reads && writes) && <Text size="sm">{t("system.database_fails")}</Text>}
                    </Stack>
                  </Paper>
                );
              })}
            </SimpleGrid>
          )}
        </Loaded>
      </Section>
    </Box>
  );
}

function Module({ place }: { place: ModulePlace }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const query = useQuery(moduleQuery(place.name));
  return (
    <Paper withBorder p="md" component="section" aria-label={t(`system.module_names.${place.name}`)}>
      <Group justify="space-between" align="flex-start" mb="xs">
        <div>
          <Title order={2}>{t(`system.module_names.${place.name}`)}</Title>
          <Text size="xs" c="dimmed" ff="monospace">
            {place.name}
          </Text>
        </div>
        {query.data && <State state={query.data} />}
      </Group>
      <Loaded query={query}>
        {(state) => (
          <Stack gap="xs">
            <Fact name={t("system.hosted")}>{place.hosted ? t("system.here") : (place.url ?? "–")}</Fact>
            <Fact name={t("system.outbox")}>{count(state.outbox_pending)}</Fact>
            <Fact name={t("system.retry")}>{count(state.inbox_retry)}</Fact>
            <Fact name={t("system.parked")}>{count(state.inbox_parked)}</Fact>
            {state.inbox_parked > 0 && <TextLink to="/system/events">{t("system.see_parked")}</TextLink>}
            {state.jobs_overdue.map(({ name, overdue_s }) => (
              <Alert key={name} color="yellow" variant="outline" p="xs">
                {t("system.overdue", { name, seconds: count(overdue_s) })}
              </Alert>
            ))}
            {(state.outbox_pending > 0 || state.inbox_retry > 0) && (
              <Text size="sm" c="dimmed">
                {t("system.waits")}
              </Text>
            )}
          </Stack>
        )}
      </Loaded>
    </Paper>
  );
}

function State({ state }: { state: Schemas["ModuleState"] }) {
  return <StateBadge isFine={state.inbox_parked === 0 && state.jobs_overdue.length === 0} />;
}

function StateBadge({ isFine }: { isFine: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge color={isFine ? "green" : "yellow"} variant="outline">
      {t(isFine ? "system.fine" : "system.needs_you")}
    </Badge>
  );
}
