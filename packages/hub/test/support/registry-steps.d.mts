import type { DeviceRecord } from '@streams/hub';

export declare const LANES: readonly number[];
export declare function isDeletion(step: number): boolean;
export declare function recordAt(lane: number, step: number): DeviceRecord;
export declare function stateAfter(lane: number, step: number): DeviceRecord | undefined;
