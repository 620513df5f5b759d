import type { Tree } from "../tree.ts"

/** All commands, in the order of the help. */
export const TREE: Tree = {
  init: {
    summary: "Write a config file with a new admin secret",
    load: async () => (await import("./init.ts")).init,
  },
  app: {
    summary: "Manage apps and their scope ceilings",
    commands: {
      register: {
        summary: "Register an app under a scope ceiling",
        load: async () => (await import("./app-register.ts")).appRegister,
      },
      list: { summary: "List the apps", load: async () => (await import("./app-list.ts")).appList },
      get: { summary: "Show one app", load: async () => (await import("./app-get.ts")).appGet },
      update: {
        summary: "Change an app's ceiling or token TTL",
        load: async () => (await import("./app-update.ts")).appUpdate,
      },
      remove: { summary: "Deregister an app", load: async () => (await import("./app-remove.ts")).appRemove },
    },
  },
  "launch-token": {
    summary: "Create launch tokens",
    commands: {
      create: {
        summary: "Create a launch token for an agent's registration",
        load: async () => (await import("./launch-token-create.ts")).launchTokenCreate,
      },
    },
  },
  agent: {
    summary: "Show agents",
    commands: {
      list: {
        summary: "List agents and their status",
        load: async () => (await import("./agent-list.ts")).agentList,
      },
    },
  },
  revoke: {
    summary: "Revoke a token, an agent, a task or a delegation chain",
    load: async () => (await import("./revoke.ts")).revoke,
  },
  token: {
    summary: "Release and inspect tokens",
    commands: {
      release: { summary: "Release a token", load: async () => (await import("./token-release.ts")).tokenRelease },
      inspect: {
        summary: "Show a token's claims, and whether it is valid",
        load: async () => (await import("./token-inspect.ts")).tokenInspect,
      },
    },
  },
  audit: {
    summary: "Read, verify and export the audit trail",
    commands: {
      events: { summary: "Show events", load: async () => (await import("./audit-events.ts")).auditEvents },
      verify: {
        summary: "Verify the trail's hash chain and checkpoints",
        load: async () => (await import("./audit-verify.ts")).auditVerify,
      },
      export: {
        summary: "Write the trail as NDJSON",
        load: async () => (await import("./audit-export.ts")).auditExport,
      },
    },
  },
  backup: {
    summary: "Copy and verify the broker's database while the broker runs",
    load: async () => (await import("./backup.ts")).backup,
  },
  health: { summary: "Show the broker's health", load: async () => (await import("./health.ts")).health },
  doctor: {
    summary: "Find problems in the set-up and say how to fix them",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  completion: {
    summary: "Print a completion script for a shell",
    load: async () => (await import("./completion.ts")).completion,
  },
}
