// Our streams through the hub, where they are no sessions.
import { complianceThroughHub } from '../support/compliance.ts';

complianceThroughHub('through the hub, without resumption', { resume: 'off' });
