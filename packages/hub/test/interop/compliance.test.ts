// Our streams through the hub, as sessions.
import { complianceThroughHub } from '../support/compliance.ts';

complianceThroughHub('through the hub', { resume: 'required' });
