import { placeOf } from "../../../state/stretch";

/** The index of an id among ids that rise, or -1. */
export function search(ids: readonly string[], id: string): number {
	const at = placeOf(ids, id);
	return ids[at] === id ? at : -1;
}
