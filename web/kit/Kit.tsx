import { type ReactNode, useState } from "react";
import {
	Avatar,
	Badge,
	Button,
	ConfirmDialog,
	Dialog,
	EmojiPicker,
	EmptyState,
	GrowingText,
	Icon,
	IconButton,
	Kbd,
	LANGUAGES,
	LiveRegion,
	Logo,
	Markdown,
	Menu,
	MenuItem,
	MenuSeparator,
	Notice,
	Placeholder,
	Popover,
	PresenceDot,
	QuickReactions,
	RadioGroup,
	Select,
	Switch,
	Tabs,
	TextArea,
	TextField,
	type Theme,
	TimeText,
	Toasts,
	useAnnounce,
	useLanguage,
	useTheme,
	useToast,
} from "../src/ui";
import { ICONS, type IconName } from "../src/ui/icons";
import styles from "./Kit.module.css";
import { MARKDOWN, NAMES } from "./samples";

const PRESENCES = ["online", "away", "do_not_disturb", "offline"] as const;
const SIZES = [20, 28, 32, 34, 48] as const;
const THEMES: readonly Theme[] = ["system", "light", "dark"];
const HOUR = 3_600_000;

export function Kit() {
	return (
		<main className={styles.page}>
			<Head />
			<Section title="Buttons">
				<Buttons />
			</Section>
			<Section title="Icons">
				<div className={styles.icons}>
					{(Object.keys(ICONS) as IconName[]).map((name) => (
						<span key={name} className={styles.icon}>
							<Icon name={name} />
							{name}
						</span>
					))}
				</div>
			</Section>
			<Section title="People">
				<People />
			</Section>
			<Section title="Fields">
				<Fields />
			</Section>
			<Section title="Menus, dialogs, popovers">
				<Floating />
			</Section>
			<Section title="Tabs">
				<Tabs
					label="Account"
					tabs={[
						{ id: "profile", label: "Profile", content: <p>Name and picture.</p> },
						{ id: "sessions", label: "Sessions", content: <p>Devices.</p> },
						{ id: "password", label: "Password", content: <p>Secrets.</p> },
					]}
				/>
			</Section>
			<Section title="States">
				<States />
			</Section>
			<Section title="Times">
				<div className={styles.column}>
					<TimeText at={Date.now() - 5 * HOUR} style="time" />
					<TimeText at={Date.now()} style="day" />
					<TimeText at={Date.now() - 80 * HOUR} style="day" />
					<TimeText at={Date.now() - 9000 * HOUR} style="day" />
					<TimeText at={Date.now() - 3 * HOUR} style="relative" />
					<TimeText at={Date.now() - 50 * HOUR} style="short" />
					<TimeText at={Date.now()} style="full" />
				</div>
			</Section>
			<Section title="Markdown">
				<Messages />
			</Section>
			<Section title="Emoji">
				<div className={styles.framed}>
					<QuickReactions onPick={() => undefined} onMore={() => undefined} />
				</div>
				<div className={styles.framed}>
					<EmojiPicker onPick={() => undefined} />
				</div>
			</Section>
			<Toasts />
			<LiveRegion />
		</main>
	);
}

function Section({ title, children }: { title: string; children: ReactNode }) {
	return (
		<section className={styles.section}>
			<h2 className={styles.title}>{title}</h2>
			<div className={styles.row}>{children}</div>
		</section>
	);
}

function Head() {
	const { language, setLanguage } = useLanguage();
	const { theme, setTheme } = useTheme();
	return (
		<header className={styles.head}>
			<Logo />
			<h1>Starling</h1>
			<Logo size={64} label="Starling" />
			<Logo size={16} />
			<Select
				label="Language"
				value={language}
				onChange={(event) => {
					const { value } = event.target;
					const next = LANGUAGES.find((it) => it.code === value);
					if (next) void setLanguage(next.code);
				}}
				options={LANGUAGES.map((it) => ({ value: it.code, label: it.name }))}
			/>
			<Select
				label="Theme"
				value={theme}
				onChange={(event) => setTheme(THEMES.find((it) => it === event.target.value) ?? "system")}
				options={THEMES.map((it) => ({ value: it, label: it }))}
			/>
		</header>
	);
}

function Buttons() {
	const toast = useToast();
	const announce = useAnnounce();
	return (
		<>
			<Button variant="primary">Create the room</Button>
			<Button icon="plus" onClick={() => toast({ text: "It is done.", kind: "ok" })}>
				Quiet, says a toast
			</Button>
			<Button variant="danger" icon="trash" onClick={() => announce("Deleted.")}>
				Delete
			</Button>
			<Button variant="primary" busy>
				Sending
			</Button>
			<Button disabled>Disabled</Button>
			<Button size="small">Small</Button>
			<IconButton
				icon="search"
				label="Find or jump to"
				shortcut="Mod+K"
				onClick={() =>
					toast({
						text: "Deleted “incidents”.",
						action: { label: "Undo", onClick: () => undefined },
					})
				}
			/>
			<IconButton icon="smile" label="React" />
			<IconButton icon="reply" label="Reply" pressed />
			<IconButton icon="send" label="Send" variant="primary" />
			<IconButton icon="trash" label="Delete" variant="danger" />
			<IconButton icon="more" label="More" size="small" />
			<IconButton icon="edit" label="Edit" disabled />
			<Kbd keys="Mod+K" />
			<Kbd keys="Alt+Shift+ArrowDown" />
			<Badge count={3} filled label="3 unread messages" />
			<Badge count={12} />
			<Badge count={1234} filled />
		</>
	);
}

