import type { PageRequest } from './storage.ts'

const PAGE = 1_000

/** All that a list of names has, page by page: also what is added meanwhile, where it comes later. */
export async function* everyOne<Entity extends { readonly name: string }>(
  list: (page: PageRequest) => Promise<readonly Entity[]>,
): AsyncGenerator<Entity, void, undefined> {
  let after: string | undefined
  for (;;) {
    const page = await list({ after, limit: PAGE })
    yield* page
    after = page.at(-1)?.name
    if (page.length < PAGE) return
  }
}
