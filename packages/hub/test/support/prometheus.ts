// Prometheus' text format as strictly as a test wants it: one HELP and TYPE for each metric, then its samples.
import { request } from 'node:https';
import type { ReachableHub } from './rest.ts';

/** One metric of a scrape. */
interface Family {
  readonly help: string;
  readonly type: string;
  /** `name{labels}` -> value. */
  readonly samples: Map<string, number>;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{([^{}]*)\})? (\S+)$/;
const LABELS = /^(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,(?!$)|$))*$/;

/** @throws for a line that Prometheus would not take. */
export function parseMetrics(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  let name = '';
  let help: string | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, of = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') [name, help] = [of, rest];
    else if (kind === 'TYPE') {
      if (of !== name || help === undefined || families.has(name)) throw new Error(`out of order: ${line}`);
      families.set(name, { help, type: rest, samples: new Map() });
    } else addSample(families.get(name), name, line);
  }
  return families;
}

function addSample(family: Family | undefined, name: string, line: string): void {
  const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  const names = family?.type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  const isNumber = value !== '' && !Number.isNaN(Number(value));
  if (!family || !names.includes(sample) || !LABELS.test(labels) || !isNumber) throw new Error(`no sample of ${name}: ${line}`);
  const key = labels === '' ? sample : `${sample}{${labels}}`;
  if (family.samples.has(key)) throw new Error(`twice: ${line}`);
  family.samples.set(key, Number(value));
}

/** What a hub answered to `GET /metrics`, or to another method. */
export interface Scrape {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/** Scrapes a test hub from loopback. */
export function scrape(test: ReachableHub, headers: Record<string, string> = {}, method = 'GET'): Promise<Scrape> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: test.port, method, path: '/metrics', headers, rejectUnauthorized: false, agent: false };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }));
    });
    call.on('error', reject).end();
  });
}

/** How often a limit of a hub was reached, by its metric; undefined: it has none. */
export async function limitReached(test: ReachableHub, limit: string): Promise<number | undefined> {
  return (await samplesOf(test))[`streams_hub_limits_reached_total{limit="${limit}"}`];
}

/** Every sample of a hub, `name{labels}` -> value. */
export async function samplesOf(test: ReachableHub): Promise<Record<string, number>> {
  const families = [...parseMetrics((await scrape(test)).text).values()];
  return Object.fromEntries(families.flatMap(({ samples }) => [...samples]));
}
