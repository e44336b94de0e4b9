//! Finds the PostgreSQL that is installed on this machine, or names the package to install.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::environment::variable;

/// The oldest major version that is supported.
const OLDEST_MAJOR: u32 = 14;

/// The directories in which packages install the server programs. `*` matches the end of a name.
const USUAL_DIRECTORIES: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
];

/// A directory that contains `postgres` and `initdb`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Installation {
    bin_dir: PathBuf,
    major: u32,
}

/// The directory of `postgres` and `initdb`: the directory in the setting, or the first directory
/// in PATH, of `pg_config` and in the usual directories whose version is new enough.
///
/// # Errors
/// No PostgreSQL is installed, or none is new enough. The text names the package to install on this
/// system.
pub fn find_bin_dir(setting: Option<&Path>) -> Result<PathBuf, Error> {
    let found = installations(setting)?;
    choose(&found).map(|installation| installation.bin_dir.clone())
}

/// The directory for an existing cluster. Only the programs of the major version that made a
/// cluster can run it.
pub(crate) fn find_bin_dir_for(
    setting: Option<&Path>,
    directory: &Path,
    cluster: Option<u32>,
) -> Result<PathBuf, Error> {
    let found = installations(setting)?;
    let Some(major) = cluster else {
        return choose(&found).map(|installation| installation.bin_dir.clone());
    };
    if let Some(same) = found.iter().find(|one| one.major == major) {
        return Ok(same.bin_dir.clone());
    }
    choose(&found)?;
    let mut versions: Vec<u32> = found.iter().map(|one| one.major).collect();
    versions.sort_unstable();
    versions.dedup();
    let versions: Vec<String> = versions.iter().map(u32::to_string).collect();
    Err(Error::ClusterVersion { directory: directory.to_owned(), cluster: major, found: versions.join(", ") })
}

fn choose(found: &[Installation]) -> Result<&Installation, Error> {
    if let Some(first) = found.iter().find(|one| one.major >= OLDEST_MAJOR) {
        return Ok(first);
    }
    let install = install_command(&os_release());
    match found.iter().max_by_key(|one| one.major) {
        Some(newest) => Err(Error::TooOld { bin_dir: newest.bin_dir.clone(), version: newest.major, install }),
        None => Err(Error::NotInstalled { install }),
    }
}

/// All installations in the order of preference, or only the one in the setting.
fn installations(setting: Option<&Path>) -> Result<Vec<Installation>, Error> {
    if let Some(path) = setting {
        // Child processes run in `/`, so a relative path is made absolute.
        let absolute = std::path::absolute(path).map_err(Error::io("resolve", path))?;
        return [absolute.clone(), absolute.join("bin")]
            .into_iter()
            .find_map(inspect)
            .map(|installation| vec![installation])
            .ok_or_else(|| Error::NotABinDir { path: path.to_owned() });
    }
    let path = variable("PATH").unwrap_or_default();
    let mut found: Vec<Installation> = std::env::split_paths(&path)
        .filter_map(|directory| resolved_directory(&directory.join("postgres")))
        .filter_map(inspect)
        .collect();
    found.extend(pg_config_bin_dir().and_then(inspect));
    let mut usual: Vec<Installation> =
        USUAL_DIRECTORIES.iter().flat_map(|pattern| expand(Path::new(pattern))).filter_map(inspect).collect();
    usual.sort_by_key(|one| std::cmp::Reverse(one.major));
    found.extend(usual);
    Ok(found)
}

/// The directory of a program. Links are resolved, because `postgres` finds its files relative to
/// its real path.
fn resolved_directory(program: &Path) -> Option<PathBuf> {
    Some(program.canonicalize().ok()?.parent()?.to_owned())
}

fn pg_config_bin_dir() -> Option<PathBuf> {
    let text = output_of(Path::new("pg_config"), "--bindir")?;
    let bin_dir = PathBuf::from(text.trim_end());
    bin_dir.is_absolute().then_some(bin_dir)
}

/// The installation in a directory, if it contains both programs and their version can be read.
fn inspect(bin_dir: PathBuf) -> Option<Installation> {
    let postgres = bin_dir.join("postgres");
    if !postgres.is_file() || !bin_dir.join("initdb").is_file() {
        return None;
    }
    let major = parse_major(&output_of(&postgres, "--version")?)?;
    Some(Installation { bin_dir, major })
}

fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

/// The major version in the output of `--version`: `postgres (PostgreSQL) 15.14 (Debian
/// 15.14-0+deb12u1)` is 15, and so are 15devel and 15beta1.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = number.find(|letter: char| !letter.is_ascii_digit());
    number[..digits.unwrap_or(number.len())].parse().ok()
}

