/** What floats above the page. A part of its own: nothing of it is needed to show the first one. */

export { DialogFrame } from "./DialogFrame";
export { MenuFrame } from "./MenuFrame";
export { PopoverFrame } from "./PopoverFrame";
