/**
 * `node bench/profile/summary.ts FILE...`: where a `.cpuprofile` says that the time went. SELF is a
 * function's own time, TOTAL has what it called in it. What the event loop's own C++ does, TLS above
 * all, shows nowhere: V8 takes it for idleness.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { z } from 'zod'
import { formatTable } from '../../src/cli/table.ts'

const profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      children: z.array(z.number()).default([]),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
})

type Profile = z.output<typeof profile>

interface Place {
  readonly label: string
  readonly area: string
  self: number
  total: number
}

interface Share {
  readonly label: string
  readonly microseconds: number
}

/** What the thread did not do. */
const IDLE = new Set(['(idle)', '(root)'])
const MOST_ROWS = 30

/** The first that matches names the area. */
const AREAS: readonly (readonly [RegExp, string])[] = [
  [/^\(garbage collector\)/, 'garbage collection'],
  [/^\(program\)/, 'native code outside any function'],
  [/@grpc\/grpc-js/, 'grpc-js'],
  [/@bufbuild/, 'protobuf'],
  [/node:internal\/(http2|stream_base)/, "Node's http2"],
  [/node:(internal\/)?(_?tls|net)|internal\/tls/, "Node's tls and net"],
  [/node:internal\/crypto/, "Node's crypto"],
  [/sqlite/, 'store'],
  [/node:(internal\/)?stream/, "Node's streams"],
  [/node:/, 'the rest of Node'],
  [/src\/(x509|ssh)\//, 'certificates'],
  [/src\//, 'the rest of the hub'],
]

function summarize(file: string): string {
  const places = [...readPlaces(profile.parse(JSON.parse(readFileSync(file, 'utf8'))))]
  const busy = places.filter(({ label }) => !IDLE.has(label))
  const selfOf = ({ label, self }: Place): Share => ({ label, microseconds: self })
  const all = sum(busy.map(selfOf))
  const areas = [...Map.groupBy(busy, ({ area }) => area)].map(([label, members]) => ({
    label,
    microseconds: sum(members.map(selfOf)),
  }))
  const ours = busy.filter(({ label }) => label.includes(' src/'))
  const totals = ours.map(({ label, total }): Share => ({ label, microseconds: total }))
  return [
    `${basename(file)}: ${(all / 1e6).toFixed(1)} s at work\n`,
    formatShares('SELF', areas, all),
    formatShares('SELF', busy.map(selfOf), all),
    formatShares('TOTAL', totals, all),
  ].join('\n')
}

function readPlaces({ nodes, samples, timeDeltas }: Profile): Iterable<Place> {
  const places = new Map<string, Place>()
  const placeOf = new Map(nodes.map((node) => [node.id, placeIn(places, node.callFrame)]))
  const parentOf = new Map(nodes.flatMap(({ id, children }) => children.map((it) => [it, id])))
  for (const [index, sample] of samples.entries()) {
    const time = timeDeltas[index] ?? 0
    const own = placeOf.get(sample)
    if (own) own.self += time
    // Each once, however often it stands in the stack.
    const stack = new Set<Place>()
    for (let id: number | undefined = sample; id !== undefined; id = parentOf.get(id)) {
      const place = placeOf.get(id)
      if (place) stack.add(place)
    }
    for (const place of stack) place.total += time
  }
  return places.values()
}

function placeIn(
  places: Map<string, Place>,
  { functionName, url, lineNumber }: Profile['nodes'][number]['callFrame'],
): Place {
  const from = url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/src\//, 'src/')
  const label = `${functionName || '(anonymous)'}${from === '' ? '' : ` ${from}:${lineNumber + 1}`}`
  const area = AREAS.find(([pattern]) => pattern.test(label))?.[1] ?? 'native code'
  const place = places.get(label) ?? { label, area, self: 0, total: 0 }
  places.set(label, place)
  return place
}

function sum(shares: readonly Share[]): number {
  return shares.reduce((all, { microseconds }) => all + microseconds, 0)
}

function formatShares(header: string, shares: readonly Share[], all: number): string {
  const rows = shares.toSorted((a, b) => b.microseconds - a.microseconds).slice(0, MOST_ROWS)
  return formatTable<Share>(
    [
      { header, cell: ({ microseconds }) => `${((microseconds / all) * 100).toFixed(1)} %` },
      { header: 'WHERE', cell: ({ label }) => label },
    ],
    rows,
  )
}

process.stdout.write(process.argv.slice(2).map(summarize).join('\n'))
