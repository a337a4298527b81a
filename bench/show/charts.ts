/**
 * Charts as SVG text, drawn by echarts without a DOM. The build bundles echarts into this module, so that the package
 * does not need it at run time: import charts from here only, and keep echarts out of the exported types.
 *
 * Colours are CSS variables of the page, so that one SVG serves light, dark and paper.
 */
export { decades, INK as INK_COLOUR, MODELLED_COLOUR, P50_COLOUR, P99_COLOUR, seriesColour } from './chart-base.ts';
export { bandChart, effectChart, type EffectRow, valueChart, type ValueRow, waterfallChart } from './charts-band.ts';
export { frontChart, type FrontPoint } from './charts-front.ts';
export { pauseChart } from './charts-pause.ts';
export { latencyChart, roundsChart, type TimelineRow, timelineChart, waitedFor } from './charts-run.ts';
export { scaleChart, type ScalePoint, type ScaleSeries } from './charts-scale.ts';
export { laneChart, stripChart } from './charts-schedule.ts';
export {
  answerAxis,
  answerChart,
  type AnswerPoint,
  seriesChart,
  type SeriesLevel,
  shiftColour,
} from './charts-series.ts';
export { againstChart } from './charts-published.ts';
export {
  type DowntimePoint,
  downtimeChart,
  partsChart,
  throughputChart,
  type ThroughputSeries,
} from './charts-sweep.ts';
