/** The hub's administration: over its unix socket on its machine, over mTLS from elsewhere. */
import type { Clock } from '../base/clock.ts'
import {
  AdminService,
  AuditService,
  AuthorityService,
  BotService,
  CertificateService,
  LockService,
  RoleService,
  StatusService,
} from '../gen/mezite/v1/admin_pb.js'
import {
  AccessService,
  NodeService,
  SessionService,
  TokenService,
} from '../gen/mezite/v1/node_pb.js'
import { type HubChannel, openTlsChannel, openUnixChannel } from './channel.ts'
import { resolveTrust } from './hub-recognition.ts'
import type { ClientCredential, HubAddress, HubTrust } from './identity-hub.ts'
import { createServiceClient, type ServiceClient } from './service-client.ts'

export type AdminTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tls'
      readonly address: HubAddress
      readonly trust: HubTrust
      readonly credential: ClientCredential
      readonly clock: Pick<Clock, 'now'>
    }

/** Every call rejects with a HubError, or with its signal's reason when aborted. */
export interface AdminClient {
  readonly roles: ServiceClient<typeof RoleService>
  readonly bots: ServiceClient<typeof BotService>
  readonly locks: ServiceClient<typeof LockService>
  readonly nodes: ServiceClient<typeof NodeService>
  readonly tokens: ServiceClient<typeof TokenService>
  readonly access: ServiceClient<typeof AccessService>
  readonly sessions: ServiceClient<typeof SessionService>
  readonly admins: ServiceClient<typeof AdminService>
  readonly authorities: ServiceClient<typeof AuthorityService>
  readonly certificates: ServiceClient<typeof CertificateService>
  readonly audit: ServiceClient<typeof AuditService>
  readonly status: ServiceClient<typeof StatusService>
  close(): void
}

/**
 * Connects at the first call.
 *
 * @throws HubError where the hub's trust can't be established
 */
export async function openAdminClient(target: AdminTarget): Promise<AdminClient> {
  const channel = await openChannel(target)
  return {
    roles: createServiceClient(RoleService, channel),
    bots: createServiceClient(BotService, channel),
    locks: createServiceClient(LockService, channel),
    nodes: createServiceClient(NodeService, channel),
    tokens: createServiceClient(TokenService, channel),
    access: createServiceClient(AccessService, channel),
    sessions: createServiceClient(SessionService, channel),
    admins: createServiceClient(AdminService, channel),
    authorities: createServiceClient(AuthorityService, channel),
    certificates: createServiceClient(CertificateService, channel),
    audit: createServiceClient(AuditService, channel),
    status: createServiceClient(StatusService, channel),
    close: () => channel.close(),
  }
}

async function openChannel(target: AdminTarget): Promise<HubChannel> {
  if (target.kind === 'unix') return openUnixChannel(target.path)
  const trust = await resolveTrust(target.trust, target)
  return openTlsChannel(target, trust, target.credential)
}
