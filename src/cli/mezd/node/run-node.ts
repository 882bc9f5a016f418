/** Runs a node's agent in the real world. */
import type { Logger } from '../../../base/log.ts'
import { RenewalTrigger } from '../../../identity/renewal-trigger.ts'
import { runNodeAgent } from '../../../node/agent.ts'
import type { NodeObserver } from '../../../node/node-observer.ts'
import type { Invocation } from '../../invocation.ts'
import { openLog } from '../../log-parameters.ts'
import { reloadOnSignal } from '../../service/reload.ts'
import { Service } from '../../service/service.ts'
import { Settings } from '../../service/settings.ts'
import { AgentHealth } from './agent-health.ts'
import type { NodeDiagnostics } from './diagnostics.ts'
import { logObserver } from './log-observer.ts'
import { type NodeStartValues, nodeParameters } from './parameters.ts'
import { nodePorts } from './ports.ts'
import { tellAll } from './tell-all.ts'

/**
 * Until the invocation's signal is aborted.
 *
 * @param readAgain the values as the files say now
 * @throws NodeError, IdentityError, HubError, ListenError, CliError
 */
export async function startNode(
  values: NodeStartValues,
  invocation: Invocation,
  readAgain: () => Promise<NodeStartValues>,
): Promise<void> {
  const log = await openLog(values, invocation)
  const trigger = new RenewalTrigger()
  const settings = new Settings<NodeStartValues>({
    ...{ values, readAgain, live: ['logLevel'], ignored: ['joinToken'] },
  })
  const health = new AgentHealth(invocation.clock)
  await using diagnostics = await createDiagnostics(values, invocation, log)
  await using service = new Service({ invocation, log, live: () => health.live() })
  const renewNow = () => {
    log.info({}, 'renewing now, as asked by a signal')
    trigger.renewNow()
  }
  using _reload = reloadOnSignal({
    ...{ invocation, log, settings, service, also: renewNow },
    onReloaded: (succeeded) => diagnostics?.onReloaded(succeeded),
  })
  using ends = new DisposableStack()
  ends.defer(invocation.on('SIGUSR1', renewNow))
  await runNodeAgent({
    ports: nodePorts(invocation),
    parameters: await nodeParameters(values, invocation),
    signal: invocation.signal,
    trigger,
    rereadJoinToken: async () => (await readAgain()).joinToken,
    onHeld: async () => diagnostics?.serve(health),
    observer: tellAll([
      logObserver(log),
      health,
      ...(diagnostics ? [diagnostics.observer] : []),
      systemdObserver(service),
    ]),
  })
  log.info({}, 'stopped; sshd goes on as it is')
}

/** The start is over when the hub was asked for the first time, whatever it said. */
function systemdObserver(service: Service): Partial<NodeObserver> {
  return {
    onConnection(connection) {
      service.ready()
      service.say(
        connection.state === 'fresh'
          ? 'in touch with the hub'
          : `out of touch with the hub, whose last word holds: ${connection.reason}`,
      )
    },
    onFailure: () => service.ready(),
  }
}

/** Loaded only where somebody wants to look. */
async function createDiagnostics(
  { diagAddr }: NodeStartValues,
  invocation: Invocation,
  log: Logger,
): Promise<NodeDiagnostics | undefined> {
  if (diagAddr === undefined) return undefined
  const { NodeDiagnostics } = await import('./diagnostics.ts')
  return new NodeDiagnostics(diagAddr, { program: 'mezd node', invocation, log })
}
