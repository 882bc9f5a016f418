import { main } from '../program.ts'

await main('mezctl', async () => (await import('./program.ts')).mezctl)
