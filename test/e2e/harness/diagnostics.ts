import { waitFor } from './wait.ts'

export interface Sample {
  /** With its suffix: `mezite_hub_rpc_duration_seconds_bucket`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Where a program with `--diag-addr=127.0.0.1:0` shows what it knows of itself. */
export class DiagnosticsClient {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  /** By the line of the program's log that tells where. */
  static async find(log: () => string): Promise<DiagnosticsClient> {
    const base = await waitFor(() => /diagnostics at (http:\S+?)"?[},\s]/.exec(log())?.[1], {
      what: 'the program to say where its diagnostics are',
      context: log,
    })
    return new DiagnosticsClient(base)
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.#base}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  /** As Prometheus sees them; a second old at most. */
  async metrics(): Promise<readonly Sample[]> {
    return parseMetrics((await this.get('/metrics')).text)
  }

  /** Waits until the series has a value that satisfies. */
  async waitForMetric(
    name: string,
    labels: Sample['labels'],
    satisfies: (value: number) => boolean,
  ): Promise<number> {
    let seen: readonly Sample[] = []
    return await waitFor(
      async () => {
        seen = (await this.metrics()).filter((sample) => sample.name === name)
        const value = valueIn(seen, name, labels)
        return value !== undefined && satisfies(value) ? value : undefined
      },
      { what: `${name} ${JSON.stringify(labels)}`, context: () => JSON.stringify(seen) },
    )
  }
}

/** Undefined where there is no such series. */
export function valueIn(
  samples: readonly Sample[],
  name: string,
  labels: Sample['labels'] = {},
): number | undefined {
  const wanted = Object.entries(labels)
  return samples.find(
    (sample) => sample.name === name && wanted.every(([key, it]) => sample.labels[key] === it),
  )?.value
}

export function parseMetrics(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] =
        /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)]
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, key = '', it = '']) => [key, it])),
        value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
      }
    })
}
