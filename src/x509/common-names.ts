import { ATTRIBUTE_OIDS } from '../registry/oids.ts';
import type { Certificate } from './certificate.ts';

/** Common names of the subject, first to last: what used to be taken for hosts. */
export const commonNames = (certificate: Certificate): string[] => certificate.subject.values(ATTRIBUTE_OIDS.CN);
