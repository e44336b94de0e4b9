//! Tests of a server that ends by itself, or whose supervisor is killed, while there is a user.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use embedded_postgres::{Durability, EmbeddedPostgres};

use super::support::{Holder, TestDirectory, accepts_clients, is_alive, kill_hard, wait_until};

/// The cluster under another name, so that the server cannot start.
struct MovedCluster {
    cluster: PathBuf,
    aside: PathBuf,
}

impl MovedCluster {
    /// Moves the cluster away and kills the server.
    fn of_killed(directory: &TestDirectory) -> Self {
        let killed = directory.postmaster_pid();
        let moved = Self { cluster: directory.path().join("cluster"), aside: directory.root().join("moved") };
        fs::rename(&moved.cluster, &moved.aside).unwrap();
        kill_hard(killed);
        moved
    }

    fn move_back(self) {
        fs::rename(self.aside, self.cluster).unwrap();
    }
}

fn wait_for_outage(server: &EmbeddedPostgres, text: &str) -> String {
    let mut found = None;
    wait_until("the reason is written for the users", || {
        found = server.outage().filter(|reason| reason.contains(text));
        found.is_some()
    });
    found.unwrap()
}

fn wait_until_back(server: &EmbeddedPostgres) {
    wait_until("the server is back on its port", || server.outage().is_none() && accepts_clients(server.port()));
}

fn kill_and_wait_until_back(directory: &TestDirectory, server: &EmbeddedPostgres) {
    let killed = directory.postmaster_pid();
    kill_hard(killed);
    wait_until("another server answers", || {
        !is_alive(killed) && directory.path().join("server").exists() && accepts_clients(server.port())
    });
}

#[test]
fn a_server_that_is_killed_restarts_on_the_same_port() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Throwaway).unwrap();
    kill_and_wait_until_back(&directory, &server);
    let joined = directory.start(Durability::Throwaway).unwrap();
    assert_eq!(joined.port(), server.port());
}

#[test]
fn a_server_that_is_killed_more_than_five_times_in_a_row_comes_back() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Throwaway).unwrap();
    for _ in 0..6 {
        kill_and_wait_until_back(&directory, &server);
    }
}

#[test]
fn a_server_that_cannot_start_for_a_while_comes_back_and_says_why_it_was_away() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Durable).unwrap();
    assert_eq!(server.outage(), None);
    let moved = MovedCluster::of_killed(&directory);
    let reason = wait_for_outage(&server, "failure 4 in a row");
    assert!(reason.contains("could not access directory") && reason.contains("the next attempt is 1.6 s"), "{reason}");
    moved.move_back();
    wait_until_back(&server);
}

#[test]
fn a_server_whose_port_is_taken_waits_for_it() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Durable).unwrap();
    let moved = MovedCluster::of_killed(&directory);
    let mut taken = None;
    wait_until("the port is free, and taken by another program", || {
        taken = TcpListener::bind((Ipv4Addr::LOCALHOST, server.port())).ok();
        taken.is_some()
    });
    moved.move_back();
    wait_for_outage(&server, &format!("cannot listen on 127.0.0.1:{}", server.port()));
    drop(taken);
    wait_until_back(&server);
}

#[test]
fn a_stale_pid_file_of_another_process_does_not_keep_the_server_away() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Durable).unwrap();
    // PostgreSQL checks only processes of its own user, so the other process is a server, too.
    let other = TestDirectory::new();
    let another = other.start(Durability::Throwaway).unwrap();
    let moved = MovedCluster::of_killed(&directory);
    wait_for_outage(&server, "failure 2 in a row");
    fs::write(moved.aside.join("postmaster.pid"), format!("{}\n", other.postmaster_pid())).unwrap();
    moved.move_back();
    wait_until_back(&server);
    assert!(accepts_clients(another.port()));
}

#[test]
fn an_orphan_of_a_killed_supervisor_is_replaced_on_its_port() {
    let directory = TestDirectory::new();
    let first = directory.start(Durability::Throwaway).unwrap();
    let (supervisor, orphan) = (directory.supervisor_pid(), directory.postmaster_pid());
    kill_hard(supervisor);
    wait_until("another server answers on the port", || {
        !is_alive(orphan) && directory.path().join("server").exists() && accepts_clients(first.port())
    });
    let second = Holder::new(&directory, "throwaway");
    assert_eq!(second.port(), first.port());
    drop(first);
    second.kill();
    wait_until("the directory is deleted", || !directory.path().exists());
}

#[test]
fn the_user_gets_a_supervisor_and_a_server_back_if_both_were_killed() {
    let directory = TestDirectory::new();
    let server = directory.start(Durability::Durable).unwrap();
    let (supervisor, postmaster) = (directory.supervisor_pid(), directory.postmaster_pid());
    kill_hard(supervisor);
    kill_hard(postmaster);
    wait_until("another server answers on the port", || {
        !is_alive(postmaster) && directory.path().join("server").exists() && accepts_clients(server.port())
    });
    kill_and_wait_until_back(&directory, &server);
}
