import { main } from '../program.ts'

await main('mezd', async () => (await import('./program.ts')).mezd)
