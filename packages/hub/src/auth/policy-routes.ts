// REST of policies: create or change one, show one or all, delete one.
import {
  asInteger,
  asPolicyName,
  asPutPolicyBody,
  createError,
  MAX_BODY_BYTES,
  MAX_LISTED_POLICIES,
  type PolicyListView,
  type PolicyView,
} from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import { preconditionsOf } from '../http/preconditions.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import { requirePermission } from './authorize.ts';
import { permits, policyEtag } from './policies.ts';
import type { PolicyStore } from './policy-store.ts';
import type { PolicyWriter } from './policy-writer.ts';

/** What the routes work on. */
export interface PolicyRoutesContext {
  readonly policies: PolicyStore;
  readonly policyWriter: PolicyWriter;
}

/** Left for what stands around a page of the list. */
const PAGE_BYTES: number = MAX_BODY_BYTES - 512;

/** `GET /v1/policies`; `PUT`, `GET` and `DELETE /v1/policies/{name}`. */
export function policyRoutes(context: PolicyRoutesContext): Route[] {
  return [
    { method: 'GET', path: ['v1', 'policies'], handle: (call) => list(context, call) },
    { method: 'PUT', path: ['v1', 'policies', ':name'], handle: (call) => put(context, call) },
    { method: 'GET', path: ['v1', 'policies', ':name'], handle: (call) => show(context, call) },
    { method: 'DELETE', path: ['v1', 'policies', ':name'], handle: (call) => remove(context, call) },
  ];
}

async function put({ policyWriter }: PolicyRoutesContext, call: Call): Promise<Answer> {
  requirePermission(call.identity, 'hub:write');
  const name = asPolicyName(call.params[0], 'name');
  const { policy, created } = await policyWriter.put(name, asPutPolicyBody(await call.body()), preconditionsOf(call.headers));
  return answer(created ? 201 : 200, view(policy, true));
}

async function show({ policies }: PolicyRoutesContext, call: Call): Promise<Answer> {
  const caller = requirePermission(call.identity, 'hub:read');
  const policy = await policies.get(asPolicyName(call.params[0], 'name'));
  if (policy === undefined) throw createError('POLICY_NOT_FOUND');
  return answer(200, view(policy, permits(caller, 'hub:write')));
}

/** Keys are shown one policy at a time, as those of devices are. */
async function list({ policies }: PolicyRoutesContext, { identity, query }: Call): Promise<Answer> {
  requirePermission(identity, 'hub:read');
  const limit = asInteger(Number(query.get('limit') ?? MAX_LISTED_POLICIES), 'limit', 1, MAX_LISTED_POLICIES);
  const after = query.has('after') ? asPolicyName(query.get('after'), 'after') : '';
  const views = (await policies.list()).filter(({ name }) => name > after).map((policy) => view(policy, false));
  const page = views.slice(0, Math.min(limit, fitting(views)));
  const body: PolicyListView = { policies: page, next: page.length < views.length ? page.at(-1)?.name : undefined };
  return { status: 200, body };
}

async function remove({ policyWriter }: PolicyRoutesContext, call: Call): Promise<Answer> {
  requirePermission(call.identity, 'hub:write');
  await policyWriter.delete(asPolicyName(call.params[0], 'name'), preconditionsOf(call.headers));
  return { status: 204 };
}

/** How many of the first ones a body has room for; one has it always. */
function fitting(views: readonly PolicyView[]): number {
  let bytes = 0;
  const tooMany = views.findIndex((policy) => (bytes += JSON.stringify(policy).length + 1) > PAGE_BYTES);
  return tooMany < 0 ? views.length : tooMany;
}

function answer(status: number, policy: PolicyView): Answer {
  return { status, body: policy, headers: { ETag: `"${policy.etag}"` } };
}

function view(policy: PolicyOptions, withKeys: boolean): PolicyView {
  const { name, permissions, devices, streams, expiresAt, keys } = policy;
  return { name, permissions, devices, streams, expiresAt, keys: withKeys ? keys : undefined, etag: policyEtag(policy) };
}
