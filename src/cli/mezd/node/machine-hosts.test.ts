import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { machineNames, orderHosts } from './machine-hosts.ts'

describe('the hosts of a machine', () => {
  it('begin with the address from which it speaks to the hub', () => {
    const hosts = orderHosts({
      towardsHub: '10.0.0.7',
      names: ['Web-1.example.com', 'Web-1'],
      addresses: ['192.0.2.7', '10.0.0.7', '2001:db8::7', 'fe80::7', '169.254.1.1'],
    })
    assert.deepEqual(hosts, ['10.0.0.7', 'web-1.example.com', 'web-1', '192.0.2.7', '2001:db8::7'])
  })

  it('hold nothing that every machine has', () => {
    const names = ['localhost', 'localhost.localdomain', 'no_host name', 'db']
    const local = { towardsHub: '127.0.0.1', names, addresses: ['192.0.2.7'] }
    assert.deepEqual(orderHosts(local), ['192.0.2.7', 'db'])
  })

  it('are its own loopback where it has nothing else', () => {
    const hosts = orderHosts({ towardsHub: undefined, names: ['localhost'], addresses: [] })
    assert.deepEqual(hosts, ['127.0.0.1'])
  })

  it('are found on this machine', async () => {
    const found = await machineNames({ host: '127.0.0.1', port: 3025 })
    assert.equal(found.towardsHub, '127.0.0.1')
    assert.ok(found.names.length > 0)
  })
})
