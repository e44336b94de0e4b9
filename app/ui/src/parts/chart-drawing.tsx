import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { useReducedMotion } from "@mantine/hooks";
import { chartValue, type Money, moneyOf } from "../format/money";
import { CHART_HEIGHT } from "./chart";
import { useFormat } from "./use-format";

type Point = { date: string };

export type ChartProps = {
  kind: "bars" | "line";
  /** One point a business day, the earliest first. */
  points: readonly (Point & ({ amount: Money } | { count: number }))[];
  /** What the figures are. */
  label: string;
};

// The table beside the chart is what a keyboard and a screen reader reach.
const HIDDEN = { accessibilityLayer: false };

export default function ChartDrawing({ kind, points, label }: ChartProps) {
  const { day, money, count } = useFormat();
  const noMotion = useReducedMotion();
  const currency = points.flatMap((point) => ("amount" in point ? [point.amount.currency] : []))[0];
  const data = points.map((point) => ({
    day: day(point.date, "axis"),
    value: "amount" in point ? chartValue(point.amount) : point.count,
  }));
  const valueFormatter = (value: number) => (currency ? money(moneyOf(value, currency)) : count(value));
  const shared = {
    h: CHART_HEIGHT,
    data,
    dataKey: "day",
    valueFormatter,
    series: [{ name: "value", label, color: "var(--piecework-chart)" }],
    yAxisProps: { width: 72, allowDecimals: currency !== undefined },
    xAxisProps: { minTickGap: 24 },
    gridAxis: "x" as const,
    tickLine: "none" as const,
  };
  const motion = { isAnimationActive: !noMotion };
  return kind === "bars" ? (
    <BarChart {...shared} barChartProps={HIDDEN} barProps={{ ...motion, radius: 2 }} maxBarWidth={40} />
  ) : (
    <LineChart
      {...shared}
      lineChartProps={HIDDEN}
      lineProps={motion}
      curveType="linear"
      withDots={data.length < 32}
    />
  );
}
