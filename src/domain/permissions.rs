//! Who may do what in a room: one table.

use crate::protocol::{Role, RoomKind};

/// What somebody wants to do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Know that it exists: its name, description, number of members.
    Find,
    /// Read its history, members and events.
    Read,
    /// Send, react, write, say how far one has read.
    Write,
    EditOwn,
    DeleteOwn,
    /// Delete what somebody with this role wrote; `None`: who is no member any more.
    DeleteOther(Option<Role>),
    Join,
    Leave,
    Add,
    /// Remove somebody who has this role.
    Remove(Role),
    /// Give somebody who has the first role the second.
    SetRole(Role, Role),
    /// Change name, description, and whether it is public.
    Change,
    DeleteRoom,
}

/// Who wants it: their role in the room, if they are a member, and whether they are the server's
/// admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub role: Option<Role>,
    pub server_admin: bool,
}

/// Whether `actor` may do `action` in a room of this kind.
///
/// The server's admin may, beyond their role, delete messages, rooms and remove members of what
/// they can find, so that a server can be kept clean; they read private conversations no more than
/// anybody else.
pub fn allowed(kind: RoomKind, actor: Actor, action: Action) -> bool {
    use Action::{
        Add, Change, DeleteOther, DeleteOwn, DeleteRoom, EditOwn, Find, Join, Leave, Read, Remove,
        SetRole, Write,
    };
    let role = actor.role;
    let member = role.is_some();
    let keeper = actor.server_admin && kind == RoomKind::Public;
    match action {
        Find => member || kind == RoomKind::Public,
        Read | Write | EditOwn | DeleteOwn => member,
        Join => !member && kind == RoomKind::Public,
        _ if kind == RoomKind::Direct => false,
        // The owner hands over first; the service says so with a code of its own.
        Leave => member,
        Add | Change => role >= Some(Role::Admin),
        DeleteOther(author) => {
            keeper
                || (role >= Some(Role::Admin)
                    && (role == Some(Role::Owner) || author < Some(Role::Owner)))
        }
        Remove(target) => {
            target != Role::Owner && (keeper || role > Some(target) && role >= Some(Role::Admin))
        }
        // Owners make and unmake admins, and hand over.
        SetRole(from, to) => role == Some(Role::Owner) && from != Role::Owner && from != to,
        DeleteRoom => keeper || role == Some(Role::Owner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Option<Role>; 4] =
        [None, Some(Role::Member), Some(Role::Admin), Some(Role::Owner)];

    fn who(kind: RoomKind, action: Action) -> Vec<Option<Role>> {
        let may =
            |role: &Option<Role>| allowed(kind, Actor { role: *role, server_admin: false }, action);
        ROLES.into_iter().filter(may).collect()
    }

    #[test]
    fn a_private_room_is_known_to_its_members_alone() {
        assert_eq!(who(RoomKind::Private, Action::Find), ROLES[1..]);
        assert_eq!(who(RoomKind::Public, Action::Find), ROLES);
        let admin = Actor { role: None, server_admin: true };
        for action in [Action::Find, Action::Read, Action::Join, Action::DeleteRoom] {
            assert!(!allowed(RoomKind::Private, admin, action), "{action:?}");
        }
    }

    #[test]
    fn nobody_removes_or_demotes_the_owner() {
        assert_eq!(who(RoomKind::Public, Action::Remove(Role::Owner)), []);
        assert_eq!(who(RoomKind::Public, Action::SetRole(Role::Owner, Role::Member)), []);
        assert_eq!(who(RoomKind::Public, Action::Remove(Role::Admin)), ROLES[3..]);
        assert_eq!(who(RoomKind::Public, Action::Remove(Role::Member)), ROLES[2..]);
        assert_eq!(who(RoomKind::Public, Action::DeleteOther(Some(Role::Owner))), ROLES[3..]);
        assert_eq!(who(RoomKind::Public, Action::DeleteOther(None)), ROLES[2..]);
    }

    #[test]
    fn a_direct_conversation_is_nobodys() {
        for action in [Action::Leave, Action::Add, Action::Change, Action::DeleteRoom, Action::Join]
        {
            assert_eq!(who(RoomKind::Direct, action), [], "{action:?}");
        }
        assert_eq!(who(RoomKind::Direct, Action::Write), ROLES[1..]);
    }
}
