/** Asks again and again until it is true, and answers whether it became so in time; what throws is not true yet. */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>, milliseconds = 8000): Promise<boolean> {
  const end = performance.now() + milliseconds
  for (;;) {
    const holds = await (async () => isTrue())().catch(() => false)
    if (holds || performance.now() > end) return holds
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
