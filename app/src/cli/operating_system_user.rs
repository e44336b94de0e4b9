//! The user of the operating system who runs a command, for the audit trail.

/// The file with the names of users.
const PASSWD: &str = "/etc/passwd";

/// The name of the user of this process, or the number of a user without a name.
pub fn operating_system_user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let passwd = std::fs::read_to_string(PASSWD).unwrap_or_default();
    name_of(&passwd, uid).map_or_else(|| format!("uid {uid}"), str::to_owned)
}

fn name_of(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        fields.nth(1).filter(|field| field.parse() == Ok(uid)).map(|_| name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_number() {
        let passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000:,,,:/home/ada:/bin/sh\nbroken\n";
        assert_eq!(name_of(passwd, 1000), Some("ada"));
        assert_eq!(name_of(passwd, 100), None);
    }
}
