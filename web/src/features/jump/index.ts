export { Jump, type JumpAction } from "./Jump";
export { rank } from "./rank";
