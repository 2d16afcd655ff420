/** Before a first `up`: the machine itself, this one or servers that are there already. */
import type Docker from "dockerode";
import { checkScript } from "../components/host/bootstrap/script";
import { connect } from "../components/host/engine";
import { quote } from "../components/services/job";
import { serverPlanOf } from "../components/host/servers";
import { accessOf, type Server, serversOf, type SshAccess } from "../components/host/ssh";
import { EngineMissing, runOnHost, sshFault } from "../components/host/tunnel";
import { type Fault, faultsSeen } from "../doctor/before/faults";
import { bootstrapSeen, rootSeen, sshFaultSeen, versionIn, type Way } from "../doctor/before/server";
import { folderTargetSeen, noBackups } from "../doctor/before/storage";
import type { Check, Seen } from "../doctor/check";
import { engineId } from "../doctor/patient";
import type { Topology } from "../stacks/topology";
import { mainHost } from "../stacks/topology/hosts";
import { once, type Outlook } from "./doctorOutlook";
import { missingImages, missingRoom, takenNames, tooOld, tooOldEngine } from "./preflight";
import { kernelNotices, takenPorts } from "./preflight.network";

/** Shorter than a check may take. */
const patienceSeconds = 8;

export function hostChecks(outlook: Outlook): Check[] {
  const { settings } = outlook.topology;
  if (settings.host.provider === "local") return localChecks(outlook, settings.host.engine);
  return Object.entries(serversOf(outlook.topology)).flatMap(([name, server]) =>
    serverChecks(outlook, name, server),
  );
}

function localChecks({ topology, state }: Outlook, socket: string): Check[] {
  const docker = once(() => connect(socket));
  const lists = engineLists(mainHost, docker, { topology, state });
  const shared = { group: "machine", needs: [engineId(mainHost)] } as const;
  const of = (ask: (engine: Docker) => Promise<readonly Fault[]>, well: string) => async (): Promise<Seen> =>
    faultsSeen(await ask(await docker()), well);
  return [
    {
      id: engineId(mainHost),
      group: "machine",
      title: "Docker Engine of this machine",
      means: "nothing can run here",
      fix: `start it (systemctl start docker, or Docker Desktop), or set muster:host.engine, now ${socket}`,
      run: async () => {
        const engine = await docker();
        const { Version } = await engine.version();
        return faultsSeen(await tooOldEngine(engine), Version);
      },
    },
    {
      ...shared,
      id: `room.${mainHost}`,
      title: "memory and disk",
      means: "services end for lack of memory, or images don't fit",
      fix: "lower muster:people, or make room",
      run: of((engine) => missingRoom(engine, topology), "enough"),
    },
    ...lists,
    {
      ...shared,
      id: `ports.${mainHost}`,
      title: "ports of the stack",
      means: "a service that listens there can't start",
      fix: "stop the other program, or choose another port",
      run: async () => faultsSeen(await takenPorts(await docker(), topology, await state()), "free"),
    },
    {
      ...shared,
      id: `kernel.${mainHost}`,
      title: "kernel settings for media",
      means: "with many people, sound and pictures break off",
      fix: "set what is named",
      run: () => Promise.resolve(kernelSeen(kernelNotices(topology))),
    },
  ];
}

/** A notice ends with the command that helps. */
const kernelSeen = (notices: readonly string[]): Seen =>
  faultsSeen(
    notices.map((notice) => {
      const at = notice.lastIndexOf(": ");
      return { what: notice.slice(0, at), fix: notice.slice(at + 2) };
    }),
    "large enough",
    "warning",
  );

/** The up itself lets its user talk to the engine. */
const rootsEngine =
  "look there yourself (sudo docker ps --all, sudo docker volume ls), or let the user of muster:host.user talk to the engine (group docker)";

/**
 * What any engine may lack, wherever it is.
 * @param hidden version of an engine that answers root alone.
 */
