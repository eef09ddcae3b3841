export { RoomPane, type RoomPaneProps } from "./RoomPane";
