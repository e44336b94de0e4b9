//! Tests of the embedded PostgreSQL with real processes, which share it, are killed, and leave
//! nothing behind.

#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test, also outside of test functions")]

mod restarts;
mod support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use embedded_postgres::{Durability, EmbeddedPostgres, Error, find_bin_dir};
use rustix::fs::FlockOperation;
use support::{Holder, TestDirectory, accepts_clients, example, is_alive, port_of, requires_a_password, wait_until};

#[test]
fn a_started_server_answers() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Throwaway).unwrap();
    assert!(accepts_clients(server.port()));
    assert_eq!(port_of(&server.url("postgres")), server.port());
    assert!(server.url("a_b").ends_with("/a_b"));
}

#[test]
fn two_processes_share_one_server_until_the_last_one_ends() {
    let directory = TestDirectory::new();
    let first = Holder::new(&directory, "throwaway");
    let postmaster = directory.postmaster_pid();
    let second = Holder::new(&directory, "throwaway");
    assert_eq!(first.url, second.url);
    first.kill();
    assert!(accepts_clients(second.port()));
    assert_eq!(directory.postmaster_pid(), postmaster);
}

#[test]
fn users_that_start_at_the_same_time_start_one_supervisor() {
    let directory = TestDirectory::new();
    let mut options = directory.options(Durability::Throwaway);
    let starts = directory.root().join("starts");
    // The shell gets the directory as $0.
    let script = format!("echo started >> {}; exec {} \"$0\"", starts.display(), example("supervise").display());
    options.supervisor = ["/bin/sh", "-c", &script].map(OsString::from).to_vec();
    let servers: Vec<EmbeddedPostgres> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| EmbeddedPostgres::start(&options).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(servers.iter().all(|server| server.port() == servers[0].port()));
    assert_eq!(fs::read_to_string(starts).unwrap(), "started\n");
}

#[test]
fn a_second_supervisor_does_not_disturb_the_first() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Throwaway).unwrap();
    let (supervisor, postmaster) = (directory.supervisor_pid(), directory.postmaster_pid());
    let mut second = Command::new(example("supervise")).arg(directory.path()).spawn().unwrap();
    let mut ended = None;
    wait_until("the second supervisor has ended", || {
        ended = second.try_wait().unwrap();
        ended.is_some()
    });
    assert!(ended.unwrap().success());
    assert_eq!(directory.supervisor_pid(), supervisor);
    assert_eq!(directory.postmaster_pid(), postmaster);
    assert!(accepts_clients(server.port()));
}

#[test]
fn after_the_last_user_was_killed_nothing_is_left() {
    let directory = TestDirectory::new();
    let holder = Holder::new(&directory, "throwaway");
    let (supervisor, postmaster) = (directory.supervisor_pid(), directory.postmaster_pid());
    holder.kill();
    wait_until("the directory is deleted", || !directory.path().exists());
    wait_until("the supervisor has ended", || !is_alive(supervisor));
    assert!(!is_alive(postmaster));
    assert_eq!(fs::read_dir(directory.root()).unwrap().count(), 0);
}

#[test]
fn a_durable_directory_survives_and_starts_again_immediately() {
    let directory = TestDirectory::new();
    let holder = Holder::new(&directory, "durable");
    let made = fs::metadata(directory.path().join("cluster")).unwrap().ino();
    let password = fs::metadata(directory.path().join("password")).unwrap();
    assert_eq!(password.mode() & 0o777, 0o600);
    holder.kill();
    let server = directory.start(Durability::Durable).unwrap();
    assert!(requires_a_password(server.port()));
    let there = fs::metadata(directory.path().join("cluster")).unwrap().ino();
    assert_eq!(made, there);
    let user = server.url("postgres");
    let password = user.trim_start_matches("postgres://postgres:").split('@').next();
    assert_eq!(password.map(str::len), Some(32));
    drop(server);
    wait_until("the server has ended", || !directory.has_supervisor());
    assert!(directory.path().join("cluster/PG_VERSION").exists());
    assert!(!directory.path().join("cluster/postmaster.pid").exists());
}

