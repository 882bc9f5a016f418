import { main } from '../program.ts'

await main('mezhub', async () => (await import('./program.ts')).mezhub)
