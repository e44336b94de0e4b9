//! What each metric means. `/metrics` shows it as the HELP text.
//!
//! Names follow Prometheus: `piecework_`, the thing, its unit last, and `_total` for a counter
//! (decision 68). A gauge of what is in a database has the same value in every process that hosts
//! the module.

use metrics::{describe_counter, describe_gauge, describe_histogram};

const COUNTERS: [(&str, &str); 12] = [
    ("piecework_audit_records_dropped_total", "Refusals that the audit trail lacks, because they came too fast."),
    ("piecework_events_applied_total", "Events that a subscriber has applied."),
    ("piecework_events_parked_total", "Events that a subscriber has parked: an admin decides what happens to them."),
    ("piecework_events_relayed_total", "Events that a module has delivered from its outbox."),
    ("piecework_http_forwarded_total", "Requests that were forwarded to the process that hosts the module."),
    ("piecework_http_refused_by_parser_total", "Requests that were not HTTP, or too large."),
    ("piecework_http_requests_total", "Requests that were answered."),
    ("piecework_mails_parked_total", "Mails that were parked after their last attempt."),
    ("piecework_mails_sent_total", "Mails that the mail server has accepted."),
    ("piecework_password_hashing_refused_total", "Requests that were refused because too many waited for hashing."),
    ("piecework_primary_switches_total", "How often another server has become the primary."),
    ("piecework_reads_retried_total", "Reads that were cut off and tried on another server."),
];

const GAUGES: [(&str, &str); 20] = [
    ("piecework_build_info", "1, with the version of the program."),
    ("piecework_bus_connected", "1: the broker is connected; 0: events wait in the outboxes."),
    ("piecework_close_overdue_seconds", "Time since the end of the open business day; 0: it is not over."),
    ("piecework_events_waiting", "Events that wait: in the outbox, for a retry, or parked."),
    ("piecework_inbox_oldest_seconds", "Age of the oldest event that waits for a retry; 0: none waits."),
    ("piecework_job_overdue_seconds", "Time since a job should have run and has not; 0: none is overdue."),
    ("piecework_mail_oldest_seconds", "Age of the oldest queued mail; 0: none is queued."),
    ("piecework_mail_server_refuses", "1: the mail server refuses this installation, and no mail is sent."),
    ("piecework_mails_waiting", "Mails that are queued or parked, counted up to 1000."),
    ("piecework_open_day_end_timestamp_seconds", "Unix time at which the open business day ends."),
    ("piecework_outbox_oldest_seconds", "Age of the oldest event that is not delivered; 0: none waits."),
    ("piecework_password_hashing_running", "Passwords that are being hashed."),
    ("piecework_password_hashing_waiting", "Requests that wait for the hashing of a password."),
    ("piecework_pool_connections", "Open connections to a database: in use, and idle."),
    ("piecework_pool_connections_max", "Maximum number of connections of a pool."),
    ("piecework_pool_waiting", "Requests and tasks that wait for a connection."),
    ("piecework_primary_up", "1: the primary of the database takes writes; 0: it does not."),
    ("piecework_replica_lag_seconds", "Age of the oldest commit that a replica lacks."),
    ("piecework_replica_up", "1: the replica answers reads, or is the present primary; 0: it is not used."),
    ("piecework_state_read_timestamp_seconds", "Unix time when the state of the modules was last read."),
];

const HISTOGRAMS: [(&str, &str); 2] = [
    ("piecework_http_request_duration_seconds", "Time from the head of a request to the head of its answer."),
    ("piecework_replica_wait_seconds", "Time that a read has waited for a replica to replay what its client wrote."),
];

/// Describes every metric to the recorder of this process.
pub fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for (name, help) in HISTOGRAMS {
        describe_histogram!(name, help);
    }
}
