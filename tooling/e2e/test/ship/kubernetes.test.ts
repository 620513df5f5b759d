import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet"
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy"
import { ConfigMap } from "kubernetes-models/v1/ConfigMap"
import { Namespace } from "kubernetes-models/v1/Namespace"
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim"
import { Pod } from "kubernetes-models/v1/Pod"
import { Service } from "kubernetes-models/v1/Service"
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount"
import { describe, expect, test } from "vitest"
import { parseAllDocuments } from "yaml"
import { dockerfile, IMAGE_USER } from "../../src/image.ts"
import { brokerVariables, readText } from "../../src/repository.ts"

// biome-ignore lint/suspicious/noExplicitAny: manifests are read without types.
const read = (name: string): any[] =>
  parseAllDocuments(readText(`deploy/kubernetes/${name}`)).map((document) => document.toJS())
const manifests = read("agentwrit.yaml")
const restorePods = read("restore-pod.yaml")
const of = (kind: string) => manifests.find((manifest) => manifest.kind === kind)

// biome-ignore lint/suspicious/noExplicitAny: as above.
const MODELS: Readonly<Record<string, new (data: any) => { validate(): void }>> = {
  ...{ Namespace, ServiceAccount, ConfigMap, PersistentVolumeClaim, StatefulSet, Service, NetworkPolicy, Pod },
}

describe("the manifests", () => {
  test.each([...manifests, ...restorePods].map((manifest) => [manifest.kind, manifest]))(
    "%s is what Kubernetes takes",
    (kind, manifest) => {
      const Model = MODELS[kind]
      if (Model === undefined) throw new Error(`no schema of ${kind}`)
      new Model(manifest).validate()
    },
  )

  test("the validation detects a wrong field", () => {
    const broken = { ...of("Service"), spec: { ports: [{ port: "eighty" }] } }
    expect(() => new Service(broken).validate()).toThrow()
  })

  test("everything is in one namespace with the restricted profile, and the pod conforms to it", () => {
    expect(of("Namespace").metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted")
    for (const { kind, metadata } of manifests) if (kind !== "Namespace") expect(metadata.namespace).toBe("agentwrit")
    const { securityContext: pod, containers } = of("StatefulSet").spec.template.spec
    expect(pod).toMatchObject({ runAsNonRoot: true, runAsUser: IMAGE_USER, seccompProfile: { type: "RuntimeDefault" } })
    for (const { securityContext } of containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      })
  })

  test("the ServiceMonitor scrapes the service, under the job that the alerts expect", () => {
    const [{ metadata, spec }] = read("service-monitor.yaml")
    const { metadata: service, spec: ports } = of("Service")
    expect(metadata.namespace).toBe(service.namespace)
    expect(service.labels).toMatchObject(spec.selector.matchLabels)
    expect(ports.ports.map(({ name }: { name: string }) => name)).toContain(spec.endpoints[0].port)
    expect(readText("deploy/monitoring/alerts.yml")).toContain(`up{job="${service.labels[spec.jobLabel]}"}`)
  })

  test("names, ports, paths and variables agree with each other and the image", () => {
    const { replicas, selector, template } = of("StatefulSet").spec
    const [broker] = template.spec.containers
    expect(replicas).toBe(1)
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    expect(of("Service").spec.selector).toEqual(selector.matchLabels)
    expect(of("NetworkPolicy").spec.podSelector).toEqual(selector)
    expect(broker.ports).toEqual([{ name: "http", containerPort: Number(dockerfile().said("EXPOSE")) }])
    expect(of("Service").spec.ports[0].targetPort).toBe("http")
    const [data, secret] = template.spec.volumes
    const [dataMount, secretMount] = broker.volumeMounts
    expect(dataMount).toEqual({ name: data.name, mountPath: dockerfile().said("VOLUME") })
    expect(data.persistentVolumeClaim.claimName).toBe(of("PersistentVolumeClaim").metadata.name)
    expect(secretMount.name).toBe(secret.name)
    expect(secret.secret.defaultMode).toBe(0o440)
    // The command that makes the secret is in the manifest's head.
    expect(readText("deploy/kubernetes/agentwrit.yaml")).toContain(
      `generic ${secret.secret.secretName} --from-literal=secret=`,
    )
    expect(broker.env).toContainEqual({ name: "AA_ADMIN_SECRET_FILE", value: `${secretMount.mountPath}/secret` })
    const variables = [...Object.keys(of("ConfigMap").data), ...broker.env.map(({ name }: { name: string }) => name)]
    for (const name of variables) expect(brokerVariables()).toContain(name)
    for (const probe of ["startupProbe", "readinessProbe"]) expect(broker[probe].exec.command).toEqual(["/healthcheck"])
    expect(template.spec.serviceAccountName).toBe(of("ServiceAccount").metadata.name)
    expect(broker.envFrom[0].configMapRef.name).toBe(of("ConfigMap").metadata.name)
  })

  test("a backup is restored by a pod like the broker's, with its volume and image", () => {
    const [restore] = restorePods
    const { spec } = of("StatefulSet").spec.template
    const [broker] = spec.containers
    const [container] = restore.spec.containers
    expect(restore.metadata.namespace).toBe("agentwrit")
    for (const like of ["securityContext", "serviceAccountName", "automountServiceAccountToken"])
      expect(restore.spec[like]).toEqual(spec[like])
    for (const like of ["image", "securityContext"]) expect(container[like]).toEqual(broker[like])
    // It needs no secret.
    expect(restore.spec.volumes).toEqual(spec.volumes.slice(0, 1))
    expect(container.volumeMounts).toEqual(broker.volumeMounts.slice(0, 1))
    // Neither service nor policy selects this pod.
    expect(restore.metadata.labels).toBeUndefined()
  })
})