function People() {
	return (
		<>
			{NAMES.map((name, at) => (
				<Avatar key={name} id={`${at}-${name}`} name={name} />
			))}
			{SIZES.map((size, at) => (
				<Avatar
					key={size}
					id={String(size)}
					name="Nora Brandt"
					size={size}
					presence={PRESENCES[at % PRESENCES.length]}
					presenceLabel={PRESENCES[at % PRESENCES.length]}
				/>
			))}
			{PRESENCES.map((it) => (
				<span key={it} className={styles.pair}>
					<PresenceDot presence={it} label={it} /> {it}
				</span>
			))}
		</>
	);
}

function Fields() {
	const [on, setOn] = useState(true);
	const [kind, setKind] = useState<"public" | "private">("public");
	const [text, setText] = useState("It grows\nwith its lines");
	return (
		<div className={styles.fields}>
			<TextField label="Name" hint="Others see this." defaultValue="Nora" />
			<TextField label="Password" type="password" defaultValue="correct horse" />
			<TextField
				label="Username"
				error="This name is taken. Choose another one."
				defaultValue="nora"
			/>
			<TextField label="Find or jump to" labelHidden icon="search" placeholder="Find or jump to" />
			<TextArea
				label="Description"
				value={text}
				onChange={(event) => setText(event.target.value)}
			/>
			<GrowingText aria-label="A bare one" defaultValue="A bare one" />
			<Select
				label="Role"
				hint="What they may do."
				options={[
					{ value: "member", label: "Member" },
					{ value: "admin", label: "Admin" },
				]}
			/>
			<Switch label="Enter sends" hint="Otherwise it makes a line." checked={on} onChange={setOn} />
			<Switch label="Off" checked={false} onChange={() => undefined} />
			<Switch label="Disabled" checked disabled onChange={() => undefined} />
			<RadioGroup
				label="Who may join"
				value={kind}
				onChange={setKind}
				options={[
					{ value: "public", label: "Everybody", hint: "It is found by its name." },
					{ value: "private", label: "Those who are added" },
				]}
			/>
		</div>
	);
}

function Floating() {
	const [open, setOpen] = useState<"dialog" | "confirm" | null>(null);
	const close = () => setOpen(null);
	return (
		<>
			<Menu label="Message" button={<IconButton icon="more" label="More" />}>
				<MenuItem icon="reply" shortcut="R">
					Reply
				</MenuItem>
				<MenuItem icon="edit" shortcut="E">
					Edit
				</MenuItem>
				<MenuItem icon="link" disabled>
					Copy the link
				</MenuItem>
				<MenuSeparator />
				<MenuItem checked>Newest first</MenuItem>
				<MenuItem checked={false}>Oldest first</MenuItem>
				<MenuSeparator />
				<MenuItem icon="trash" danger>
					Delete
				</MenuItem>
			</Menu>
			<Button onClick={() => setOpen("dialog")}>Dialog</Button>
			<Button onClick={() => setOpen("confirm")}>Confirm</Button>
			<Popover label="React" button={<IconButton icon="smile" label="React" />}>
				<EmojiPicker onPick={() => undefined} />
			</Popover>
			<Dialog
				open={open === "dialog"}
				onClose={close}
				title="Create a room"
				footer={
					<>
						<Button onClick={close}>Cancel</Button>
						<Button variant="primary" onClick={close}>
							Create
						</Button>
					</>
				}
			>
				<Fields />
			</Dialog>
			<ConfirmDialog
				open={open === "confirm"}
				onClose={close}
				onConfirm={close}
				title="Delete “incidents”?"
				confirmLabel="Delete the room"
				danger
			>
				Its 1,204 messages are deleted for everybody. This can’t be undone.
			</ConfirmDialog>
		</>
	);
}

function States() {
	return (
		<div className={styles.fields}>
			<Notice kind="info" action={<Button size="small">Reload</Button>}>
				A new version is ready.
			</Notice>
			<Notice kind="warn" onClose={() => undefined}>
				You are offline. What you write is kept here, and goes out when you are back.
			</Notice>
			<Notice kind="danger">
				The server refused this message: it is longer than 16,000 bytes.
			</Notice>
			<Notice kind="ok">The password is changed.</Notice>
			<div className={styles.framed}>
				<EmptyState
					icon="people"
					title="No rooms yet"
					action={<Button variant="primary">Create a room</Button>}
				>
					Rooms are where a team talks about one thing. Start one, or join one that is open.
				</EmptyState>
			</div>
			<div className={styles.framed}>
				<Placeholder rows={3} avatar />
				<Placeholder rows={3} />
			</div>
		</div>
	);
}

function Messages() {
	return (
		<div className={styles.column}>
			{MARKDOWN.map((text) => (
				<Markdown
					key={text}
					text={text}
					mention={(name) =>
						name === "nora" || name === "ines"
							? { id: name, name: name === "nora" ? "Nora" : "Ines", own: name === "nora" }
							: null
					}
					onMention={() => undefined}
				/>
			))}
		</div>
	);
}
