import { type ReactNode, useEffect } from "react";
import { useLocation, useSearch } from "wouter";
import { useNext, withNext } from "../features/auth/useNext";
import { PaneBoundary } from "../features/notices";
import { go, LOG_IN, SIGN_UP } from "../features/places";
import { useSettings } from "../features/settings";
import { useChat } from "../state/store";
import { Delayed, LiveRegion, Logo, Toasts } from "../ui";
import styles from "./App.module.css";
import { Chat } from "./Chat";
import { part } from "./part";
import { useUpdate } from "./update";

const LogIn = part(() => import("../features/auth").then((it) => it.LogIn));
const SignUp = part(() => import("../features/auth").then((it) => it.SignUp));

/** The whole client, below the providers of state and language. */
export function App() {
	useDensity();
	return (
		<>
			<PaneBoundary>
				<Page />
			</PaneBoundary>
			<LiveRegion />
			<Toasts />
		</>
	);
}

/** Who is not logged in gets to the log-in, and back to where they wanted to go. */
function Page(): ReactNode {
	const session = useChat((state) => state.session);
	const { ready, reload } = useUpdate();
	const [path] = useLocation();
	const search = useSearch();
	const next = useNext();
	const entering = path === LOG_IN || path === SIGN_UP;
	switch (session.at) {
		case "unknown":
			return <Splash />;
		case "out":
			if (path === SIGN_UP) return <SignUp fallback={<Splash />} />;
			if (path === LOG_IN) return <LogIn fallback={<Splash />} />;
			return <Elsewhere to={withNext(LOG_IN, path + (search && `?${search}`))} />;
		case "in":
			if (entering) return <Elsewhere to={next} />;
			return <Chat me={session.me} update={ready ? reload : null} />;
	}
}

function Elsewhere({ to }: { to: string }) {
	useEffect(() => go(to, { replace: true }), [to]);
	return null;
}

/** For the moment in which it is found out who one is; mostly too short to be seen. */
function Splash() {
	return (
		<Delayed>
			<div className={styles.splash}>
				<Logo size={56} label="Starling" />
			</div>
		</Delayed>
	);
}

function useDensity(): void {
	const { density } = useSettings();
	useEffect(() => {
		document.documentElement.dataset.density = density;
	}, [density]);
}
