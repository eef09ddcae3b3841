import { lazy, Suspense, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch, useLocation } from "wouter";
import { CreateRoom } from "../features/conversations";
import { Jump, type JumpAction } from "../features/jump";
import { PaneBoundary, useAttention } from "../features/notices";
import { StartDirect } from "../features/people";
import {
	back,
	DISCOVER,
	detailsPath,
	go,
	HOME,
	isNarrow,
	NOT_WIDE,
	roomOf,
	roomPath,
	SECTIONS,
	settingsPath,
	useMedia,
} from "../features/places";
import { changeSettings, settings, useSettings } from "../features/settings";
import { ShortcutSheet } from "../features/shortcuts";
import type { Me, RoomId } from "../protocol";
import { conversations, titleOf } from "../state/selectors";
import { useChat } from "../state/store";
import { Placeholder, setPageTitle } from "../ui";
import { Layout, type Front } from "./layout/Layout";
import { ListPane } from "./layout/ListPane";
import { Pane } from "./layout/Pane";
import { Home } from "./Home";
import { NotFound } from "./NotFound";
import { RoomPane } from "../features/room";
import { useAppShortcuts } from "./useAppShortcuts";
import { useFloating } from "./useFloating";

const Details = lazy(() => import("../features/details").then((it) => ({ default: it.Details })));
const Discover = lazy(() => import("../features/discover").then((it) => ({ default: it.Discover })));
const SettingsPage = lazy(() =>
	import("../features/settings/SettingsPage").then((it) => ({ default: it.SettingsPage })),
);

interface Props {
	me: Me;
	/** Takes the newer version of the client, where one waits. */
	update: (() => void) | null;
}
