// docs/deploy/haproxy.cfg in the real HAProxy.
import { deploySuite } from './suite.ts';
import { startHaproxy } from './reverse-proxies.ts';

deploySuite(startHaproxy, 'haproxy.cfg');
