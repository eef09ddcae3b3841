//! Who is in which room. Computed, not stored: user `u` of rooms of `M` has seat `u % M` in every
//! room of theirs, so a seat is a column in the table of who received what.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub id: String,
    pub access_token: String,
    /// Seconds since 1970.
    pub expires_at: u64,
    pub refresh_token: String,
}

/// How people are spread over rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub users: usize,
    pub rooms_of: usize,
    pub rooms_per_user: usize,
}

impl Plan {
    /// Rooms of one layer; each person is in one room of each layer.
    fn groups(&self) -> usize {
        self.users.div_ceil(self.rooms_of).max(1)
    }

    pub fn rooms(&self) -> usize {
        self.groups() * self.rooms_per_user
    }

    pub fn seat(&self, user: usize) -> usize {
        user % self.rooms_of
    }

    /// In the first layer neighbours sit together; in each further one, people who have not met yet
    /// as far as there are enough rooms.
    pub fn rooms_for(&self, user: usize) -> impl Iterator<Item = usize> + use<> {
        let groups = self.groups();
        let (group, seat) = (user / self.rooms_of, user % self.rooms_of);
        (0..self.rooms_per_user).map(move |layer| layer * groups + (group + layer * seat) % groups)
    }

    pub fn members(&self, room: usize) -> impl Iterator<Item = usize> + use<> {
        let groups = self.groups();
        let (layer, group) = (room / groups, room % groups);
        let (rooms_of, users) = (self.rooms_of, self.users);
        (0..rooms_of)
            .map(move |seat| (group + groups - layer * seat % groups) % groups * rooms_of + seat)
            .filter(move |&user| user < users)
    }

    /// A key under which worlds are kept that can serve each other: with one room for each person
    /// a larger world contains the smaller ones.
    pub fn key(&self) -> String {
        if self.rooms_per_user == 1 {
            format!("rooms-of-{}", self.rooms_of)
        } else {
            format!("rooms-of-{}-{}-each-{}-users", self.rooms_of, self.rooms_per_user, self.users)
        }
    }
}

/// The accounts and rooms of a run, all made and joined.
pub struct World {
    pub plan: Plan,
    pub users: Vec<User>,
    /// Ids of the rooms.
    pub rooms: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_those_members_who_have_the_room_each_on_a_seat_of_their_own() {
        for (users, rooms_of, rooms_per_user) in
            [(100, 10, 1), (103, 10, 5), (7, 50, 2), (64, 2, 5)]
        {
            let plan = Plan { users, rooms_of, rooms_per_user };
            let mut members = vec![Vec::new(); plan.rooms()];
            for user in 0..users {
                for room in plan.rooms_for(user) {
                    members[room].push(user);
                }
            }
            for (room, mut expected) in members.into_iter().enumerate() {
                let mut told: Vec<_> = plan.members(room).collect();
                let mut seats: Vec<_> = told.iter().map(|&user| plan.seat(user)).collect();
                told.sort_unstable();
                expected.sort_unstable();
                assert_eq!(told, expected, "room {room} of {plan:?}");
                seats.sort_unstable();
                seats.dedup();
                assert_eq!(seats.len(), told.len());
                assert!(told.len() <= rooms_of);
            }
        }
    }
}
