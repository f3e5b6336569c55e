// At SIGHUP a running hub reads its settings again; what is wrong changes nothing, and is said once.
import { isDeepStrictEqual } from 'node:util';
import type { DurablePolicies, Hub, SettingInForce, TlsOptions } from '@streams/hub';
import type { Cancel, Logger } from '@streams/protocol/internal';
import type { HubFlags } from './hub-flags.ts';
import { type HubSettings, readHubSettings } from './hub-settings.ts';
import { onHangup } from './signals.ts';

/** Whose settings are reloaded, and from where. */
export interface HubReloading {
  readonly hub: Hub;
  readonly policies: DurablePolicies;
  readonly typed: HubFlags;
  readonly logger: Logger;
  /** The settings in force. */
  readonly settings: HubSettings;
  /** Told those that are in force from now on. */
  readonly onReload: (settings: HubSettings) => Promise<void>;
}

/**
 * To be called before the settings are read: a SIGHUP that comes while the hub starts would end it, and is answered once it runs.
 * @returns a function that ends it.
 */
export function reloadAtHangup(running: Promise<HubReloading>): Cancel {
  const reloads = running.then(reloadsOf);
  let turn: Promise<unknown> = reloads;
  return onHangup(() => (turn = turn.then(async () => (await reloads)())));
}

/** @returns what reads the settings again; never rejects. */
function reloadsOf({ hub, policies, typed, logger, settings: first, onReload }: HubReloading): () => Promise<void> {
  let settings = first;
  return async () => {
    try {
      const next = await readHubSettings(typed);
      const tls = tlsOf(settings, next);
      await hub.reload({ ...next.reloadOptions, tls });
      await policies.reload();
      if (settings.options.jwt) await hub.reloadTokenKeys();
      const { changed, needRestart } = changesBetween(settings, next, tls === next.options.tls);
      const inForce = [
        ...next.inForce.filter(({ name }) => !needRestart.has(name)),
        ...settings.inForce.filter(({ name }) => needRestart.has(name)),
      ];
      settings = { ...settings, drain: next.drain, options: { ...settings.options, tls }, inForce };
      await onReload(settings);
      logger.info({ changed: [...changed] }, 'the hub has read its settings again');
      if (needRestart.size > 0)
        logger.warn({ needRestart: [...needRestart] }, `these have changed and need a restart: ${[...needRestart].join(', ')}`);
    } catch (error) {
      logger.error({}, `the hub keeps the settings that it has: ${(error as Error).message}`);
    }
  };
}

/** A hub goes over to other files; not from or to a CA of its own, which clients pin, nor from or to none. */
function tlsOf({ options: before }: HubSettings, { options: next }: HubSettings): TlsOptions | false {
  if (before.tls === false || next.tls === false || 'dataDirectory' in next.tls) return before.tls;
  return next.tls;
}

interface Changes {
  readonly changed: ReadonlySet<string>;
  readonly needRestart: ReadonlySet<string>;
}

function changesBetween(before: HubSettings, next: HubSettings, takesTls: boolean): Changes {
  const has = ({ inForce }: HubSettings, { name, value }: SettingInForce): boolean =>
    inForce.some((other) => other.name === name && isDeepStrictEqual(other.value, value));
  const differing = [...before.inForce, ...next.inForce].filter((setting) => !has(before, setting) || !has(next, setting));
  const isTaken = ({ name, isReloaded }: SettingInForce): boolean => isReloaded && (takesTls || !/^tls\b/.test(name));
  const names = (settings: readonly SettingInForce[]): ReadonlySet<string> => new Set(settings.map(({ name }) => name));
  return { changed: names(differing.filter(isTaken)), needRestart: names(differing.filter((setting) => !isTaken(setting))) };
}
