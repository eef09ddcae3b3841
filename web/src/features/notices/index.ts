export { PaneBoundary } from "./PaneBoundary";
export { RefusalNotice } from "./RefusalNotice";
export { type Refusal, refusalOf, useFieldErrors, useRefusalText, useWait } from "./refusals";
export { StatusLines } from "./StatusLines";
export { type Action, useAction } from "./useAction";
export { useAttention } from "./useAttention";