/// The directories that match a pattern with at most one `*`, which matches the end of a name.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let text = pattern.to_string_lossy();
    let Some((before, after)) = text.split_once('*') else {
        return vec![pattern.to_owned()];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

fn os_release() -> String {
    fs::read_to_string("/etc/os-release").unwrap_or_default()
}

/// The command that installs PostgreSQL on the system that /etc/os-release describes.
fn install_command(os_release: &str) -> String {
    if cfg!(target_os = "macos") {
        return "install it with `brew install postgresql@17`".to_owned();
    }
    let words: Vec<String> = ["ID=", "ID_LIKE="]
        .iter()
        .filter_map(|key| os_release.lines().find_map(|line| line.strip_prefix(key)))
        .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let command = words.iter().find_map(|word| match word.as_str() {
        "debian" | "ubuntu" => Some("apt-get install postgresql"),
        "fedora" | "rhel" | "centos" => Some("dnf install postgresql-server"),
        "alpine" => Some("apk add postgresql"),
        "arch" => Some("pacman -S postgresql"),
        "suse" | "opensuse" => Some("zypper install postgresql-server"),
        _ => None,
    });
    match command {
        Some(command) => format!("install it with `{command}`"),
        None => "install PostgreSQL's server with this system's package manager".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(major: u32) -> Installation {
        Installation { bin_dir: PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")), major }
    }

    #[test]
    fn the_major_version_is_the_first_number() {
        let parse = |text: &str| parse_major(&format!("postgres (PostgreSQL) {text}\n"));
        assert_eq!(parse("15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(parse("9.6.24"), Some(9));
        assert_eq!(parse("18beta1"), Some(18));
        assert_eq!(parse("17"), Some(17));
        assert_eq!(parse_major("something else 15"), None);
    }

    #[test]
    fn without_an_installation_the_error_names_the_package_and_the_setting() {
        let message = choose(&[]).unwrap_err().to_string();
        assert!(message.contains("install"), "{message}");
        assert!(message.contains("PIECEWORK__POSTGRES__BIN_DIR"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_install_command_depends_on_the_system() {
        let cases = [
            ("NAME=x\nID=debian\n", "apt-get install postgresql"),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt-get"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install postgresql-server"),
            ("ID=alpine\n", "apk add postgresql"),
            ("ID=arch\n", "pacman -S postgresql"),
            ("ID=own\n", "package manager"),
        ];
        for (os_release, expected) in cases {
            let command = install_command(os_release);
            assert!(command.contains(expected), "{os_release}: {command}");
        }
    }

    #[test]
    fn an_old_version_is_skipped_and_is_an_error_if_there_is_no_other() {
        let found = [installation(13), installation(16)];
        assert_eq!(choose(&found).unwrap().major, 16);
        let message = choose(&[installation(9), installation(13)]).unwrap_err().to_string();
        assert!(message.contains("PostgreSQL 13"), "{message}");
        assert!(message.contains("14 or newer"), "{message}");
    }

    /// Makes a directory with programs that report this version.
    fn install(root: &Path, major: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let bin_dir = root.join(major.to_string()).join("bin");
        fs::create_dir_all(&bin_dir).unwrap();
        for program in ["postgres", "initdb"] {
            let path = bin_dir.join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {major}.3'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        bin_dir
    }

    #[test]
    fn the_setting_is_the_directory_or_its_parent() {
        let root = tempfile::tempdir().unwrap();
        let bin_dir = install(root.path(), 15);
        assert_eq!(find_bin_dir(Some(&bin_dir)).unwrap(), bin_dir);
        assert_eq!(find_bin_dir(bin_dir.parent()).unwrap(), bin_dir);
        let message = find_bin_dir(Some(root.path())).unwrap_err().to_string();
        assert!(message.contains(&root.path().display().to_string()), "{message}");
    }

    #[test]
    fn a_cluster_of_another_version_is_refused_with_both_versions() {
        let root = tempfile::tempdir().unwrap();
        let bin_dir = install(root.path(), 16);
        let directory = Path::new("/data/postgres");
        let message = find_bin_dir_for(Some(&bin_dir), directory, Some(15)).unwrap_err().to_string();
        assert!(message.contains("made by PostgreSQL 15, but only 16"), "{message}");
        let same = find_bin_dir_for(Some(&bin_dir), directory, Some(16)).unwrap();
        assert_eq!(same, bin_dir);
    }

    #[test]
    fn a_pattern_matches_every_version() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), 9);
        install(root.path(), 15);
        assert_eq!(expand(&root.path().join("*/bin")).len(), 2);
        assert_eq!(expand(&root.path().join("1*/bin")).len(), 1);
        assert!(expand(&root.path().join("none/*/bin")).is_empty());
    }
}
