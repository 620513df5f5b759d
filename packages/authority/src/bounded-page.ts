/** Bytes of a page whose entries agents and apps wrote (CONTRACT 4). */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Entries that are read first: each may have 64 KB. */
const FIRST_BATCH_SIZE = 100

/** Entries of a page, and the number of matches on all pages. */
export interface Page<T> {
  readonly entries: readonly T[]
  readonly total: number
}

/** Reads a page that ends early at 4 MiB, and holds at least one entry if there is one. */
export async function boundedPage<T>(
  { limit, offset }: { readonly limit: number; readonly offset: number },
  read: (limit: number, offset: number) => Promise<Page<T>>,
): Promise<Page<T>> {
  const page: T[] = []
  let bytes = 0
  for (;;) {
    // As many as the rest of the page has room for, if they are like those before: each read counts all matches.
    const room = page.length === 0 ? FIRST_BATCH_SIZE : Math.ceil(((MAX_PAGE_BYTES - bytes) * page.length) / bytes)
    const asked = Math.min(Math.max(room, 1), limit - page.length)
    const { entries, total } = await read(asked, offset + page.length)
    for (const entry of entries) {
      bytes += Buffer.byteLength(JSON.stringify(entry))
      if (bytes > MAX_PAGE_BYTES && page.length > 0) return { entries: page, total }
      page.push(entry)
    }
    if (entries.length < asked || page.length === limit) return { entries: page, total }
  }
}
