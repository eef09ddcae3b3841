/** What the parts of the engine see of the whole. */

import type { Action } from "../../state/reducer";
import type { State } from "../../state/types";

export interface Host {
	readonly state: State;
	dispatch(action: Action): void;
	/** The same, but shown a moment later, so that many at once are shown at once. */
	gather(action: Action, ms: number): void;
}
