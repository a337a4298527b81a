/**
 * The topologies that come with the package, by name: `t12` or `t12-card-under-switch` for the file of that beginning.
 */
import { ShippedFiles } from '../../io/shipped-files.ts';

export const TOPOLOGIES: ShippedFiles = new ShippedFiles('sim/pci/topologies', 'topology');
