/** The kit that every page is built of. It knows nothing of chat. */

export { Avatar, type AvatarProps } from "./Avatar";
export { hueOf, initials } from "./avatar";
export { Badge } from "./Badge";
export { Button, type ButtonProps } from "./Button";
export { ConfirmDialog, type ConfirmDialogProps } from "./ConfirmDialog";
export { classes } from "./classes";
export { Dialog, type DialogProps } from "./Dialog";
export { EmptyState } from "./EmptyState";
export { EmojiPicker, type EmojiPickerProps } from "./emoji/EmojiPicker";
export { QuickReactions } from "./emoji/QuickReactions";
export { Icon } from "./Icon";
export { IconButton, type IconButtonProps } from "./IconButton";
export type { IconName } from "./icons";
export { Kbd } from "./Kbd";
export { ariaShortcut, matches, onApple, writes } from "./keys";
export { LiveRegion, useAnnounce } from "./LiveRegion";
export { Logo } from "./Logo";
export {
	directionOf,
	isLanguage,
	isolate,
	LANGUAGES,
	type Language,
	useLanguage,
} from "./language";
export { listOf } from "./lists";
export {
	afterMenu,
	Menu,
	MenuItem,
	type MenuItemProps,
	type MenuProps,
	MenuSeparator,
} from "./Menu";
export { Markdown, type MarkdownProps, type Mentioned } from "./markdown/Markdown";
export { plainText } from "./markdown/plainText";
export { Notice, type NoticeKind } from "./Notice";
export { Delayed, Placeholder } from "./Placeholder";
export { Popover, type PopoverProps } from "./Popover";
export { type Presence, PresenceDot } from "./PresenceDot";
export { setPageBadge, setPageTitle } from "./pageBadge";
export { RadioGroup, type RadioOption } from "./RadioGroup";
export { Select, type SelectProps } from "./Select";
export { Switch } from "./Switch";
export { Tabs, type TabsProps } from "./Tabs";
export { GrowingText, TextArea, type TextAreaProps } from "./TextArea";
export { TextField, type TextFieldProps } from "./TextField";
export { TimeText } from "./TimeText";
export { Toasts, useToast } from "./Toasts";
export { Toolbar } from "./Toolbar";
export { Tooltip } from "./Tooltip";
export { startTheme, type Theme, useTheme } from "./theme";
export { dayNumber, formatLocale, type TimeStyle, timeText } from "./time";
export { type ToastAsked, toast } from "./toastStore";
export { VisuallyHidden } from "./VisuallyHidden";
