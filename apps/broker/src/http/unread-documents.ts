import type { ServerResponse } from "node:http"
import { Refusal } from "@agentwrit/authority"
import { endsWithinPatience } from "./page-places.ts"
import { SourceQuota } from "./source-quota.ts"

/**
 * Bytes of the broker's own documents that may wait for readers at a time. They are the same bytes for all, but TLS makes a copy for
 * each reader. The API page is 1.9 MB, so that ten browsers behind one address may load it at once, each for a second or so.
 */
const UNREAD = { ofSource: 20 * 1024 ** 2, inAll: 80 * 1024 ** 2 }

/** Bounds what those who ask for documents and do not read them can take. */
export class UnreadDocuments {
  readonly #unread = new SourceQuota(UNREAD)

  /**
   * Counts a document until its answer is over, for which it has as long as a page of the feed.
   * @param answer absent in process, where nothing waits.
   * @throws {@link Refusal} `unavailable` when too much waits.
   */
  hold(source: string, bytes: number, answer: ServerResponse | undefined): void {
    // Whoever went away is sent nothing.
    if (answer === undefined || answer.destroyed) return
    if (!this.#unread.take(source, bytes))
      throw new Refusal("unavailable", { detail: "too many documents wait to be read", retryAfter: 1 })
    endsWithinPatience(answer, () => this.#unread.giveBack(source, bytes))
  }
}
