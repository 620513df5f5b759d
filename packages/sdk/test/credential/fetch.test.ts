import { startApi } from "@agentwrit/testing/api-server"
import { delegatedToken } from "@agentwrit/testing/delegated-token"
import { closedAddress } from "@agentwrit/testing/proxy"
import { describe, expect, it } from "vitest"
import { type AllowedOrigins, acceptDelegation, TargetError } from "../../src/index.ts"

const token = delegatedToken()

function credential(
  allowedOrigins: AllowedOrigins = "any",
  fetch?: (url: string, init: RequestInit) => Promise<Response>,
) {
  return acceptDelegation({ brokerUrl: "https://broker.example", token, allowedOrigins, fetch })
}

const bearer = `Bearer ${token}`

describe("the request", () => {
  it("has the token, and everything that the caller gave", async () => {
    await using api = await startApi()
    const { fetch } = credential()
    const answer = await fetch(`${api.origin}/a?b=c`, { method: "put", body: "text", headers: { "x-mine": "1" } })
    expect([answer.status, await answer.text()]).toEqual([200, "PUT /a?b=c"])
    expect(api.received).toMatchObject([
      { method: "PUT", authorization: bearer, body: "text", headers: { "x-mine": "1" } },
    ])
    expect(api.received[0]?.headers["content-type"]).toMatch(/^text\/plain/)
  })

  const bodies: [string, () => RequestInit, RegExp, string | RegExp][] = [
    ["parameters", () => ({ body: new URLSearchParams({ a: "1" }) }), /urlencoded/, "a=1"],
    ["bytes", () => ({ body: Uint8Array.of(97, 98) }), /^$/, "ab"],
    ["a blob", () => ({ body: new Blob(["ab"], { type: "text/x" }) }), /text\/x/, "ab"],
    ["a form", () => ({ body: form() }), /^multipart\/form-data; boundary=/, /name="field"/],
    ["a stream", () => ({ body: new Blob(["ab"]).stream(), duplex: "half" }) as RequestInit, /^$/, "ab"],
  ]
  it.each(bodies)("may have %s as its body", async (_what, init, type, body) => {
    await using api = await startApi()
    await credential().fetch(api.origin, { method: "POST", ...init() })
    expect(api.received[0]?.headers["content-type"] ?? "").toMatch(type)
    expect(api.received[0]?.body).toMatch(body)
  })

  it("may be a Request, whose body, method, headers and signal are used", async () => {
    await using api = await startApi()
    const aborter = new AbortController()
    const { signal } = aborter
    const request = new Request(`${api.origin}/a`, { method: "POST", body: form(), headers: { "x-mine": "1" }, signal })
    await credential().fetch(request)
    expect(api.received).toMatchObject([
      { method: "POST", path: "/a", authorization: bearer, headers: { "x-mine": "1" } },
    ])
    expect(api.received[0]?.body).toContain(/boundary=(.*)/.exec(api.received[0]?.headers["content-type"] ?? "")?.[1])
    aborter.abort(new Error("enough"))
    await expect(credential().fetch(new Request(api.origin, { signal }))).rejects.toThrow("enough")
  })

  it("must not have an Authorization header of the caller", async () => {
    const { fetch } = credential(undefined, unreachable)
    const headers = { Authorization: "Basic eA==" }
    await expect(fetch("https://api.example", { headers })).rejects.toThrow(TypeError)
    await expect(fetch(new Request("https://api.example", { headers }))).rejects.toThrow(TypeError)
  })

  it("stops when its signal aborts", async () => {
    await using api = await startApi()
    await expect(credential().fetch(api.origin, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
    expect(api.received).toEqual([])
  })

  it("fails like fetch when nothing listens", async () => {
    await expect(credential().fetch(await closedAddress())).rejects.toThrow(TypeError)
  })
})

describe("the target", () => {
  it.each([
    ["http://api.example/", "insecure_target"],
    ["http://10.0.0.1/", "insecure_target"],
    ["http://127.0.0.1.example/", "insecure_target"],
    ["http://localhost.example/", "insecure_target"],
    ["http://api.localhost/", "insecure_target"],
    ["data:text/plain,hello", "origin_not_allowed"],
    ["blob:https://api.example/0b4d-11", "origin_not_allowed"],
    ["file:///etc/hosts", "origin_not_allowed"],
  ])("%s is refused as %s, and nothing is sent", async (url, code) => {
    const { fetch } = credential(undefined, unreachable)
    await expect(fetch(url)).rejects.toMatchObject({ name: "TargetError", code })
  })

  it.each(["https://api.example/", "http://localhost:8080/", "http://127.9.9.9/", "http://[::1]/"])(
    '%s is taken with "any"',
    async (url) => {
      const { fetch } = credential(undefined, async () => new Response("reached"))
      expect(await (await fetch(url)).text()).toBe("reached")
    },
  )

  it.each([
    "https://api.example:8443/",
    "http://api.example/",
    "https://api.example.evil.example/",
    "https://sub.api.example/",
    "https://evil.example/?https://api.example",
    "blob:https://api.example/0b4d-11",
    "http://127.0.0.1/",
  ])("%s is refused when only https://api.example is on the list", async (url) => {
    const { fetch } = credential(["https://api.example"], unreachable)
    const refused = fetch(url)
    await expect(refused).rejects.toThrow(TargetError)
    await expect(refused).rejects.toMatchObject({ code: "origin_not_allowed" })
  })

  it("may be named in the options of one fetch, which replace the credential's", async () => {
    const { fetch } = credential(["https://api.example"], async () => new Response("reached"))
    expect((await fetch("https://other.example", { allowedOrigins: ["https://other.example"] })).status).toBe(200)
    await expect(fetch("https://api.example", { allowedOrigins: [] })).rejects.toThrow(TargetError)
    await expect(fetch("https://api.example", { allowedOrigins: "https://a" as never })).rejects.toThrow(TypeError)
  })

  it("may be http when the list contains it; an empty list refuses everything", async () => {
    const reached = async () => new Response("reached")
    expect((await credential(["http://api.internal"], reached).fetch("http://api.internal/x")).status).toBe(200)
    expect((await credential(["https://API.example:443"], reached).fetch("https://api.example/x")).status).toBe(200)
    await expect(credential([], unreachable).fetch("https://api.example")).rejects.toThrow(TargetError)
  })

  it.each([
    "https://api.example/path",
    "https://*.example",
    "https://u:p@api.example",
    "api.example",
    "*",
    "",
    "ftp://a",
  ])("%j is refused as an origin of the list", (origin) => {
    expect(() => credential([origin])).toThrow(TypeError)
    expect(() => credential([{ origin }])).toThrow(TypeError)
  })

  it("has a known scheme and no other option", () => {
    const origin = "https://api.example"
    expect(() => credential([{ origin, scheme: "basic" as never }])).toThrow(/"dpop" or "bearer"/)
    expect(() => credential([{ origin, schema: "bearer" } as never])).toThrow(/has no option "schema"/)
  })

  it("is named in errors only by its origin", async () => {
    const error = await credential([]).fetch("https://api.example/secret-path?key=secret").catch(String)
    expect(error).toContain("https://api.example")
    expect(error).not.toContain("secret")
  })
})

describe("a redirect", () => {
  it("within the origin keeps the token, the method and the body", async () => {
    await using api = await startApi(({ path }) => (path === "/a" ? to("/b", 308) : {}))
    const answer = await credential().fetch(`${api.origin}/a`, { method: "POST", body: form() })
    expect(await answer.text()).toBe("POST /b")
    expect(api.received.map(({ path, authorization }) => [path, authorization])).toEqual([
      ["/a", bearer],
      ["/b", bearer],
    ])
    const [, { headers = {}, body = "" } = {}] = api.received
    expect(body).toContain(/boundary=(.*)/.exec(headers["content-type"] ?? "")?.[1])
  })

  it.each([301, 302, 303, 307, 308])(
    "of status %i to another origin goes there without the token, for good",
    async (status) => {
      await using home = await startApi(({ path }) => (path === "/" ? to(`${other.origin}/there`, status) : {}))
      await using other: Awaited<ReturnType<typeof startApi>> = await startApi(() => to(`${home.origin}/back`, 307))
      const headers = { cookie: "a=1", "proxy-authorization": "Basic eA==", "x-mine": "1" }
      await credential().fetch(home.origin, { headers })
      expect(home.received[0]).toMatchObject({ path: "/", authorization: bearer, headers })
      for (const request of [other.received[0], home.received[1]]) {
        expect(request?.authorization).toBeUndefined()
        expect(request?.headers).toMatchObject({ "x-mine": "1" })
        expect(request?.headers).not.toHaveProperty("cookie")
        expect(request?.headers).not.toHaveProperty("proxy-authorization")
      }
      expect(home.received[1]?.path).toBe("/back")
    },
  )

  it("to another origin drops the Host header, which a custom fetch may send", async () => {
    const hosts: (string | null)[] = []
    const redirecting = async (url: string, { headers }: RequestInit) => {
      hosts.push(new Headers(headers).get("host"))
      return url === "https://a.example/" ? Response.redirect("https://b.example/") : new Response()
    }
    await credential(undefined, redirecting).fetch("https://a.example", { headers: { host: "internal.example" } })
    expect(hosts).toEqual(["internal.example", null])
  })

  it("to another port or another name of this machine goes to another origin", async () => {
    await using other = await startApi()
    const named = other.origin.replace("127.0.0.1", "localhost")
    await using home = await startApi(({ path }) => (path === "/port" ? to(other.origin, 302) : to(named, 302)))
    const { fetch } = credential()
    await fetch(`${home.origin}/port`)
    await fetch(`${home.origin}/name`).catch(() => undefined)
    expect(other.received.length).toBeGreaterThan(0)
    for (const { authorization } of other.received) expect(authorization).toBeUndefined()
  })

  it("to an origin off the list is refused before anything is sent; to one on the list, it is followed without the token", async () => {
    await using other = await startApi()
    await using home = await startApi(() => to(other.origin, 307))
    await expect(credential([home.origin]).fetch(home.origin)).rejects.toMatchObject({ code: "origin_not_allowed" })
    expect(other.received).toEqual([])
    await credential([home.origin, other.origin]).fetch(home.origin)
    expect(other.received.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it.each<[number, string, string, string]>([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [301, "PUT", "PUT", "text"],
    [307, "POST", "POST", "text"],
    [308, "PATCH", "PATCH", "text"],
  ])("of status %i changes %s to %s", async (status, method, then, body) => {
    await using api = await startApi(({ path }) => (path === "/a" ? to("/b", status) : {}))
    await credential().fetch(`${api.origin}/a`, { method, body: "text" })
    expect(api.received[1]).toMatchObject({ method: then, body, authorization: bearer })
    expect("content-type" in (api.received[1]?.headers ?? {})).toBe(body !== "")
  })

  it("cannot repeat a stream", async () => {
    await using api = await startApi(({ path }) => (path === "/a" ? to("/b", 307) : {}))
    const init = { method: "POST", body: new Blob(["text"]).stream(), duplex: "half" } as RequestInit
    await expect(credential().fetch(`${api.origin}/a`, init)).rejects.toMatchObject({ code: "redirect_refused" })
    expect(api.received).toHaveLength(1)
  })

  it("is followed at most twenty times", async () => {
    await using api = await startApi(({ path }) => to(`/${Number(path.slice(1)) + 1}`, 302))
    await expect(credential().fetch(`${api.origin}/0`)).rejects.toMatchObject({ code: "redirect_refused" })
    expect(api.received).toHaveLength(21)
  })

  it.each(["ftp://127.0.0.1/", "data:,x", "https://user:pass@api.example/", "http://%zz/"])(
    "to %s is refused",
    async (location) => {
      await using api = await startApi(() => to(location, 302))
      await expect(credential().fetch(api.origin)).rejects.toMatchObject({ code: "redirect_refused" })
    },
  )

  it("from https to http is refused, and so is one whose target the platform hides", async () => {
    const sent: string[] = []
    const down = async (url: string) => {
      sent.push(url)
      return new Response("", { status: 302, headers: { location: "http://127.0.0.1/" } })
    }
    await expect(credential(undefined, down).fetch("https://api.example")).rejects.toMatchObject({
      code: "redirect_refused",
    })
    expect(sent).toEqual(["https://api.example/"])
    const hidden = async () => Object.defineProperty(new Response(), "type", { value: "opaqueredirect" })
    await expect(credential(undefined, hidden).fetch("https://api.example")).rejects.toMatchObject({
      code: "redirect_refused",
    })
  })

  it("is returned with redirect: manual, an error with redirect: error, and needs a Location", async () => {
    await using api = await startApi(({ path }) => (path === "/a" ? to("/b", 302) : { status: 302 }))
    const { fetch } = credential()
    const answer = await fetch(`${api.origin}/a`, { redirect: "manual" })
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/b"])
    await expect(fetch(`${api.origin}/a`, { redirect: "error" })).rejects.toThrow(TypeError)
    expect((await fetch(`${api.origin}/none`)).status).toBe(302)
    expect(api.received).toHaveLength(3)
  })
})

function to(location: string, status: number) {
  return { status, headers: { location } }
}

function form(): FormData {
  const data = new FormData()
  data.set("field", "value")
  return data
}

async function unreachable(): Promise<Response> {
  throw new Error("something was sent")
}
