import { Agent, request } from "node:http"
import type { Ask } from "./storage-case.ts"

/** One connection that stays open: what is asked over it takes no further descriptor of the broker's. */
export class HeldConnection implements Disposable {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 })

  constructor(url: string) {
    this.#url = url
  }

  readonly ask: Ask = (route, { bearer, json } = {}) => {
    const [method = "GET", path = "/"] = route.split(" ")
    const headers = { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) }
    return new Promise((resolve, reject) => {
      const sent = request(this.#url + path, { method, headers, agent: this.#agent }, (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
        })
        response.on("error", reject).on("end", () => {
          const isJson = response.headers["content-type"]?.includes("json") === true
          resolve({
            status: response.statusCode ?? 0,
            headers: new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            text,
            body: isJson && text !== "" ? JSON.parse(text) : undefined,
          })
        })
      })
      sent.on("error", reject).end(json === undefined ? undefined : JSON.stringify(json))
    })
  };

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
