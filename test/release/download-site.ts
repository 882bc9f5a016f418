import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { argv } from 'node:process'

/**
 * Serves one file over HTTPS at one path, as a process of its own in some network:
 *
 *     download-site.ts ADDRESS URL-PATH FILE KEY CERTIFICATE
 */
const [address, path, file = '', key = '', certificate = ''] = argv.slice(2)
const content = readFileSync(file)
createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
  const isIt = request.url === path
  response.writeHead(isIt ? 200 : 404).end(isIt ? content : undefined)
}).listen(443, address, () => process.stdout.write('ready\n'))
