/** Asks until the answer is true, and returns whether it was in time. An error counts as not true yet. */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>, timeoutMs = 8000): Promise<boolean> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const holds = await (async () => isTrue())().catch(() => false)
    if (holds || performance.now() > end) return holds
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
