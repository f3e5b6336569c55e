// docs/deploy/nginx.conf in the real nginx.
import { deploySuite } from './suite.ts';
import { startNginx } from './reverse-proxies.ts';

deploySuite(startNginx, 'nginx.conf');
