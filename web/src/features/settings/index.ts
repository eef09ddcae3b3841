export {
	changeSettings,
	onSettings,
	type Settings,
	settings,
	useEnterSends,
	useSettings,
} from "./store";
