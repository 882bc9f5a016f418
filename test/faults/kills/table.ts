import type { KillReport } from './run-kills.ts'

const HEAD = ['scene', 'points', 'kills', 'missed', 'controls', 'failed']

/** One line for each scene, and one for all. */
export function formatReport({ scenes, failures }: KillReport): string {
  const rows = scenes.map(({ name, points, kills, missed, controls }) => [
    name,
    ...[
      points,
      kills,
      missed.length,
      controls,
      failures.filter(({ scene }) => scene === name).length,
    ],
  ])
  const sums = HEAD.slice(1).map((_, column) =>
    rows.reduce((sum, row) => sum + Number(row[column + 1]), 0),
  )
  const lines = [HEAD, ...rows, ['all', ...sums]].map((row) => row.map(String))
  const widths = HEAD.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}