/// Starts again right after the last lease was returned: in one half of the rounds before the
/// supervisor reacts, in the other half during the shutdown.
fn start_again(directory: &TestDirectory, durability: Durability, times: u32) {
    let mut server = directory.start(durability).unwrap();
    for round in 0..times {
        drop(server);
        if round % 2 == 1 {
            wait_until("the shutdown has begun", || {
                !directory.has_supervisor() || directory.is_locked("lease", FlockOperation::NonBlockingLockShared)
            });
        }
        server = directory.start(durability).unwrap();
        assert!(accepts_clients(server.port()), "round {round}");
        let postmaster = directory.postmaster_pid();
        let pid_file = directory.path().join("cluster/postmaster.pid");
        let text = fs::read_to_string(pid_file).unwrap();
        assert!(text.trim_end().ends_with("ready"), "round {round}: {text}");
        assert!(accepts_clients(server.port()), "round {round}");
        assert_eq!(directory.postmaster_pid(), postmaster, "round {round}");
    }
}

#[test]
fn a_user_that_starts_during_the_shutdown_gets_a_server_that_stays() {
    start_again(&TestDirectory::new(), Durability::Durable, 20);
}

#[test]
fn a_user_that_starts_during_the_deletion_gets_a_new_server() {
    start_again(&TestDirectory::new(), Durability::Throwaway, 20);
}

#[test]
fn a_pid_file_with_the_pid_of_another_process_does_not_prevent_a_start() {
    let directory = TestDirectory::new();
    drop(directory.start(Durability::Durable).unwrap());
    wait_until("the server has ended", || !directory.has_supervisor());
    let pid_file = directory.path().join("cluster/postmaster.pid");
    // PostgreSQL checks only processes of its own user, so the other process is a server, too.
    let other = TestDirectory::new();
    let another = other.start(Durability::Throwaway).unwrap();
    fs::write(&pid_file, format!("{}\n", other.postmaster_pid())).unwrap();
    let server = directory.start(Durability::Durable).unwrap();
    assert!(accepts_clients(server.port()));
    assert!(accepts_clients(another.port()));
}

#[test]
fn settings_reach_the_server_and_an_unknown_one_is_an_error_with_the_log() {
    let directory = TestDirectory::new();
    let mut options = directory.options(Durability::Throwaway);
    options.settings = vec![("work_memory".to_owned(), "8MB".to_owned())];
    let error = EmbeddedPostgres::start(&options).unwrap_err().to_string();
    assert!(error.contains("unrecognized configuration parameter \"work_memory\""), "{error}");
    options.settings = vec![("port".to_owned(), "5432".to_owned())];
    let error = EmbeddedPostgres::start(&options).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    options.settings = vec![("cluster_name".to_owned(), "by test".to_owned())];
    let server = EmbeddedPostgres::start(&options).unwrap();
    let arguments = fs::read_to_string(server.directory().join("cluster/postmaster.opts")).unwrap();
    assert!(arguments.contains("cluster_name=by test"), "{arguments}");
}

#[test]
fn a_directory_keeps_its_durability() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Durable).unwrap();
    let error = directory.start(Durability::Throwaway).unwrap_err();
    assert!(matches!(error, Error::OtherDurability { .. }), "{error}");
    drop(server);
    wait_until("the server has ended", || !directory.has_supervisor());
    directory.start(Durability::Throwaway).unwrap_err();
    assert!(directory.path().join("cluster/PG_VERSION").exists());
}

#[test]
fn a_directory_with_other_files_is_not_deleted() {
    let directory = TestDirectory::new();
    fs::create_dir(directory.path()).unwrap();
    fs::write(directory.path().join("thesis.txt"), "years of work").unwrap();
    let error = directory.start(Durability::Throwaway).unwrap_err();
    assert!(matches!(error, Error::ForeignDirectory { .. }), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_that_the_user_of_the_server_cannot_enter_is_named() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: this process is not root, so PostgreSQL runs as the same user");
        return;
    }
    let directory = TestDirectory::with_mode(0o700);
    let error = directory.start(Durability::Throwaway).unwrap_err();
    let Error::Blocked { directory: blocked, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(blocked, &directory.root().canonicalize().unwrap());
    let message = error.to_string();
    assert!(message.contains(&blocked.display().to_string()), "{message}");
    assert!(message.contains("PIECEWORK__DATA_DIR"), "{message}");
    assert!(!directory.path().exists());
}

#[test]
fn a_bin_dir_without_the_programs_is_named_in_the_error() {
    let directory = TestDirectory::new();
    let mut options = directory.options(Durability::Throwaway);
    options.bin_dir = Some(PathBuf::from("/nowhere/bin"));
    let message = EmbeddedPostgres::start(&options).unwrap_err().to_string();
    assert!(message.contains("/nowhere/bin"), "{message}");
    assert!(message.contains("PIECEWORK__POSTGRES__BIN_DIR"), "{message}");
    assert!(find_bin_dir(None).unwrap().join("initdb").exists());
}
