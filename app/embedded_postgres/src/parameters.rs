//! The two files by which the starter and the supervisor communicate. They have lines `key=value`
//! and are replaced as a whole.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::layout::Layout;
use crate::{Durability, Error};

/// Server settings that the supervisor sets. A caller must not change them.
const RESERVED_SETTINGS: [&str; 7] = [
    "data_directory",
    "external_pid_file",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "port",
    "unix_socket_directories",
];

/// The server that the supervisor runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) bin_dir: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) standby_of: Option<String>,
    /// The port that users know, if they had a server before. `None`: any port.
    pub(crate) port: Option<u16>,
}

/// A server that accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) pid: u32,
    pub(crate) port: u16,
}

/// Refuses settings that cannot be written to the file, and settings that the supervisor sets.
pub(crate) fn check_settings(settings: &[(String, String)]) -> Result<(), Error> {
    for (name, value) in settings {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let reason = if name.is_empty() || !name.bytes().all(word) {
            "a name consists of letters, digits, `_` and `.`"
        } else if RESERVED_SETTINGS.contains(&name.to_ascii_lowercase().as_str()) {
            "the embedded server sets it itself"
        } else if value.contains(['\n', '\0']) {
            "the value contains a line break or a null character"
        } else {
            continue;
        };
        return Err(Error::Setting { name: name.clone(), reason });
    }
    Ok(())
}

impl Parameters {
    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Error> {
        let mut text = b"bin_dir=".to_vec();
        text.extend_from_slice(self.bin_dir.as_os_str().as_bytes());
        let durability = name_of(self.durability);
        text.extend_from_slice(format!("\ndurability={durability}\n").as_bytes());
        if let Some(primary) = &self.standby_of {
            text.extend_from_slice(format!("standby_of={primary}\n").as_bytes());
        }
        if let Some(port) = self.port {
            text.extend_from_slice(format!("port={port}\n").as_bytes());
        }
        for (name, value) in &self.settings {
            text.extend_from_slice(format!("setting={name}={value}\n").as_bytes());
        }
        replace(&layout.parameters(), &text)
    }

    pub(crate) fn read(layout: &Layout) -> Result<Self, Error> {
        let path = layout.parameters();
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        Self::parse(&text).ok_or_else(|| Error::io("parse", &path)(io::Error::from(io::ErrorKind::InvalidData)))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (mut bin_dir, mut durability, mut settings) = (None, None, Vec::new());
        let (mut standby_of, mut port) = (None, None);
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let (key, value) = split_at_equals(line)?;
            match key {
                b"bin_dir" => bin_dir = Some(PathBuf::from(OsStr::from_bytes(value))),
                b"durability" => {
                    durability = [Durability::Durable, Durability::Throwaway]
                        .into_iter()
                        .find(|durability| name_of(*durability).as_bytes() == value);
                }
                b"standby_of" => standby_of = Some(String::from_utf8(value.to_vec()).ok()?),
                b"port" => port = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
                b"setting" => {
                    let (name, value) = split_at_equals(value)?;
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
                    settings.push((text(name)?, text(value)?));
                }
                _ => return None,
            }
        }
        Some(Self { bin_dir: bin_dir?, durability: durability?, settings, standby_of, port })
    }
}

impl Server {
    pub(crate) fn publish(self, layout: &Layout) -> Result<(), Error> {
        let text = format!("pid={}\nport={}\n", self.pid, self.port);
        replace(&layout.server(), text.as_bytes())
    }

    /// Deletes the file, so that no user joins the server.
    pub(crate) fn withdraw(layout: &Layout) -> Result<(), Error> {
        let path = layout.server();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("delete", &path)(error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn published(layout: &Layout) -> Option<Self> {
        let text = fs::read_to_string(layout.server()).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.strip_prefix("pid=")?.parse().ok()?;
        let port = lines.next()?.strip_prefix("port=")?.parse().ok()?;
        Some(Self { pid, port })
    }
}

/// The name of a durability in the file and in messages.
pub(crate) fn name_of(durability: Durability) -> &'static str {
    match durability {
        Durability::Durable => "durable",
        Durability::Throwaway => "throwaway",
    }
}

fn split_at_equals(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..at], &line[at + 1..]))
}

/// Writes a new file and renames it, so that a reader sees either the old file or the new one.
fn replace(path: &Path, text: &[u8]) -> Result<(), Error> {
    let aside = path.with_extension("new");
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut file| file.write_all(text))
        .map_err(Error::io("write", &aside))?;
    fs::rename(&aside, path).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisor_reads_what_the_starter_writes() {
        let text = b"bin_dir=/opt/a b/bin\ndurability=throwaway\nsetting=work_mem=8MB\nsetting=x.y=a=b\n";
        let parameters = Parameters::parse(text).unwrap();
        assert_eq!(parameters.bin_dir, Path::new("/opt/a b/bin"));
        assert_eq!(parameters.durability, Durability::Throwaway);
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parameters.settings, [setting("work_mem", "8MB"), setting("x.y", "a=b")]);
        assert_eq!(Parameters::parse(b"durability=sometimes\n"), None);
    }

    #[test]
    fn a_setting_that_the_supervisor_sets_or_cannot_read_is_refused() {
        for (name, value) in [("Port", "5432"), ("a b", "1"), ("", "1"), ("work_mem", "1\nport=2")] {
            let settings = [(name.to_owned(), value.to_owned())];
            assert!(matches!(check_settings(&settings), Err(Error::Setting { .. })), "{name}");
        }
        let fine = [("work_mem".to_owned(), "8MB".to_owned())];
        assert!(check_settings(&fine).is_ok());
    }
}
