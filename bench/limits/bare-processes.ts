/** A whole Node process for one TLS handshake, and nothing of Mezite in it. */
export function oneHandshake(port: number): readonly string[] {
  return script(`${connecting(port)}, function () { this.destroy() })`)
}

/** A process that makes one TLS connection, says so, and holds it. */
export function heldConnection(port: number): readonly string[] {
  return script(`${connecting(port)}, () => console.error('connected'))`)
}

/** The shortest life of a Node process. */
export function emptyProcess(): readonly string[] {
  return script('0')
}

function script(text: string): readonly string[] {
  return [process.execPath, '-e', text]
}

function connecting(port: number): string {
  const options = { host: '127.0.0.1', port, ALPNProtocols: ['h2'], rejectUnauthorized: false }
  return `require('node:tls').connect(${JSON.stringify(options)}`
}
