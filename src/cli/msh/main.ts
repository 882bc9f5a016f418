import { main } from '../program.ts'

await main('msh', async () => (await import('./program.ts')).msh)
