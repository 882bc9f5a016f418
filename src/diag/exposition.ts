/** Prometheus's text form, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
import { formatNumber } from './kinds.ts'
import type { Metric, Sample } from './metric.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function encodeMetrics(metrics: readonly Metric[]): string {
  return metrics.map(encodeMetric).join('')
}

/** A metric that has no series yet is left out. */
function encodeMetric(metric: Metric): string {
  const { name, help, kind } = metric
  const lines = metric.samples().map((sample) => encodeSample(name, sample))
  if (lines.length === 0) return ''
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${name} ${text}\n# TYPE ${name} ${kind}\n${lines.join('')}`
}

function encodeSample(name: string, { suffix, labels, value }: Sample): string {
  const pairs = labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(',')
  return `${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} ${formatNumber(value)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"').toWellFormed()
}