function engineLists(
  host: string,
  docker: () => Promise<Docker | undefined>,
  { topology, state }: Pick<Outlook, "topology" | "state">,
  hidden: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Check[] {
  const notAsked = async (): Promise<Seen> =>
    (await hidden()) === undefined
      ? { ok: true, saw: "no Docker Engine yet: the up installs it" }
      : { ok: "unchecked", saw: "the Docker Engine answers root alone", fix: rootsEngine };
  const shared = { group: "machine" as const, needs: [engineId(host)] };
  return [
    {
      ...shared,
      id: `images.${host}`,
      title: `images for ${host}`,
      means: "services can't start",
      fix: "look whether the registry answers",
      run: async () => {
        const engine = await docker();
        if (engine === undefined) return notAsked();
        return faultsSeen(await missingImages(engine, topology), "there, or to be had");
      },
    },
    {
      ...shared,
      id: `names.${host}`,
      title: `containers and volumes of ${host}`,
      means: "another installation has this stack's names",
      fix: "run it from the folder that made them",
      run: async () => {
        const engine = await docker();
        if (engine === undefined) return notAsked();
        return faultsSeen(await takenNames(engine, topology, await state()), "no stranger's");
      },
    },
  ];
}

function serverChecks(outlook: Outlook, name: string, server: Server): Check[] {
  const { topology, key } = outlook;
  const { user, address, port } = server;
  const setting = name === mainHost ? "muster:host" : `muster:host.${name}`;
  const reach = once(async (): Promise<{ access: SshAccess; way: Way }> => {
    const { folder, publicLine } = await key("sshKey");
    return {
      access: { ...accessOf(topology, name, server), folder, patienceSeconds },
      way: {
        at: `${user}@${address}, port ${port}`,
        user,
        publicLine,
        keys: { hostKey: `${setting}.hostKey`, address: `${setting}.address` },
      },
    };
  });
  const docker = once(async () => {
    try {
      return await connect((await reach()).access);
    } catch (error) {
      if (error instanceof EngineMissing) return undefined;
      throw error;
    }
  });
  const root = user === "root" ? "" : "sudo -n ";
  /** Where it doesn't answer our user, it may be there all the same. */
  const hidden = once(async (): Promise<string | undefined> => {
    const { access } = await reach();
    return versionIn(await runOnHost(access, `${root}docker version --format '{{.Server.Version}}'`));
  });
  const sshId = `ssh.${name}`;
  return [
    {
      id: sshId,
      group: "machine",
      title: `SSH to ${name}, as root`,
      means: "the machine can't be set up",
      fix: `look at ${setting}`,
      needs: ["secret.sshKey"],
      run: async () => {
        const { access, way } = await reach();
        const ran = await runOnHost(access, `${root}true`);
        return ran.code === 255 ? sshFaultSeen(sshFault(ran.stderr), ran.stderr, way) : rootSeen(ran, way);
      },
    },
    {
      id: `server.${name}`,
      group: "machine",
      title: `what the set-up asks of ${name}`,
      means: "the set-up would refuse this machine",
      fix: "mend what is named",
      needs: [sshId],
      run: async () => {
        const { access } = await reach();
        return bootstrapSeen(
          await runOnHost(access, `${root}sh -s`, checkScript(serverPlanOf(topology, name, server))),
        );
      },
    },
    {
      id: engineId(name),
      group: "machine",
      title: `Docker Engine of ${name}`,
      means: "the engine that is there is too old",
      fix: "upgrade Docker there, or remove it: the up installs one",
      needs: [sshId],
      run: async () => {
        const engine = await docker();
        const version = engine === undefined ? await hidden() : (await engine.version()).Version;
        if (version === undefined) return { ok: true, saw: "none yet: the up installs it" };
        return faultsSeen(tooOld(version), version);
      },
    },
    ...engineLists(name, docker, outlook, hidden),
    ...(name === mainHost ? backupFolderCheck(topology, sshId, async () => (await reach()).access) : []),
  ];
}

/** A folder for backups that lies on the server itself. */
function backupFolderCheck({ settings }: Topology, sshId: string, reach: () => Promise<SshAccess>): Check[] {
  const { target } = settings.backup;
  if (target.kind !== "folder" || target.path === undefined) return [];
  const { path } = target;
  return [
    {
      ...folderTarget,
      needs: [sshId],
      run: async () => {
        const access = await reach();
        const root = access.user === "root" ? "" : "sudo -n ";
        const { code } = await runOnHost(access, `${root}test -d ${quote(path)}`);
        return folderTargetSeen(path, code === 0);
      },
    },
  ];
}

/** The check of a folder for backups, on whichever machine. */
export const folderTarget = {
  id: "backup.target",
  group: "backups",
  title: "folder for backups",
  means: noBackups,
  fix: "make it",
} as const;
