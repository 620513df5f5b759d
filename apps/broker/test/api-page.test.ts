import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { ask, brokerFolder } from "./in-process.ts"

const KEPT = new URL("../../../docs/openapi.json", import.meta.url)

test("the served OpenAPI document is the one in docs", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const document = await ask(broker.app, "GET /v1/openapi.json")
  expect([document.status, document.headers.get("content-type")]).toEqual([200, "application/json"])
  expect(document.body).toEqual(JSON.parse(readFileSync(KEPT, "utf8")))
})

test("the API page shows every operation and schema", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const page = await ask(broker.app, "GET /v1/docs")
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
  const { paths, components } = JSON.parse(readFileSync(KEPT, "utf8"))
  for (const methods of Object.values<object>(paths))
    for (const { operationId } of Object.values(methods)) expect(page.text).toContain(`<h3 id="${operationId}">`)
  for (const name of Object.keys(components.schemas)) expect(page.text).toContain(`<h3 id="schema-${name}">`)
  const links = [...page.text.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target)
  for (const target of links) expect(page.text).toContain(`id="${target}"`)
  expect(page.text.length).toBeLessThan(300_000)
})

test("the API page runs no script and loads nothing", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const page = await ask(broker.app, "GET /v1/docs")
  expect(page.text).not.toMatch(/<script|<link|<img|\bsrc=|\bstyle=|\bon\w+=/)
  const style = /<style>(.*?)<\/style>/s.exec(page.text)?.[1] ?? ""
  const hash = createHash("sha256").update(style).digest("base64")
  expect(page.headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(page.headers.get("x-content-type-options")).toBe("nosniff")
})

test("the API page answers only GET and HEAD", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const posted = await ask(broker.app, "POST /v1/docs")
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
  expect((await ask(broker.app, "HEAD /v1/docs")).status).toBe(200)
  expect((await ask(broker.app, "GET /v1/docs/")).status).toBe(404)
})
