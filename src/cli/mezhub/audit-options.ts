/** What a hub does with its audit log besides writing it, and what it says of that. */
import type { AuditOptions } from '../../auth/audit.ts'
import type { SinkObserver, SinkPlace } from '../../auth/audit-sink.ts'
import { MeziteError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { HubStartValues } from './parameters.ts'
import { createSinkFile } from './sink-file.ts'
import { createStdoutSink } from './sink-stdout.ts'

export function auditOptions(
  { auditRetention, auditSink }: Pick<HubStartValues, 'auditRetention' | 'auditSink'>,
  log: Logger,
): AuditOptions {
  const place = auditSink === undefined ? undefined : placeOf(auditSink)
  return {
    keepMs: auditRetention,
    sink: place && { place, observer: sinkObserver(place, log) },
    onDamage: (error) =>
      log.error(
        { error, sequence: error.sequence },
        'the audit log is damaged: it is signed no more until it is looked into',
      ),
  }
}

function placeOf(sink: string): SinkPlace {
  return sink === 'stdout' ? createStdoutSink() : createSinkFile(sink)
}

function sinkObserver({ description }: SinkPlace, log: Logger): SinkObserver {
  const sink = description
  return {
    onFailure(error) {
      const hint = error instanceof MeziteError ? error.hint : undefined
      log.error(
        { sink, error, ...(hint && { hint }) },
        'audit events cannot be copied; they follow when they can',
      )
    },
    onRecovery: () => log.info({ sink }, 'audit events are copied again'),
    onBreak: (last) =>
      log.warn(
        { sink, last },
        'what was copied does not end as the audit log goes on: was the hub restored?',
      ),
  }
}
