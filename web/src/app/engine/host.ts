/** What the parts of the engine see of the whole. */

import type { Action } from "../../state/reducer";
import type { State } from "../../state/types";

export interface Host {
	readonly state: State;
	dispatch(action: Action): void;
}
