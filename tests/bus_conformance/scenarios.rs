//! The table of scenarios: what is true of every bus.

use futures_util::future::LocalBoxFuture;

use crate::world::World;
use crate::{delivery, restarts, trouble};

/// One claim, and what shows it.
pub struct Scenario {
    pub claim: &'static str,
    pub run: fn(World) -> LocalBoxFuture<'static, ()>,
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        claim: "every committed event takes effect at every subscriber",
        run: |world| Box::pin(delivery::every_event_takes_effect_at_every_subscriber(world)),
    },
    Scenario {
        claim: "an event that is delivered again takes effect once",
        run: |world| Box::pin(delivery::an_event_that_is_delivered_again_takes_effect_once(world)),
    },
    Scenario {
        claim: "events take effect once in whatever order and company they come",
        run: |world| Box::pin(delivery::any_order_and_company_will_do(world)),
    },
    Scenario {
        claim: "event types that nobody asked for leave no trace",
        run: |world| Box::pin(delivery::types_that_nobody_asked_for_leave_no_trace(world)),
    },
    Scenario {
        claim: "ten thousand events take effect exactly once",
        run: |world| Box::pin(delivery::ten_thousand_events_take_effect_exactly_once(world)),
    },
    Scenario {
        claim: "more deliveries at once than a bus can hold lose nothing",
        run: |world| Box::pin(delivery::more_deliveries_than_a_bus_can_hold_lose_nothing(world)),
    },
    Scenario {
        claim: "two relays on one outbox deliver everything and double no effect",
        run: |world| Box::pin(delivery::two_relays_deliver_everything_and_double_nothing(world)),
    },
    Scenario {
        claim: "events of great weight go as well",
        run: |world| Box::pin(delivery::events_of_great_weight_go_as_well(world)),
    },
    Scenario {
        claim: "a slow subscriber keeps no effect from others for good",
        run: |world| Box::pin(trouble::a_slow_subscriber_keeps_no_effect_from_others(world)),
    },
    Scenario {
        claim: "a failing event is kept with its reason, tried again with growing pauses, and holds up nobody",
        run: |world| Box::pin(trouble::a_failing_event_is_kept_and_tried_again(world)),
    },
    Scenario {
        claim: "an event whose handler panics is kept with its reason, tried again, and holds up nobody",
        run: |world| Box::pin(trouble::a_panicking_event_is_kept_and_tried_again(world)),
    },
    Scenario {
        claim: "an event whose handler takes for ever is kept, and holds up nobody",
        run: |world| Box::pin(trouble::an_event_that_takes_for_ever_is_kept(world)),
    },
    Scenario {
        claim: "an event that waits for another try is not taken twice when it is delivered again",
        run: |world| Box::pin(trouble::a_waiting_event_that_comes_again_takes_effect_once(world)),
    },
    Scenario {
        claim: "after its last try an event is parked",
        run: |world| Box::pin(trouble::after_its_last_try_an_event_is_parked(world)),
    },
    Scenario {
        claim: "what can never be applied is parked at once, and takes effect when a person retries it",
        run: |world| Box::pin(trouble::poison_is_parked_at_once_and_can_be_retried(world)),
    },
    Scenario {
        claim: "a parked event that a person discards never takes effect",
        run: |world| Box::pin(trouble::a_discarded_event_never_takes_effect(world)),
    },
    Scenario {
        claim: "a publisher that dies between publishing and committing doubles no effect",
        run: |world| Box::pin(restarts::a_publisher_that_dies_before_it_commits_doubles_nothing(world)),
    },
    Scenario {
        claim: "a subscriber that is killed at work has its events again after its restart",
        run: |world| Box::pin(restarts::a_subscriber_that_is_killed_at_work_loses_nothing(world)),
    },
    Scenario {
        claim: "a subscriber whose database was down gets its events by itself afterwards",
        run: |world| Box::pin(restarts::a_subscriber_whose_database_was_down_gets_its_events_afterwards(world)),
    },
    Scenario {
        claim: "connections that break in the middle lose and double nothing",
        run: |world| Box::pin(restarts::connections_that_break_lose_and_double_nothing(world)),
    },
    Scenario {
        claim: "a stop in good order loses nothing that is under way",
        run: |world| Box::pin(restarts::a_stop_in_good_order_loses_nothing(world)),
    },
    Scenario {
        claim: "a closed bus takes nothing",
        run: |world| Box::pin(restarts::a_closed_bus_takes_nothing(world)),
    },
];
