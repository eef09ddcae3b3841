import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { type TimeStyle, timeText } from "./time";

/** Texts that depend on the present are made anew this often (ms). */
const TICK = 30_000;
const STALE = 1_000;

const waiting = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let present = Date.now();

function onTick(wake: () => void): () => void {
	waiting.add(wake);
	timer ??= setInterval(() => {
		present = Date.now();
		for (const it of waiting) it();
	}, TICK);
	return () => {
		waiting.delete(wake);
		if (waiting.size > 0) return;
		clearInterval(timer);
		timer = undefined;
	};
}

const still = () => () => undefined;
/** The clock of all of them, and never behind what it shows; it stands still while nobody looks. */
const clock = (at: number) => () => {
	if (timer === undefined && Date.now() - present > STALE) present = Date.now();
	return Math.max(present, at);
};

/** A time, in the chosen language. The exact one is its title. */
export function TimeText({
	at,
	style,
	className,
}: {
	/** ms since 1970. */
	at: number;
	style: TimeStyle;
	className?: string | undefined;
}) {
	const { i18n } = useTranslation("ui");
	const fixed = style === "time" || style === "full";
	const now = useSyncExternalStore(fixed ? still : onTick, fixed ? () => 0 : clock(at));
	const date = new Date(at);
	if (Number.isNaN(date.getTime())) return null;
	return (
		<time
			dateTime={date.toISOString()}
			title={style === "full" ? undefined : timeText(at, "full", i18n.language, 0)}
			className={className}
		>
			{timeText(at, style, i18n.language, now)}
		</time>
	);
}
