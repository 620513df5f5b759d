import { bundle } from "@agentwrit/checks/bundle"
import { startProxy } from "@agentwrit/testing/proxy"
import { type Browser, chromium } from "playwright-core"

/** The browser of Debian's package. */
export const CHROMIUM = "/usr/bin/chromium"

/** The bundles that a page can import, by path: `await import("/sdk.js")`. */
const BUNDLES: Readonly<Record<string, string>> = {
  "/sdk.js": "@agentwrit/sdk",
  "/verify.js": "@agentwrit/sdk/verify",
}

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]

/** A page in a real browser. */
export interface BrowserPage extends AsyncDisposable {
  readonly origin: string
  /** Runs the body of an async function in the page, and resolves with its result. */
  run<T>(body: string): Promise<T>
}

/** Further answers of the page's origin, by path. */
export type PageRoutes = Readonly<Record<string, { status?: number; headers?: Record<string, string>; body?: string }>>

/** Opens a page in Chromium, with a temporary profile. */
export async function openPage(routes: PageRoutes): Promise<BrowserPage> {
  const bundles = new Map<string, string>()
  for (const [path, entry] of Object.entries(BUNDLES)) bundles.set(path, await bundle(entry))
  const server = await startProxy("")
  server.intercept = ({ url = "" }, answer) => {
    const code = bundles.get(url)
    const { status = 200, headers = {}, body = "" } = routes[url] ?? { status: 404 }
    if (code !== undefined) answer.writeHead(200, { "content-type": "text/javascript" }).end(code)
    else if (url === "/")
      answer.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>")
    else answer.writeHead(status, headers).end(body)
    return "taken"
  }
  let browser: Browser | undefined
  try {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
    const page = await browser.newPage()
    await page.goto(server.url)
    return {
      origin: server.url,
      run: (body) => page.evaluate(`(async () => {\n${body}\n})()`),
      async [Symbol.asyncDispose]() {
        await browser?.close()
        await server[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await browser?.close()
    await server[Symbol.asyncDispose]()
    throw error
  }
}
