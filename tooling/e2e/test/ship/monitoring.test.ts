import { existsSync } from "node:fs"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { shareBroker } from "@agentwrit/testing/shared-broker"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { inRepository, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly runbook_url: string }
}

const rules: readonly Rule[] = parse(readText("deploy/monitoring/alerts.yml")).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
)
const dashboard = JSON.parse(readText("deploy/monitoring/grafana/dashboards/agentwrit.json"))
const queries: string[] = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
  targets.map(({ expr }) => expr),
)

let url: string
shareBroker((shared) => {
  url = shared.url
})

test("alerts and dashboard use only metrics of the broker", async () => {
  const { text } = await call(url, "GET /v1/metrics")
  const served = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name))
  const asked = [...rules.map(({ expr }) => expr), ...queries].flatMap(
    (expr) => expr.match(/\b(agentwrit|process|nodejs)_\w+/g) ?? [],
  )
  expect(asked.length).toBeGreaterThan(15)
  for (const name of asked) expect(served).toContain(name.replace(/_(bucket|sum|count)$/, ""))
})

test("there are alerts for the guide's cases, a broken chain, a degraded store and stale maintenance", () => {
  const said = rules.map(({ expr }) => expr).join("\n")
  for (const metric of [
    'agentwrit_admin_auth_total{status="failure"}',
    "agentwrit_tokens_revoked_total",
    "agentwrit_audit_chain_ok == 0",
    "agentwrit_store_ok == 0",
    "agentwrit_maintenance_last_run_timestamp_seconds",
  ])
    expect(said).toContain(metric)
})

test("every alert links to a section of the documentation", () => {
  for (const { annotations } of rules) {
    const { pathname, hash } = new URL(annotations.runbook_url)
    const page = pathname.replace("/devonartis/agentwrit/blob/main/", "")
    const anchor = hash.slice(1)
    const headings = [...readText(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    )
    expect(headings).toContain(anchor)
  }
})

test("Prometheus and Grafana find each other and their files", () => {
  const { services } = parse(readText("docker-compose.monitoring.yml"))
  const [scrape] = parse(readText("deploy/monitoring/prometheus.yml")).scrape_configs
  const [target] = scrape.static_configs[0].targets
  expect(target).toBe("broker:8080")
  expect(Object.keys(parse(readText("docker-compose.yml")).services)).toContain("broker")
  const [source] = parse(readText("deploy/monitoring/grafana/provisioning/datasources/prometheus.yml")).datasources
  expect(Object.keys(services)).toContain(new URL(source.url).hostname)
  expect(dashboard.panels.every((panel: { datasource: { uid: string } }) => panel.datasource.uid === source.uid)).toBe(
    true,
  )
  const [provider] = parse(readText("deploy/monitoring/grafana/provisioning/dashboards/agentwrit.yml")).providers
  const mounted = services.grafana.volumes.find((entry: string) => entry.includes(provider.options.path))
  expect(existsSync(inRepository(mounted.split(":")[0]))).toBe(true)
})

describe.skipIf(missingPrograms("promtool's look at the rules", "promtool"))("promtool", () => {
  test("accepts configuration, rules and the dashboard's queries", async () => {
    const { code, stderr, stdout } = await shell(
      `promtool check config ${inRepository("deploy/monitoring/prometheus.yml")}`,
    )
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining(`${rules.length} rules found`)])
  })

  test("accepts the metrics of a broker", async () => {
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder)
    const { code, stderr, stdout } = await shell("curl --fail --silent $URL/v1/metrics | promtool check metrics", {
      URL: broker.url,
    })
    expect([code, stdout + stderr]).toEqual([0, ""])
  })

  test("each alert fires at its time, and not before", async () => {
    const { code, stderr, stdout } = await shell(
      `promtool test rules ${inRepository("deploy/monitoring/alerts.test.yml")}`,
    )
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("SUCCESS")])
    const tested = readText("deploy/monitoring/alerts.test.yml")
    for (const { alert } of rules) expect(tested).toContain(`alertname: ${alert}`)
  })
})
