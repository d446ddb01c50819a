//! Names that look like those of the host and the co-hosts, whom members trust. By the confusable skeletons of Unicode
//! Technical Standard 39, section 4, without case and spaces.

use tutti_protocol::{Role, UserId};
use unicode_security::confusable_detection::skeleton;

use crate::RoomState;

impl RoomState {
    /// Whether `name`, of `member`, looks like the name of another member who is the host or a co-host.
    pub(crate) fn is_look_alike(&self, member: UserId, name: &str) -> bool {
        let hosts = self
            .members
            .iter()
            .filter(|(id, other)| **id != member && other.is_visible() && other.role >= Role::Cohost);
        let shape = shape_of(name);
        let mut shapes = hosts.map(|(_, host)| shape_of(&host.name));
        self.role_of(member).is_none_or(|role| role < Role::Cohost) && shapes.any(|other| other == shape)
    }
}

/// What a name looks like at a glance.
fn shape_of(name: &str) -> String {
    let lower = name.to_lowercase();
    skeleton(&lower).filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_have_one_shape() {
        for other in ["ana", "ANA", "A n a", "\u{410}na", "An\u{430}", "\u{ff21}na"] {
            assert_eq!(shape_of("Ana"), shape_of(other), "{other}");
        }
        for other in ["Anna", "Án", "Ben"] {
            assert_ne!(shape_of("Ana"), shape_of(other), "{other}");
        }
    }
}
