//! Files and folders that only the user who runs the program can read: a backup holds names, pay,
//! password hashes and signing keys.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Creates a folder and its missing parents. A folder that exists keeps its mode.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a file, which must not exist.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_backup_is_private_with_the_usual_umask() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("backups/today");
        create_private_folder(&folder).unwrap();
        let file = folder.join("manifest.json");
        create_private_file(&file).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let modes = [folder.parent().unwrap(), &folder, &file].map(mode);
        assert_eq!(modes, [0o700, 0o700, 0o600]);
        assert!(create_private_file(&file).is_err(), "a file is never replaced");
    }
}
