import type { Tree } from "../tree.ts"

/** Every command of `awrit`, in the order of its help. */
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
    summary: "Make launch tokens",
    commands: {
      create: {
        summary: "Make a launch token for an agent's registration",
        load: async () => (await import("./launch-token-create.ts")).launchTokenCreate,
      },
    },
  },
  agent: {
    summary: "Look at agents",
    commands: {
      list: {
        summary: "List the agents and how each stands",
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
        summary: "Say what a token is, and whether it is good",
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
    summary: "Copy the broker's database, verified, while the broker runs",
    load: async () => (await import("./backup.ts")).backup,
  },
  health: { summary: "Show how the broker fares", load: async () => (await import("./health.ts")).health },
  doctor: {
    summary: "Find what is wrong with the set-up, and what to do",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  completion: {
    summary: "Print a completion script for a shell",
    load: async () => (await import("./completion.ts")).completion,
  },
}
