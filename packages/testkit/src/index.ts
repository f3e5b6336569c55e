// Everything that tests of the other packages use.
export { Canary } from './canary.ts';
export { type Certificate, certificateFor } from './certificate.ts';
export type { CompliancePair, ComplianceOutcome, ComplianceStream, MakePair, Side } from './compliance/pair.ts';
export { streamCompliance } from './compliance/suite.ts';
export { type AdvanceOptions, FakeClock } from './fake-clock.ts';
export { type Faults, FaultPipe, NO_FAULTS } from './fault-pipe.ts';
export { freePort } from './free-port.ts';
export { FaultConnection, FaultProxy, type FaultProxyOptions, type FaultsByDirection, type ProxySide } from './fault-proxy.ts';
export { corpus, FUZZ_SEED, type Fuzz, fuzz, typed } from './fuzz.ts';
export { collectGarbage } from './heap.ts';
export { type LeakCheck, leakCheck } from './leak-check.ts';
export { observeFile } from './observe-file.ts';
export { type Observation, type Observed, observe, type ObserveOptions } from './observer.ts';
export { RawPeer, type RawPeerOptions, type RequestHeader, type ResponseHead } from './raw-peer.ts';
export type { Parsed, WireEnd } from './raw-reader.ts';
export { seededRandom } from './seeded-random.ts';
export { closePayload, encodeFrame, type Frame, type FrameToSend, OPCODE, parseFrame } from './ws-frames.ts';
