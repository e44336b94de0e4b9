//! The embedded PostgreSQL with real processes: shared, killed in every way, and nothing left over.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by it, also outside the test functions")]

mod support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use embedded_postgres::{Durability, EmbeddedPostgres, Error, find_bin_dir};
use rustix::fs::FlockOperation;
use support::{Ground, Holder, example, is_alive, kill_hard, lets_in, port_of, wait_until, wants_a_password};

#[test]
fn it_starts_and_answers() {
    let ground = Ground::new();
    let server = ground.start(Durability::Throwaway).unwrap();
    assert!(lets_in(server.port()));
    assert_eq!(port_of(&server.url("postgres")), server.port());
    assert!(server.url("a_b").ends_with("/a_b"));
}

#[test]
fn two_processes_share_one_server_until_the_last_is_gone() {
    let ground = Ground::new();
    let first = Holder::new(&ground, "throwaway");
    let postmaster = ground.postmaster_pid();
    let second = Holder::new(&ground, "throwaway");
    assert_eq!(first.url, second.url);
    first.kill();
    assert!(lets_in(second.port()));
    assert_eq!(ground.postmaster_pid(), postmaster);
}

#[test]
fn many_who_come_at_once_start_one_supervisor() {
    let ground = Ground::new();
    let mut options = ground.options(Durability::Throwaway);
    let starts = ground.root().join("starts");
    // The directory arrives as $0.
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
fn a_second_supervisor_leaves_the_first_alone() {
    let ground = Ground::new();
    let server = ground.start(Durability::Throwaway).unwrap();
    let (supervisor, postmaster) = (ground.supervisor_pid(), ground.postmaster_pid());
    let mut second = Command::new(example("supervise")).arg(ground.directory()).spawn().unwrap();
    let mut ended = None;
    wait_until("the second has left", || {
        ended = second.try_wait().unwrap();
        ended.is_some()
    });
    assert!(ended.unwrap().success());
    assert_eq!(ground.supervisor_pid(), supervisor);
    assert_eq!(ground.postmaster_pid(), postmaster);
    assert!(lets_in(server.port()));
}

#[test]
fn nothing_is_left_after_the_last_user_was_killed() {
    let ground = Ground::new();
    let holder = Holder::new(&ground, "throwaway");
    let (supervisor, postmaster) = (ground.supervisor_pid(), ground.postmaster_pid());
    holder.kill();
    wait_until("the directory is gone", || !ground.directory().exists());
    wait_until("the supervisor is gone", || !is_alive(supervisor));
    assert!(!is_alive(postmaster));
    assert_eq!(fs::read_dir(ground.root()).unwrap().count(), 0);
}

#[test]
fn a_durable_directory_survives_and_starts_again_at_once() {
    let ground = Ground::new();
    let holder = Holder::new(&ground, "durable");
    let made = fs::metadata(ground.directory().join("cluster")).unwrap().ino();
    let password = fs::metadata(ground.directory().join("password")).unwrap();
    assert_eq!(password.mode() & 0o777, 0o600);
    holder.kill();
    let server = ground.start(Durability::Durable).unwrap();
    assert!(wants_a_password(server.port()));
    let there = fs::metadata(ground.directory().join("cluster")).unwrap().ino();
    assert_eq!(made, there);
    let user = server.url("postgres");
    let password = user.trim_start_matches("postgres://postgres:").split('@').next();
    assert_eq!(password.map(str::len), Some(32));
    drop(server);
    wait_until("the server has ended", || !ground.has_supervisor());
    assert!(ground.directory().join("cluster/PG_VERSION").exists());
    assert!(!ground.directory().join("cluster/postmaster.pid").exists());
}

/// Comes back the instant the last lease is given up, sometimes before the supervisor noticed, sometimes in the
/// middle of the shutdown.
fn come_back(ground: &Ground, durability: Durability, times: u32) {
    let mut server = ground.start(durability).unwrap();
    for round in 0..times {
        drop(server);
        if round % 2 == 1 {
            wait_until("the shutdown has begun", || {
                !ground.has_supervisor() || ground.is_locked("lease", FlockOperation::NonBlockingLockShared)
            });
        }
        server = ground.start(durability).unwrap();
        assert!(lets_in(server.port()), "round {round}");
        let postmaster = ground.postmaster_pid();
        let pid_file = ground.directory().join("cluster/postmaster.pid");
        let text = fs::read_to_string(pid_file).unwrap();
        assert!(text.trim_end().ends_with("ready"), "round {round}: {text}");
        assert!(lets_in(server.port()), "round {round}");
        assert_eq!(ground.postmaster_pid(), postmaster, "round {round}");
    }
}

#[test]
fn who_comes_during_the_shutdown_never_gets_a_dying_server() {
    come_back(&Ground::new(), Durability::Durable, 20);
}

#[test]
fn who_comes_during_the_deletion_gets_a_new_server() {
    come_back(&Ground::new(), Durability::Throwaway, 20);
}

#[test]
fn an_orphan_of_a_killed_supervisor_is_replaced_on_its_port() {
    let ground = Ground::new();
    let first = ground.start(Durability::Throwaway).unwrap();
    let (supervisor, orphan) = (ground.supervisor_pid(), ground.postmaster_pid());
    kill_hard(supervisor);
    wait_until("the supervisor is gone", || !ground.has_supervisor());
    assert!(is_alive(orphan));

    let second = Holder::new(&ground, "throwaway");
    assert_ne!(ground.postmaster_pid(), orphan);
    assert!(!is_alive(orphan));
    assert_eq!(second.port(), first.port());
    assert!(lets_in(second.port()));

    drop(first);
    second.kill();
    wait_until("the directory is gone", || !ground.directory().exists());
}

#[test]
fn a_server_that_dies_under_its_users_comes_back_on_the_same_port() {
    let ground = Ground::new();
    let server = ground.start(Durability::Throwaway).unwrap();
    let killed = ground.postmaster_pid();
    kill_hard(killed);
    wait_until("another one is there", || {
        ground.directory().join("server").exists() && ground.postmaster_pid() != killed && lets_in(server.port())
    });
    let joined = ground.start(Durability::Throwaway).unwrap();
    assert_eq!(joined.port(), server.port());
}

#[test]
fn a_pid_file_left_behind_whose_pid_is_anothers_now_is_no_obstacle() {
    let ground = Ground::new();
    drop(ground.start(Durability::Durable).unwrap());
    wait_until("the server has ended", || !ground.has_supervisor());
    let pid_file = ground.directory().join("cluster/postmaster.pid");
    // Of the same user, for whose processes alone PostgreSQL minds.
    let other = Ground::new();
    let another = other.start(Durability::Throwaway).unwrap();
    fs::write(&pid_file, format!("{}\n", other.postmaster_pid())).unwrap();
    let server = ground.start(Durability::Durable).unwrap();
    assert!(lets_in(server.port()));
    assert!(lets_in(another.port()));
}

#[test]
fn settings_reach_the_server_and_a_wrong_one_is_an_error_with_the_log() {
    let ground = Ground::new();
    let mut options = ground.options(Durability::Throwaway);
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
fn a_directory_keeps_the_durability_it_was_made_with() {
    let ground = Ground::new();
    let server = ground.start(Durability::Durable).unwrap();
    let error = ground.start(Durability::Throwaway).unwrap_err();
    assert!(matches!(error, Error::OtherDurability { .. }), "{error}");
    drop(server);
    wait_until("the server has ended", || !ground.has_supervisor());
    ground.start(Durability::Throwaway).unwrap_err();
    assert!(ground.directory().join("cluster/PG_VERSION").exists());
}

#[test]
fn a_directory_with_other_things_in_it_is_not_thrown_away() {
    let ground = Ground::new();
    fs::create_dir(ground.directory()).unwrap();
    fs::write(ground.directory().join("thesis.txt"), "years of work").unwrap();
    let error = ground.start(Durability::Throwaway).unwrap_err();
    assert!(matches!(error, Error::ForeignDirectory { .. }), "{error}");
    assert_eq!(fs::read_dir(ground.directory()).unwrap().count(), 1);
}

#[test]
fn a_folder_the_servers_user_cannot_enter_is_named() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: not root, so PostgreSQL runs as ourselves and can go where we can");
        return;
    }
    let ground = Ground::with_mode(0o700);
    let error = ground.start(Durability::Throwaway).unwrap_err();
    let Error::Blocked { folder, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(folder, &ground.root().canonicalize().unwrap());
    let message = error.to_string();
    assert!(message.contains(&folder.display().to_string()), "{message}");
    assert!(message.contains("PIECEWORK__DATA_DIR"), "{message}");
    assert!(!ground.directory().exists());
}

#[test]
fn a_bin_dir_without_the_programs_is_an_error_that_names_it() {
    let ground = Ground::new();
    let mut options = ground.options(Durability::Throwaway);
    options.bin_dir = Some(PathBuf::from("/nowhere/bin"));
    let message = EmbeddedPostgres::start(&options).unwrap_err().to_string();
    assert!(message.contains("/nowhere/bin"), "{message}");
    assert!(message.contains("PIECEWORK__POSTGRES__BIN_DIR"), "{message}");
    assert!(find_bin_dir(None).unwrap().join("initdb").exists());
}
