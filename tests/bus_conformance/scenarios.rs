//! The table of scenarios: the guarantees of every bus.

use futures_util::future::LocalBoxFuture;

use crate::environment::BusEnvironment;
use crate::{delivery, failures, restarts};

/// One claim, and the function that shows it.
pub struct Scenario {
    pub claim: &'static str,
    pub run: fn(BusEnvironment) -> LocalBoxFuture<'static, ()>,
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        claim: "every committed event takes effect at every subscriber",
        run: |environment| Box::pin(delivery::every_event_takes_effect_at_every_subscriber(environment)),
    },
    Scenario {
        claim: "an event that is delivered again takes effect once",
        run: |environment| Box::pin(delivery::an_event_that_is_delivered_again_takes_effect_once(environment)),
    },
    Scenario {
        claim: "events take effect once in any order and grouping",
        run: |environment| Box::pin(delivery::events_take_effect_once_in_any_order_and_grouping(environment)),
    },
    Scenario {
        claim: "event types without a subscription leave no row",
        run: |environment| Box::pin(delivery::types_without_a_subscription_leave_no_row(environment)),
    },
    Scenario {
        claim: "ten thousand events take effect exactly once",
        run: |environment| Box::pin(delivery::ten_thousand_events_take_effect_exactly_once(environment)),
    },
    Scenario {
        claim: "more deliveries at the same time than a bus can hold lose no event",
        run: |environment| Box::pin(delivery::more_deliveries_than_a_bus_can_hold_lose_no_event(environment)),
    },
    Scenario {
        claim: "two relays on one outbox deliver every event and repeat no effect",
        run: |environment| Box::pin(delivery::two_relays_deliver_every_event_and_apply_none_twice(environment)),
    },
    Scenario {
        claim: "heavy events are delivered",
        run: |environment| Box::pin(delivery::heavy_events_are_delivered(environment)),
    },
    Scenario {
        claim: "a slow subscriber delays no other subscriber",
        run: |environment| Box::pin(failures::a_slow_subscriber_delays_no_other_subscriber(environment)),
    },
    Scenario {
        claim: "a failing event is stored with its reason, retried with growing pauses, and delays no other event",
        run: |environment| Box::pin(failures::a_failing_event_is_stored_and_retried(environment)),
    },
    Scenario {
        claim: "an event whose subscriber panics is stored with its reason, retried, and delays no other event",
        run: |environment| Box::pin(failures::a_panicking_event_is_stored_and_retried(environment)),
    },
    Scenario {
        claim: "an event that exceeds its time limit is stored and delays no other event",
        run: |environment| Box::pin(failures::an_event_that_exceeds_its_time_limit_is_stored(environment)),
    },
    Scenario {
        claim: "an event that waits for a retry and is delivered again takes effect once",
        run: |environment| {
            Box::pin(failures::an_event_that_waits_for_a_retry_and_is_delivered_again_takes_effect_once(environment))
        },
    },
    Scenario {
        claim: "after its last attempt an event is parked",
        run: |environment| Box::pin(failures::after_its_last_attempt_an_event_is_parked(environment)),
    },
    Scenario {
        claim: "an event that cannot be applied is parked immediately and takes effect when an admin retries it",
        run: |environment| {
            Box::pin(failures::an_event_that_cannot_be_applied_is_parked_immediately_and_can_be_retried(environment))
        },
    },
    Scenario {
        claim: "a parked event that an admin discards never takes effect",
        run: |environment| Box::pin(failures::a_discarded_event_never_takes_effect(environment)),
    },
    Scenario {
        claim: "a publisher that dies between publishing and committing repeats no effect",
        run: |environment| Box::pin(restarts::a_publisher_that_dies_before_it_commits_repeats_no_effect(environment)),
    },
    Scenario {
        claim: "a subscriber that is killed during work gets its events again after its restart",
        run: |environment| Box::pin(restarts::a_subscriber_that_is_killed_during_work_loses_no_event(environment)),
    },
    Scenario {
        claim: "a subscriber gets its events after its database was down",
        run: |environment| Box::pin(restarts::a_subscriber_gets_its_events_after_its_database_was_down(environment)),
    },
    Scenario {
        claim: "broken connections lose and repeat no event",
        run: |environment| Box::pin(restarts::broken_connections_lose_and_repeat_no_event(environment)),
    },
    Scenario {
        claim: "a stop loses no event",
        run: |environment| Box::pin(restarts::a_stop_loses_no_event(environment)),
    },
    Scenario {
        claim: "a closed bus takes no event",
        run: |environment| Box::pin(restarts::a_closed_bus_takes_no_event(environment)),
    },
];
