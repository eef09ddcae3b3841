import { useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch, useLocation } from "wouter";
import { PaneBoundary, StatusLines, useAttention } from "../features/notices";
import {
	back,
	detailsPath,
	go,
	HOME,
	NARROW,
	NOT_WIDE,
	roomOf,
	roomPath,
	SECTIONS,
	type Section,
	useMedia,
} from "../features/places";
import { changeSettings, useSettings } from "../features/settings";
import type { Me, RoomId } from "../protocol";
import { useChat } from "../state/store";
import { Placeholder } from "../ui";
import { Dialogs, Floats } from "./floats/Floats";
import { Home } from "./Home";
import { type Front, Layout } from "./layout/Layout";
import { ListPane } from "./layout/ListPane";
import { Pane } from "./layout/Pane";
import { NotFound } from "./NotFound";
import { part } from "./part";
import { useAppShortcuts } from "./useAppShortcuts";
import { type Floating, useFloating } from "./useFloating";
import { useTitle } from "./useTitle";

const RoomPane = part(() => import("../features/room").then((it) => it.RoomPane));
const Details = part(() => import("../features/details").then((it) => it.Details));
const Discover = part(() => import("../features/discover").then((it) => it.Discover));
const SettingsPage = part(() =>
	import("../features/settings/SettingsPage").then((it) => it.SettingsPage),
);

const WAIT = <Placeholder rows={6} />;

interface Props {
	me: Me;
	/** Takes the newer version of the client, where one waits. */
	update: (() => void) | null;
}

const isSection = (it: string): it is Section => SECTIONS.some((known) => known === it);

/** Where the details are, and how they come and go: beside the conversation, or in its place. */
function useDetails(path: string, room: RoomId | null) {
	const inPlace = useMedia(NOT_WIDE);
	const { details: beside } = useSettings();
	const asked = room !== null && path === detailsPath(room);
	useEffect(() => {
		if (!asked || inPlace || room === null) return;
		changeSettings({ details: true });
		go(roomPath(room), { replace: true });
	}, [asked, inPlace, room]);
	const inside = useChat((state) => {
		const it = room === null ? undefined : state.rooms[room];
		return it?.me?.state === "joined" && !it.room.deleted;
	});
	const open = inside && (inPlace ? asked : beside);
	const toggle = useCallback(() => {
		if (room === null) return;
		if (!inPlace) changeSettings({ details: !beside });
		else if (asked) back(roomPath(room));
		else go(detailsPath(room));
	}, [room, inPlace, beside, asked]);
	return { open, toggle, inFront: open && inPlace };
}

/** What is sure to be wanted next is fetched while nobody waits for it. */
function fetchAhead(): () => void {
	const timer = setTimeout(() => {
		RoomPane.fetch();
		Dialogs.fetch();
		Details.fetch();
	}, 500);
	return () => clearTimeout(timer);
}

/** What somebody sees who is logged in. */
export function Chat({ me, update }: Props) {
	const [path] = useLocation();
	const room = roomOf(path);
	const details = useDetails(path, room);
	const { floating, show, hide } = useFloating();
	const front: Front = details.inFront ? "details" : path === HOME ? "list" : "main";
	useTitle(path, room);
	useAttention(me);
	useAppShortcuts({ path, room, front, show, toggleDetails: details.toggle });
	useEffect(() => {
		if (room !== null) changeSettings({ lastRoom: room });
	}, [room]);
	useEffect(fetchAhead, []);
	return (
		<>
			<Layout
				front={front}
				list={<ListPane me={me} open={room} show={show} update={update} alone={front === "list"} />}
				main={
					<Main key={room ?? path.split("/")[1]} me={me} show={show} onDetails={details.toggle} />
				}
				details={
					details.open && room !== null ? (
						<PaneBoundary key={room}>
							<Details
								roomId={room}
								me={me}
								onClose={details.toggle}
								alone={details.inFront}
								fallback={WAIT}
							/>
						</PaneBoundary>
					) : null
				}
				foot={<StatusLines update={update} />}
			/>
			<Floats floating={floating} show={show} hide={hide} />
		</>
	);
}

interface MainProps {
	me: Me;
	show: (floating: Floating) => void;
	onDetails: () => void;
}

/** What the address asks for, in the middle. */
function Main({ me, show, onDetails }: MainProps) {
	const { t } = useTranslation(["shell", "account"]);
	const narrow = useMedia(NARROW);
	const room = (roomId: RoomId, messageId?: string) => (
		<RoomPane
			roomId={roomId}
			{...(messageId !== undefined && { messageId })}
			{...(narrow && { onBack: () => back() })}
			onDetails={onDetails}
			fallback={WAIT}
		/>
	);
	return (
		<PaneBoundary>
			<Switch>
				<Route path="/">
					<Home />
				</Route>
				<Route path="/r/:room/m/:message">{(at) => room(at.room, at.message)}</Route>
				<Route path="/r/:room/details">{(at) => room(at.room)}</Route>
				<Route path="/r/:room">{(at) => room(at.room)}</Route>
				<Route path="/discover">
					<Pane title={t("discover.title")}>
						<Discover onCreate={() => show("create")} fallback={WAIT} />
					</Pane>
				</Route>
				<Route path="/settings/:section?">
					{({ section = "account" }) =>
						isSection(section) ? (
							<Pane title={t("account:settings.title")}>
								<SettingsPage section={section} me={me} fallback={WAIT} />
							</Pane>
						) : (
							<Nowhere />
						)
					}
				</Route>
				<Route>
					<Nowhere />
				</Route>
			</Switch>
		</PaneBoundary>
	);
}

function Nowhere() {
	const { t } = useTranslation("errors");
	return (
		<Pane title={t("not_found_title")}>
			<NotFound />
		</Pane>
	);
}
