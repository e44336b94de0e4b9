// A chart, loaded when it is first looked at. Every chart stands beside a table with the same figures.
import { Box, Skeleton, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Boundary } from "./boundary";
import type { ChartProps } from "./chart-drawing";

const Drawing = lazy(() => import("./chart-drawing"));

export const CHART_HEIGHT = 200;

export function Chart(props: ChartProps) {
  const { t } = useTranslation();
  const unavailable = () => (
    <Text size="sm" c="dimmed">
      {t("chart.unavailable")}
    </Text>
  );
  return (
    // The table beside it has the figures.
    <Box aria-hidden mih={CHART_HEIGHT}>
      <Boundary fallback={unavailable}>
        <Suspense fallback={<Skeleton height={CHART_HEIGHT} />}>
          <Drawing {...props} />
        </Suspense>
      </Boundary>
    </Box>
  );
}
