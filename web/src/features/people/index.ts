export { PeoplePicker, PersonLine } from "./PeoplePicker";
export { StartDirect, useOpenDirect } from "./StartDirect";
export { usePeopleSearch } from "./usePeopleSearch";
export { usePresence, useWatch } from "./usePresence";
